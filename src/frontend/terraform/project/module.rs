//! One module directory: its blocks by what they declare, overrides merged, nothing evaluated.
//!
//! In: the parsed files of a directory, sorted by name. Out: [`Module`], shared by every call of it. Blocks of kinds
//! that declare nothing for us (`moved`, `check`, `action`, those not yet invented) are passed over.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};
use rustc_hash::FxBuildHasher;

use super::constant::{constant, constant_text};
use super::types::Type;
use crate::frontend::files::normalise;
use crate::parse::hcl::{Attribute, Block, Body, ExprId, File};
use crate::source::Span;
use crate::value::Value;

type Named<T> = IndexMap<Arc<str>, T, FxBuildHasher>;

/// One directory of configuration.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The directory, normalised.
    pub(crate) dir: PathBuf,
    /// The directory as reports show it.
    pub(crate) shown: Arc<str>,
    /// Ordinary files by name, then override files by name.
    pub(crate) files: Vec<Arc<File>>,
    /// `variable`
    pub(crate) variables: Named<Variable>,
    /// `locals`
    pub(crate) locals: Named<ExprAt>,
    /// `output`
    pub(crate) outputs: Named<Declared>,
    /// `resource` and `data`
    pub(crate) resources: IndexMap<ResourceKey, Declared, FxBuildHasher>,
    /// `module`
    pub(crate) calls: Named<Call>,
    /// `provider`, in order.
    pub(crate) providers: Vec<Declared>,
    /// `terraform`, in order.
    pub(crate) settings: Vec<BlockAt>,
    /// Resources, by index, that have connections or provisioners: which of the two kinds.
    pub(crate) beside: Vec<(usize, Vec<&'static str>)>,
    /// Resources and calls in the order of the text.
    pub(crate) order: Vec<Item>,
}

/// A resource, data source or call, by its index in [`Module`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    /// Index into [`Module::resources`].
    Resource(usize),
    /// Index into [`Module::calls`].
    Call(usize),
}

/// A top-level block: the file's index in [`Module::files`], the block's in its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockAt {
    file: usize,
    block: usize,
}

/// An expression of one of [`Module::files`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExprAt {
    /// Index of the file.
    pub(crate) file: usize,
    /// The expression.
    pub(crate) id: ExprId,
}

/// A declaration: its block, then the blocks of override files that change it.
#[derive(Clone, Debug)]
pub(crate) struct Declared(Vec<BlockAt>);

/// `variable "name" { ... }`
#[derive(Debug)]
pub(crate) struct Variable {
    /// Where it is declared.
    pub(crate) declared: Declared,
    /// Its type.
    pub(crate) of: Type,
    /// Its default, converted.
    pub(crate) default: Option<Value>,
    /// False for `nullable = false`: a given null is the default.
    pub(crate) nullable: bool,
    /// The whole block.
    pub(crate) span: Span,
}

/// `module "name" { source = ... }`
#[derive(Debug)]
pub(crate) struct Call {
    /// Where it is declared.
    pub(crate) declared: Declared,
    /// What its source names.
    pub(crate) source: Source,
}

/// Where a module's source leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// A directory, normalised.
    Local(PathBuf),
    /// The directory that defaults of variables and locals lead to; what the caller gives may lead elsewhere.
    Early(PathBuf),
    /// A registry, git or other address.
    Remote(Arc<str>),
    /// Not a constant string, or missing.
    Unreadable,
}

/// The name of a resource or data source inside its module.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ResourceKey {
    /// `data`
    pub(crate) data: bool,
    /// The first label.
    pub(crate) block_type: Arc<str>,
    /// The second label.
    pub(crate) name: Arc<str>,
}

/// A borrowed [`ResourceKey`].
#[derive(Hash, Clone, Copy)]
pub(crate) struct ResourceName<'a> {
    /// `data`
    pub(crate) data: bool,
    /// The first label.
    pub(crate) block_type: &'a str,
    /// The second label.
    pub(crate) name: &'a str,
}

impl Equivalent<ResourceKey> for ResourceName<'_> {
    fn equivalent(&self, key: &ResourceKey) -> bool {
        self.data == key.data && *self.block_type == *key.block_type && *self.name == *key.name
    }
}

/// A block's body as evaluation reads it: the parts of override files come later and win.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'p> {
    module: &'p Module,
    declared: &'p Declared,
}

impl<'p> Parts<'p> {
    /// The declaring block.
    pub(crate) fn first(self) -> Option<(&'p File, &'p Block)> {
        self.iter().next()
    }

    /// The blocks that declare it: the first, then its overrides.
    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = (&'p File, &'p Block)> {
        self.declared.0.iter().filter_map(move |at| self.module.block(*at))
    }

    /// The attribute of a name that holds in the end.
    pub(crate) fn attribute(self, name: &str) -> Option<(&'p File, &'p Attribute)> {
        self.iter().rev().find_map(|(file, block)| attribute(file, &block.body, name).map(|found| (file, found)))
    }

    /// Every attribute that holds in the end, in the order of the text.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (&'p File, &'p Attribute)> {
        self.iter().enumerate().flat_map(move |(part, (file, block))| {
            block.body.attributes.iter().filter_map(move |attribute| {
                let mut later = self.iter().skip(part.saturating_add(1));
                let name = file.slice(attribute.name);
                let hidden = later.any(|(file, block)| self::attribute(file, &block.body, name).is_some());
                (!hidden).then_some((file, attribute))
            })
        })
    }

    /// Every nested block that holds in the end: those of an override replace all of their kind.
    pub(crate) fn blocks(self) -> impl Iterator<Item = (&'p File, &'p Block)> {
        self.iter().enumerate().flat_map(move |(part, (file, block))| {
            block.body.blocks.iter().filter_map(move |nested| {
                let mut later = self.iter().skip(part.saturating_add(1));
                let kind = block_name(file, nested);
                let hidden =
                    later.any(|(file, block)| block.body.blocks.iter().any(|other| block_name(file, other) == kind));
                (!hidden).then_some((file, nested))
            })
        })
    }

    /// Where an argument is: its number among all attributes and blocks, and the attribute; without one, blocks of that kind.
    pub(crate) fn argument(self, name: &str) -> Option<(usize, Option<(&'p File, &'p Attribute)>)> {
        let (mut start, mut written, mut blocks) = (0_usize, None, None);
        for (file, block) in self.iter() {
            let Body { attributes, blocks: nested, .. } = &block.body;
            if let Some(at) = attributes.iter().position(|it| file.slice(it.name) == name) {
                written = attributes.get(at).map(|attribute| (start.saturating_add(at), Some((file, attribute))));
            }
            start = start.saturating_add(attributes.len());
            if blocks.is_none() && written.is_none() {
                let at = nested.iter().position(|it| block_name(file, it) == name);
                blocks = at.map(|at| (start.saturating_add(at), None));
            }
            start = start.saturating_add(nested.len());
        }
        written.or(blocks)
    }

    /// About as many entries as the body will have.
    pub(crate) fn room(self) -> usize {
        self.iter().map(|(_, block)| room(&block.body)).sum()
    }

    /// How many attributes and blocks there are.
    pub(crate) fn len(self) -> usize {
        self.iter().map(|(_, block)| block.body.attributes.len().saturating_add(block.body.blocks.len())).sum()
    }
}

/// About as many entries as a body will have: blocks are mostly of few kinds.
pub(crate) fn room(body: &Body) -> usize {
    body.attributes.len().saturating_add(body.blocks.len().min(4))
}

/// The kind of a nested block; of a `dynamic` block, the kind that it makes.
pub(crate) fn block_name<'p>(file: &'p File, block: &'p Block) -> &'p str {
    match (file.slice(block.kind), block.labels.first()) {
        ("dynamic", Some(label)) => &label.text,
        (kind, _) => kind,
    }
}

fn attribute<'p>(file: &File, body: &'p Body, name: &str) -> Option<&'p Attribute> {
    body.attributes.iter().find(|attribute| file.slice(attribute.name) == name)
}

impl Module {
    /// The module that these files declare.
    pub(crate) fn new(dir: PathBuf, shown: impl Into<Arc<str>>, files: Vec<(String, Arc<File>)>) -> Self {
        let (overrides, ordinary): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| is_override(name));
        let first_override = ordinary.len();
        let files: Vec<Arc<File>> = ordinary.into_iter().chain(overrides).map(|(_, file)| file).collect();
        let mut module = Self { dir, shown: shown.into(), ..Self::default() };
        for (index, file) in files.iter().enumerate() {
            module.declare_file(index, file, index >= first_override);
        }
        module.files = files;
        module.finish();
        module
    }

    fn declare_file(&mut self, file_index: usize, file: &File, overriding: bool) {
        for (block_index, block) in file.body.blocks.iter().enumerate() {
            let at = BlockAt { file: file_index, block: block_index };
            let label = |index: usize| block.labels.get(index).map(|label| Arc::<str>::from(&*label.text));
            match (file.slice(block.kind), label(0), label(1)) {
                ("resource", Some(block_type), Some(name)) => self.resource(false, block_type, name, at),
                ("data", Some(block_type), Some(name)) => self.resource(true, block_type, name, at),
                ("module", Some(name), _) => self.call(file, block, name, at),
                ("variable", Some(name), _) => self.variable(block, name, at),
                ("output", Some(name), _) => declare(&mut self.outputs, name, at),
                ("provider", Some(_), _) => self.provider(file, block, at, overriding),
                ("terraform", ..) => self.settings.push(at),
                ("locals", ..) => {
                    for attribute in &block.body.attributes {
                        let at = ExprAt { file: file_index, id: attribute.value };
                        self.locals.insert(file.slice(attribute.name).into(), at);
                    }
                }
                _ => {}
            }
        }
    }

    fn resource(&mut self, data: bool, block_type: Arc<str>, name: Arc<str>, at: BlockAt) {
        let (index, before) = self.resources.insert_full(ResourceKey { data, block_type, name }, Declared(vec![at]));
        match before {
            Some(mut before) => {
                before.0.push(at);
                if let Some((_, declared)) = self.resources.get_index_mut(index) {
                    *declared = before;
                }
            }
            None => self.order.push(Item::Resource(index)),
        }
    }

    fn call(&mut self, file: &File, block: &Block, name: Arc<str>, at: BlockAt) {
        let source = Source::read(file, &block.body, &self.dir);
        if let Some(call) = self.calls.get_mut(&name) {
            call.declared.0.push(at);
            if source != Source::Unreadable {
                call.source = source;
            }
            return;
        }
        let (index, _) = self.calls.insert_full(name, Call { declared: Declared(vec![at]), source });
        self.order.push(Item::Call(index));
    }

    fn variable(&mut self, block: &Block, name: Arc<str>, at: BlockAt) {
        if let Some(variable) = self.variables.get_mut(&name) {
            variable.declared.0.push(at);
            return;
        }
        let declared = Declared(vec![at]);
        let variable = Variable { declared, of: Type::Any, default: None, nullable: true, span: block.span };
        self.variables.insert(name, variable);
    }

    fn provider(&mut self, file: &File, block: &Block, at: BlockAt, overriding: bool) {
        if overriding {
            let named = |block: &Block| block.labels.first().map(|label| label.text.clone());
            let alias = |file: &File, block: &Block| {
                attribute(file, &block.body, "alias").and_then(|it| constant_text(file, it.value))
            };
            let files = &self.files;
            let same = self.providers.iter_mut().find(|declared| {
                let first = declared.0.first().and_then(|at| {
                    let file = files.get(at.file)?;
                    Some((file, file.body.blocks.get(at.block)?))
                });
                first.is_some_and(|(other, it)| named(it) == named(block) && alias(other, it) == alias(file, block))
            });
            if let Some(declared) = same {
                declared.0.push(at);
                return;
            }
        }
        self.providers.push(Declared(vec![at]));
    }

    fn blocks_beside(&self) -> Vec<(usize, Vec<&'static str>)> {
        let kinds = |declared: &Declared| -> Vec<&'static str> {
            let has = |kind: &&str| self.parts(declared).blocks().any(|(file, it)| file.slice(it.kind) == *kind);
            ["connection", "provisioner"].into_iter().filter(has).collect()
        };
        let all = self.resources.values().enumerate().map(|(index, declared)| (index, kinds(declared)));
        all.filter(|(_, kinds)| !kinds.is_empty()).collect()
    }

    /// Reads the types and defaults of variables once all their parts are known.
    fn finish(&mut self) {
        self.beside = self.blocks_beside();
        let mut variables = std::mem::take(&mut self.variables);
        for variable in variables.values_mut() {
            let parts = self.parts(&variable.declared);
            if let Some((file, it)) = parts.attribute("type") {
                variable.of = Type::read(file, it.value);
            }
            if let Some((file, it)) = parts.attribute("nullable") {
                variable.nullable = constant(file, it.value).as_bool() != Some(false);
            }
            if let Some((file, it)) = parts.attribute("default") {
                variable.default = Some(variable.of.convert(constant(file, it.value)));
            }
        }
        self.variables = variables;
        let early = |call: &Call| (call.source == Source::Unreadable).then(|| self.early_source(call)).flatten();
        let early: Vec<Option<PathBuf>> = self.calls.values().map(early).collect();
        for (call, dir) in self.calls.values_mut().zip(early) {
            if let Some(dir) = dir {
                call.source = Source::Early(dir);
            }
        }
    }

    /// The blocks of a declaration.
    pub(crate) const fn parts<'p>(&'p self, declared: &'p Declared) -> Parts<'p> {
        Parts { module: self, declared }
    }

    /// A top-level block and its file.
    pub(crate) fn block(&self, at: BlockAt) -> Option<(&File, &Block)> {
        let file = self.files.get(at.file)?;
        Some((file, file.body.blocks.get(at.block)?))
    }

    /// True when it declares anything that is evaluated by itself.
    pub(crate) fn declares_something(&self) -> bool {
        !self.order.is_empty()
            || !self.settings.is_empty()
            || !self.providers.is_empty()
            || !self.locals.is_empty()
            || !self.outputs.is_empty()
            || !self.variables.is_empty()
    }
}

fn declare(declarations: &mut Named<Declared>, name: Arc<str>, at: BlockAt) {
    declarations.entry(name).or_insert_with(|| Declared(Vec::new())).0.push(at);
}

fn is_override(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}

impl Source {
    fn read(file: &File, body: &Body, dir: &Path) -> Self {
        let Some(text) = attribute(file, body, "source").and_then(|it| constant_text(file, it.value)) else {
            return Self::Unreadable;
        };
        Self::of(&text, dir)
    }

    /// Where a known source leads.
    pub(crate) fn of(text: &str, dir: &Path) -> Self {
        let local = text.starts_with("./") || text.starts_with("../") || matches!(text, "." | "..");
        if local { Self::Local(normalise(&dir.join(text))) } else { Self::Remote(text.into()) }
    }
}
