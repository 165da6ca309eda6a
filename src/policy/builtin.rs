//! The functions of template expressions: names and arities. What they compute is in `eval::functions`.

/// A function of template expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the names are those of the functions; the table below and docs/policies.md say the rest"
)]
pub enum Function {
    Add,
    AddDays,
    And,
    AnyAddress,
    Array,
    Baa,
    Base64,
    Bool,
    Coalesce,
    Concat,
    Contains,
    CoversPort,
    CreateArray,
    CreateObject,
    Deployed,
    Diagnosable,
    Div,
    Empty,
    EndsWith,
    Equals,
    False,
    First,
    Greater,
    GreaterOrEquals,
    If,
    IndexOf,
    Int,
    Intersection,
    IpRangeContains,
    Join,
    Last,
    LastIndexOf,
    Length,
    Less,
    LessOrEquals,
    Max,
    Min,
    Mod,
    Mul,
    Not,
    Null,
    Or,
    PadLeft,
    PreviewApi,
    PrivateLink,
    Range,
    Replace,
    RequestContext,
    ResourceGroup,
    SecretPaths,
    Skip,
    Split,
    StartsWith,
    String,
    Sub,
    Substring,
    Take,
    ToLower,
    ToUpper,
    Trim,
    True,
    TryGet,
    Union,
}

/// How a function is written.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// Itself.
    pub function: Function,
    /// The fewest arguments.
    pub min: usize,
    /// The most arguments.
    pub max: usize,
}

const MANY: usize = usize::MAX;

const fn row(name: &'static str, function: Function, min: usize, max: usize) -> Signature {
    Signature { name, function, min, max }
}

/// Every function but `parameters`, `field` and `current`, which the compiler resolves by itself.
/// [`Function::Deployed`] stands for what only a deployment knows.
pub const FUNCTIONS: &[Signature] = &[
    row("add", Function::Add, 2, 2),
    row("addDays", Function::AddDays, 2, 3),
    row("and", Function::And, 1, MANY),
    row("anyAddress", Function::AnyAddress, 1, 1),
    row("array", Function::Array, 1, 1),
    row("baa", Function::Baa, 1, 1),
    row("base64", Function::Base64, 1, 1),
    row("bool", Function::Bool, 1, 1),
    row("coalesce", Function::Coalesce, 1, MANY),
    row("concat", Function::Concat, 1, MANY),
    row("contains", Function::Contains, 2, 2),
    row("coversPort", Function::CoversPort, 2, 2),
    row("createArray", Function::CreateArray, 0, MANY),
    row("createObject", Function::CreateObject, 0, MANY),
    row("dateTimeAdd", Function::Deployed, 2, 3),
    row("deployment", Function::Deployed, 0, 0),
    row("diagnosable", Function::Diagnosable, 0, 1),
    row("div", Function::Div, 2, 2),
    row("empty", Function::Empty, 1, 1),
    row("endsWith", Function::EndsWith, 2, 2),
    row("environment", Function::Deployed, 0, 0),
    row("equals", Function::Equals, 2, 2),
    row("false", Function::False, 0, 0),
    row("first", Function::First, 1, 1),
    row("greater", Function::Greater, 2, 2),
    row("greaterOrEquals", Function::GreaterOrEquals, 2, 2),
    row("guid", Function::Deployed, 1, MANY),
    row("if", Function::If, 3, 3),
    row("indexOf", Function::IndexOf, 2, 2),
    row("int", Function::Int, 1, 1),
    row("intersection", Function::Intersection, 2, MANY),
    row("ipRangeContains", Function::IpRangeContains, 2, 2),
    row("join", Function::Join, 2, 2),
    row("last", Function::Last, 1, 1),
    row("lastIndexOf", Function::LastIndexOf, 2, 2),
    row("length", Function::Length, 1, 1),
    row("less", Function::Less, 2, 2),
    row("lessOrEquals", Function::LessOrEquals, 2, 2),
    row("max", Function::Max, 1, MANY),
    row("min", Function::Min, 1, MANY),
    row("mod", Function::Mod, 2, 2),
    row("mul", Function::Mul, 2, 2),
    row("not", Function::Not, 1, 1),
    row("null", Function::Null, 0, 0),
    row("or", Function::Or, 1, MANY),
    row("padLeft", Function::PadLeft, 2, 3),
    row("policy", Function::Deployed, 0, 0),
    row("previewApi", Function::PreviewApi, 0, 0),
    row("privateLink", Function::PrivateLink, 0, 1),
    row("range", Function::Range, 2, 2),
    row("replace", Function::Replace, 3, 3),
    row("requestContext", Function::RequestContext, 0, 0),
    row("resourceGroup", Function::ResourceGroup, 0, 0),
    row("secretPaths", Function::SecretPaths, 0, 0),
    row("skip", Function::Skip, 2, 2),
    row("split", Function::Split, 2, 2),
    row("startsWith", Function::StartsWith, 2, 2),
    row("string", Function::String, 1, 1),
    row("sub", Function::Sub, 2, 2),
    row("subscription", Function::Deployed, 0, 0),
    row("substring", Function::Substring, 2, 3),
    row("take", Function::Take, 2, 2),
    row("toLower", Function::ToLower, 1, 1),
    row("toUpper", Function::ToUpper, 1, 1),
    row("trim", Function::Trim, 1, 1),
    row("true", Function::True, 0, 0),
    row("tryGet", Function::TryGet, 2, MANY),
    row("union", Function::Union, 2, MANY),
    row("uniqueString", Function::Deployed, 1, MANY),
    row("utcNow", Function::Deployed, 0, 1),
];

/// What `baa('...')` can be asked for; see [`crate::azure::baa::ask`].
pub(super) const BAA_KEYS: [&str; 12] = [
    "status",
    "basis",
    "service",
    "evidence",
    "retired",
    "note",
    "own",
    "covered",
    "unlisted",
    "preview",
    "partner",
    "not_covered",
];

/// The function of a name, whatever its case.
pub fn find(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|signature| signature.name.eq_ignore_ascii_case(name))
}
