//! A change of the model as edits of YAML: the dialect read backwards, then the least text that says it.
//!
//! In: a resource, what must change of it, the texts of the run. Out: a [`Proposal`], or why there is none. A scalar is
//! replaced in its own manner, a missing setting follows its neighbours, every other byte stays. What an alias, a merge
//! key, a tag or a template says is left alone.

mod home;
mod layout;
mod style;
mod words;

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use self::home::{Home, Words};
use self::layout::{Content, Into, Node, Page};
use self::style::Style;
use self::words::{Key, Way};
use crate::diagnostic::Code;
use crate::edit::{Edit, Proposal, Refusal};
use crate::frontend::terraform::{Mappings, Place};
use crate::model::{Lookup, Op, Wanted};
use crate::parse::yaml::{self, Document};
use crate::source::{FileId, SourceFile, SourceMap, Span};
use crate::value::{Entry, Step, StepKind, Value, ValueKind};

/// The YAML texts of a run, each parsed once and only when it is to be edited.
#[derive(Debug)]
pub struct Documents<'s> {
    sources: &'s SourceMap,
    parsed: RefCell<FxHashMap<FileId, Option<Rc<Vec<Document>>>>>,
}

impl<'s> Documents<'s> {
    /// The documents of these texts.
    pub fn new(sources: &'s SourceMap) -> Self {
        Self { sources, parsed: RefCell::default() }
    }

    fn get(&self, id: FileId) -> Result<(&'s SourceFile, Rc<Vec<Document>>), Refusal> {
        let Some(source) = self.sources.get(id) else { return Err(Refusal::new("nobody wrote this setting")) };
        let extension = source.path().extension().and_then(|it| it.to_str()).unwrap_or("");
        if !["yaml", "yml"].iter().any(|it| it.eq_ignore_ascii_case(extension)) {
            return Err(Refusal::new("the value does not come from a YAML text"));
        }
        let mut parsed = self.parsed.borrow_mut();
        let documents = parsed.entry(id).or_insert_with(|| {
            let (documents, diagnostics) = yaml::parse(id, source.text());
            let whole = diagnostics.iter().all(|it| !matches!(it.code, Code::Syntax | Code::Bound));
            whole.then(|| Rc::new(documents))
        });
        let documents =
            documents.clone().ok_or_else(|| Refusal::new(format!("{} has syntax errors", source.shown())))?;
        Ok((source, documents))
    }
}

/// The edits that make all of `wanted` to resources of YAML.
pub fn propose(documents: &Documents<'_>, mappings: &Mappings, wanted: &[Wanted<'_>]) -> Result<Proposal, Refusal> {
    let mut proposal = Proposal::default();
    let mut insertions: Vec<Insertion> = Vec::new();
    for one in wanted {
        let site = Site::find(documents, one)?;
        let backward = words::backward(&site.home, mappings)?;
        let beside = || backward.iter().flat_map(|it| wanted.iter().flat_map(|one| it.places(one))).collect::<Vec<_>>();
        let ways = match (&site.home.words, &backward) {
            (_, Some(backward)) => {
                let ways = words::mapped(backward, one, &site.home);
                // What the presence of a block says comes with the block, which another change writes.
                let comes_along = |value: &Value| !ways.is_empty() && ways.iter().all(|it| it.is_presence_of(value));
                if let (Op::Set(value), true) = (&one.change.op, wanted.len() > 1)
                    && comes_along(value)
                {
                    continue;
                }
                ways
            }
            _ => site.keys()?.into_iter().map(|keys| Way { keys, place: None }).collect(),
        };
        if ways.is_empty() {
            return Err(Refusal::new(format!("nothing that is written there sets {}", one.change.path)));
        }
        let choice = site.choose(ways, backward.as_ref())?;
        let value = words::spelled(&choice.way, backward.as_ref(), one)?;
        match (choice.reached, value) {
            (Reached::Entry(entry, _), Some(value)) => {
                let mut edited = site.rewrite(documents, &choice.way, &entry, &value)?;
                edited.cautions.extend(choice.cautions);
                edited.replaces = words::replaces(&choice.way, backward.as_ref());
                proposal.join(edited)?;
            }
            (Reached::Entry(entry, mapping), None) => {
                let edits = vec![site.page().remove(&mapping, &entry)?];
                proposal.join(Proposal { edits, cautions: choice.cautions, ..Proposal::default() })?;
            }
            (Reached::Missing(..), None) => return Err(Refusal::new("the setting is not written here")),
            (Reached::Missing(into, depth), Some(value)) => {
                let blocks = depth.saturating_sub(site.home.above.len());
                let mut advice = words::advice(&choice.way, backward.as_ref(), blocks, &beside())?;
                advice.cautions.extend(choice.cautions);
                proposal.join(advice)?;
                let keys = site.whole(&choice.way).into_iter().skip(depth).collect();
                insertions.push(Insertion { page: site.source.id(), truths: site.home.truths, into, keys, value });
            }
        }
    }
    for edits in insert_all(documents, insertions)? {
        proposal.join(Proposal { edits, ..Proposal::default() })?;
    }
    if proposal.edits.is_empty() { Err(Refusal::new("nothing is written that could change")) } else { Ok(proposal) }
}

/// The place of a change in a document.
struct Site<'a> {
    source: &'a SourceFile,
    home: Home,
    wanted: &'a Wanted<'a>,
    current: Option<&'a Value>,
    /// What the arguments are made of, when it is not the resource of its own: an element of a list.
    element: bool,
}

/// How far the keys lead.
#[derive(Clone)]
enum Reached {
    /// An entry, and the mapping that it stands in.
    Entry(Entry, Value),
    /// The innermost place that exists, and how many of the keys lead there.
    Missing(Into, usize),
}

/// A way that is taken.
struct Choice<'p> {
    way: Way<'p>,
    reached: Reached,
    cautions: Vec<String>,
}

/// Something new, and where.
struct Insertion {
    page: FileId,
    truths: bool,
    into: Into,
    keys: Vec<Key>,
    value: Value,
}

impl<'a> Site<'a> {
    fn find(documents: &Documents<'a>, wanted: &'a Wanted<'a>) -> Result<Self, Refusal> {
        let Wanted { resource, missing, change } = wanted;
        let current = match resource.lookup(&change.path) {
            _ if missing.is_some() => None,
            Lookup::Found(value, _) => Some(value).filter(|it| it.default_of().is_none()),
            Lookup::Absent { .. } => None,
            Lookup::Unknown(..) => return Err(Refusal::new("what is written there cannot be told")),
        };
        let (source, parsed) = documents.get(resource.span.file)?;
        let document = parsed.iter().find(|it| it.root.span.contains(resource.span));
        let Some(document) = document else { return Err(Refusal::new("the declaration was not found")) };
        let mut home = home::home(&document.root, resource)?;
        if let (Some(child), false) = (missing, matches!(home.words, Words::Mapped { .. })) {
            return Err(Refusal::new(format!("{} is not declared", child.resource_type)));
        }
        // An element of a list that is a resource of its own.
        let element = item_at(&home.root, resource.span).filter(|_| resource.address.contains("::")).cloned();
        let is_element = element.is_some();
        if let Some(element) = element {
            (home.root, home.above) = (element, Vec::new());
        }
        Ok(Self { source, home, wanted, current, element: is_element })
    }

    fn page(&self) -> Page<'a> {
        Page { source: self.source, style: Style::of(self.source.text(), self.home.truths) }
    }

    /// The arguments, as far as they are written.
    fn arguments(&self) -> Option<&Value> {
        self.home.above.iter().try_fold(&self.home.root, |at, key| at.as_object()?.value(key))
    }

    /// The keys of the change where no mapping file leads, the ones to write first.
    fn keys(&self) -> Result<Vec<Vec<Key>>, Refusal> {
        let keys = words::keys(self.wanted)?;
        Ok(match &self.home.words {
            Words::Flat { renamed, wrapped } => {
                let arguments = self.arguments().and_then(Value::as_object);
                let written = arguments.is_some_and(|it| it.get_ignore_case("properties").is_some());
                let renamed = *renamed && !self.element;
                let wrapped = written || (*wrapped && !self.element);
                // Both are read.
                let way = |wrapped| words::flat(&keys, wrapped, self.wanted, renamed);
                let (likely, other) = (way(wrapped), way(!wrapped));
                // Both are read, and what is written in the other way is changed there.
                if self.current.is_some() && likely != other { vec![likely, other] } else { vec![likely] }
            }
            Words::Kubernetes { spec, secret } => vec![words::of_cluster(&keys, spec, *secret)],
            Words::Arm | Words::Mapped { .. } => vec![keys.into_iter().map(Key::of).collect()],
        })
    }

    /// The keys from the root of the home.
    fn whole(&self, way: &Way<'_>) -> Vec<Key> {
        let skipped = if self.element { way.keys.len().saturating_sub(1) } else { 0 };
        let skipped = if way.place.is_some() { skipped } else { 0 };
        self.home.above.iter().map(|it| Key::of(it)).chain(way.keys.iter().skip(skipped).cloned()).collect()
    }

    /// The way that is written, or the one to write.
    fn choose<'p>(
        &self,
        ways: Vec<Way<'p>>,
        backward: Option<&crate::frontend::terraform::Backward>,
    ) -> Result<Choice<'p>, Refusal> {
        let mut written = Vec::new();
        let mut missing = Vec::new();
        let mut refused = None;
        for way in ways {
            let mut cautions = Vec::new();
            match self.descend(&self.whole(&way), &mut cautions) {
                Ok(reached @ Reached::Entry(..)) => written.push(Choice { way, reached, cautions }),
                Ok(reached @ Reached::Missing(..)) => missing.push(Choice { way, reached, cautions }),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match (written.len(), refused) {
            (1, _) => written.pop().ok_or_else(|| Refusal::new("the setting is gone")),
            (0, Some(why)) => Err(why),
            (0, None) => {
                if let Some(current) = self.current {
                    let (file, line) = (self.source.shown(), self.source.line_col(current.span.start).line);
                    let here = current.span.file == self.source.id();
                    let place = if here { format!(": {file}:{line}") } else { String::new() };
                    return Err(Refusal::new(format!("it is set elsewhere{place}")));
                }
                let Some(backward) = backward else {
                    return missing.into_iter().next().ok_or_else(|| Refusal::new("no way leads there"));
                };
                let places: Vec<Place<'p>> = missing.iter().filter_map(|it| it.way.place).collect();
                let chosen = backward.chosen(&places)?.path();
                let found = missing.into_iter().find(|it| it.way.place.is_some_and(|it| it.path() == chosen));
                found.ok_or_else(|| Refusal::new("no argument sets it"))
            }
            _ => Err(Refusal::new("several settings say it")),
        }
    }

    /// Follows keys down from the root of the home.
    fn descend(&self, keys: &[Key], cautions: &mut Vec<String>) -> Result<Reached, Refusal> {
        let mut at = &self.home.root;
        let mut holder: Option<(&Entry, bool)> = None;
        for (depth, key) in keys.iter().enumerate() {
            self.shared(at.span, cautions)?;
            if let ValueKind::Array(array) = &at.kind {
                at = match array.items.as_slice() {
                    [one] => one,
                    _ => return Err(Refusal::new("there are several elements where one is meant")),
                };
                self.shared(at.span, cautions)?;
            }
            let slice = self.source.slice(at.span);
            let object = match (&at.kind, holder) {
                (ValueKind::Object(object), _) if !object.entries.is_empty() => object,
                (ValueKind::Object(_) | ValueKind::Null, Some((entry, flow))) => {
                    let into = Into::Empty { key: entry.key_span, value: at.clone(), flow };
                    return Ok(Reached::Missing(into, depth));
                }
                _ => return Err(Refusal::new(format!("it is computed: `{}`", slice.lines().next().unwrap_or("")))),
            };
            let mut found = object.entries.iter().filter(|(name, _)| key.is(name)).map(|(_, entry)| entry);
            let (entry, again) = (found.next(), found.next());
            if again.is_some() {
                return Err(Refusal::new(format!("`{}` is written twice", key.name())));
            }
            let Some(entry) = entry else { return Ok(Reached::Missing(Into::Mapping(at.clone()), depth)) };
            if !at.span.contains(entry.key_span) {
                return Err(Refusal::new("it comes from a merge key (`<<`)"));
            }
            if depth.saturating_add(1) == keys.len() {
                self.shared(entry.value.span, cautions)?;
                return Ok(Reached::Entry(entry.clone(), at.clone()));
            }
            holder = Some((entry, slice.starts_with('{')));
            at = &entry.value;
        }
        Err(Refusal::new("the path is empty"))
    }

    /// Refuses an alias and a tag; warns of an anchor that others use.
    fn shared(&self, span: Span, cautions: &mut Vec<String>) -> Result<(), Refusal> {
        let text: &str = self.source.text();
        let slice = self.source.slice(span);
        if slice.starts_with('*') {
            return Err(Refusal::new(format!("it is the alias `{slice}`")));
        }
        let before = text.get(..span.start as usize).unwrap_or("").trim_end();
        for word in before.rsplit(char::is_whitespace).take(2) {
            if word.starts_with('!') && word != "!!str" && word.len() > 1 {
                return Err(Refusal::new(format!("it has the tag `{word}`")));
            }
            let Some(anchor) = word.strip_prefix('&').filter(|it| !it.is_empty()) else { continue };
            let alias = format!("*{anchor}");
            let used = text.match_indices(&alias).any(|(at, _)| {
                let rest = text.get(at.saturating_add(alias.len())..).unwrap_or("");
                !rest.starts_with(|it: char| it.is_alphanumeric() || "_-".contains(it))
            });
            if used {
                cautions.push(format!("changes what `&{anchor}` stands for, wherever it is used"));
            }
        }
        Ok(())
    }

    /// Changes what is written, there or where it comes from.
    fn rewrite(
        &self,
        documents: &Documents<'_>,
        way: &Way<'_>,
        entry: &Entry,
        value: &Value,
    ) -> Result<Proposal, Refusal> {
        let written = self.source.slice(entry.value.span);
        let is_list = value.as_array().is_some();
        if !is_literal(&entry.value, written, is_list) {
            let step = self.current.and_then(|it| it.steps().last()).filter(|_| is_reference(written));
            let Some(step) = step else {
                let shown = written.lines().next().unwrap_or_default();
                return Err(Refusal::new(format!("it is computed: `{shown}`")));
            };
            return self.at_origin(documents, way, step, value);
        }
        Ok(vec![self.page().replace(entry, value)?].into())
    }

    /// Changes the literal that a reference leads to.
    fn at_origin(
        &self,
        documents: &Documents<'_>,
        way: &Way<'_>,
        step: &Step,
        value: &Value,
    ) -> Result<Proposal, Refusal> {
        let (source, parsed) = documents.get(step.span.file)?;
        let entry = parsed.iter().find_map(|it| entry_at(&it.root, step.span));
        let entry = entry.filter(|it| is_literal(&it.value, source.slice(it.value.span), false));
        let Some(entry) = entry else {
            return Err(Refusal::new(format!("the value is computed: {}", step.kind.describe())));
        };
        let same = |it: &Value| self.current.is_some_and(|now| now.kind == it.kind);
        let holds =
            way.place.map_or_else(|| same(&entry.value), |it| it.reads(&entry.value).is_some_and(|it| same(&it)));
        if !holds {
            return Err(Refusal::new(format!("the value is changed on its way: {}", step.kind.describe())));
        }
        let page = Page { source, style: Style::of(source.text(), self.home.truths) };
        let cautions = vec![caution(step).to_owned()];
        Ok(Proposal { edits: vec![page.replace(&entry, value)?], cautions, ..Proposal::default() })
    }
}

fn caution(step: &Step) -> &'static str {
    match step.kind {
        StepKind::VariableDefault => "changes the default of a variable, for everything that uses it",
        StepKind::VariableFile => "changes a value that another file sets, for everything that uses it",
        StepKind::Local | StepKind::ModuleArgument => "changes a variable, for everything that uses it",
        StepKind::Output | StepKind::Each | StepKind::Patch | StepKind::Resource => {
            "changes a place that others may use"
        }
    }
}

/// One set of edits for each place that something is written into.
fn insert_all(documents: &Documents<'_>, insertions: Vec<Insertion>) -> Result<Vec<Vec<Edit>>, Refusal> {
    let mut groups: Vec<(FileId, bool, Into, Vec<Node>)> = Vec::new();
    for Insertion { page, truths, into, keys, value } in insertions {
        let at = groups.iter().position(|it| it.0 == page && it.2 == into);
        let at = at.unwrap_or_else(|| {
            groups.push((page, truths, into, Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some(group) = groups.get_mut(at) {
            add(&mut group.3, &keys, value);
        }
    }
    let edits = groups.into_iter().map(|(id, truths, into, nodes)| {
        let (source, _) = documents.get(id)?;
        Page { source, style: Style::of(source.text(), truths) }.insert(&into, &nodes)
    });
    edits.collect()
}

fn add(nodes: &mut Vec<Node>, keys: &[Key], value: Value) {
    let Some((first, below)) = keys.split_first() else { return };
    let key = first.name();
    if below.is_empty() {
        nodes.push(Node { key, content: Content::Literal(value) });
        return;
    }
    let at = nodes.iter().position(|it| it.key == key && matches!(it.content, Content::Mapping { .. }));
    let at = at.unwrap_or_else(|| {
        nodes.push(Node { key, content: Content::Mapping { list: first.list, nodes: Vec::new() } });
        nodes.len().saturating_sub(1)
    });
    if let Some(Node { content: Content::Mapping { nodes, .. }, .. }) = nodes.get_mut(at) {
        add(nodes, below, value);
    }
}

/// A scalar, or a list of them, that stands for itself: no template, nothing that is computed.
fn is_literal(value: &Value, written: &str, list: bool) -> bool {
    const MARKS: [&str; 6] = ["{{", "{%", "${", "$(", "#{", "<%"];
    if MARKS.iter().any(|it| written.contains(it)) {
        return false;
    }
    match &value.kind {
        ValueKind::Null | ValueKind::Bool(_) | ValueKind::Number(_) | ValueKind::String(_) => true,
        ValueKind::Array(array) => {
            list && array.items.iter().all(|it| matches!(it.kind, ValueKind::String(_) | ValueKind::Number(_)))
        }
        _ => false,
    }
}

/// `"{{ name }}"` and `${name}`: a name, and nothing done with it.
fn is_reference(written: &str) -> bool {
    let text = written.trim_matches(['"', '\'']).trim();
    let inner = text
        .strip_prefix("{{")
        .and_then(|it| it.strip_suffix("}}"))
        .or_else(|| text.strip_prefix("${").and_then(|it| it.strip_suffix('}')));
    inner.is_some_and(|it| {
        let it = it.trim();
        !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || "_-.:[]'\"".contains(it))
    })
}

/// The element of a list that stands exactly at a span.
fn item_at(value: &Value, span: Span) -> Option<&Value> {
    match &value.kind {
        ValueKind::Object(object) => object.entries.iter().find_map(|(_, it)| item_at(&it.value, span)),
        ValueKind::Array(array) => {
            let own = array.items.iter().find(|it| it.span == span && it.as_object().is_some());
            own.or_else(|| array.items.iter().find_map(|it| item_at(it, span)))
        }
        _ => None,
    }
}

/// The entry whose value stands exactly at a span.
fn entry_at(value: &Value, span: Span) -> Option<Entry> {
    match &value.kind {
        ValueKind::Object(object) => object
            .entries
            .iter()
            .find_map(|(_, it)| if it.value.span == span { Some(it.clone()) } else { entry_at(&it.value, span) }),
        ValueKind::Array(array) => array.items.iter().find_map(|it| entry_at(it, span)),
        _ => None,
    }
}
