//! A change of the model as edits of Terraform text: the mapping read backwards, then the least text that says it.
//!
//! In: a resource, what must change of it, the texts of the run. Out: a [`Proposal`], or why there is none. Edits are made
//! at our own spans rather than by an HCL editing library (`hcl::edit`): what is not replaced cannot change, byte for byte,
//! and a text that a stricter parser would refuse is edited all the same.

mod append;
mod azapi;
mod element;
mod insert;
mod layout;
mod removal;
mod tree;

use std::rc::Rc;
use std::sync::Arc;

pub use self::append::append;
pub use self::tree::Trees;

use self::insert::{Insertion, insert_all};
use self::layout::Entry;
use self::tree::{Holder, holder, is_literal, is_reference, top_block};
use super::instance::NEWEST_AZURERM_MAJOR;
use super::mapping::{Mapping, Mappings, Naming, Place, scalar_text};
use crate::azure::{ArgumentFacts, removed_arguments};
use crate::edit::{Edit, Proposal, Refusal};
use crate::model::{Change, Child, Dialect, Lookup, Op, PathSegment, Resource, Wanted};
use crate::parse::hcl::{Attribute, Block, ExprId, File};
use crate::source::Span;
use crate::value::{Step, StepKind, Value, ValueKind};

/// The edits that make all of `changes` to a resource of Terraform or azapi.
pub fn propose(trees: &Trees<'_>, mappings: &Mappings, wanted: &[Wanted<'_>]) -> Result<Proposal, Refusal> {
    let mut proposal = Proposal::default();
    let mut insertions: Vec<Insertion> = Vec::new();
    let mut removals: Vec<&Wanted<'_>> = Vec::new();
    for one in wanted {
        if one.resource.dialect == Dialect::Azapi {
            proposal.join(azapi::propose(trees, one)?)?;
            continue;
        }
        if let (Op::Remove, Some(PathSegment::Index(_))) = (&one.change.op, one.change.path.segments().last()) {
            removals.push(one);
            continue;
        }
        if let Some(edits) = in_provider(trees, one)? {
            proposal.join(edits.into())?;
            continue;
        }
        let site = Site::find(trees, mappings, one)?;
        // What the presence of a block says comes with the block, which another change writes.
        if wanted.len() > 1 && site.comes_with_a_block() {
            continue;
        }
        match site.spot()? {
            Spot::Written(place, attribute) => proposal.join(site.rewrite(trees, one.change, place, attribute)?)?,
            Spot::Missing(place, path) => {
                if let Op::Set(value) = &one.change.op {
                    let (insertion, advice) = site.insertion(place, path, value)?;
                    insertions.push(insertion);
                    proposal.join(advice)?;
                }
            }
        }
    }
    for edits in insert_all(trees, insertions)? {
        proposal.join(Proposal { edits, ..Proposal::default() })?;
    }
    proposal.join(element::remove(trees, &removals)?)?;
    if proposal.edits.is_empty() { Err(Refusal::new("nothing is written that could change")) } else { Ok(proposal) }
}

/// The declaration that decides a property.
struct Site<'a> {
    file: Rc<File>,
    block: Span,
    azurerm_type: String,
    mapping: Arc<Mapping>,
    facts: Option<ArgumentFacts>,
    resource: &'a Resource,
    missing: Option<&'a Child>,
    change: &'a Change,
    /// Where the elements stand that the path leads through.
    elements: Vec<Span>,
    /// What the property is now.
    current: Option<&'a Value>,
    major: Option<u8>,
}

/// Where a property is written, or would be.
enum Spot<'p> {
    Written(Place<'p>, Written),
    /// The span of the innermost block that exists.
    Missing(Place<'p>, Reached),
}

/// An attribute, by its places.
#[derive(Clone, Copy)]
struct Written {
    name: Span,
    value: ExprId,
}

/// How far the blocks of an argument exist.
#[derive(Clone, Copy)]
struct Reached {
    block: Span,
    depth: usize,
}

impl<'a> Site<'a> {
    fn find(trees: &Trees<'_>, mappings: &Mappings, wanted: &Wanted<'a>) -> Result<Self, Refusal> {
        let Wanted { resource, missing, change } = *wanted;
        let (current, home) = match resource.lookup(&change.path) {
            _ if missing.is_some() => (None, resource.header),
            Lookup::Found(value, _) => (Some(value), value.span),
            Lookup::Absent { nearest } => (None, nearest),
            Lookup::Unknown(..) => return Err(Refusal::new("what is written there cannot be told")),
        };
        let file = trees.get(home.file).or_else(|_| trees.get(resource.header.file))?;
        let home = if home.file == file.file { home } else { resource.header };
        let declaration = top_block(&file, home).or_else(|| top_block(&file, resource.header));
        let declaration = declaration.filter(|it| file.slice(it.kind) == "resource");
        let Some(block) = declaration else { return Err(Refusal::new("the setting stands in no resource block")) };
        let azurerm_type = block.labels.first().map(|it| it.text.to_string()).unwrap_or_default();
        let Some(mapping) = mappings.get(&azurerm_type) else {
            return Err(Refusal::new(format!("baalint does not know the arguments of `{azurerm_type}`")));
        };
        let span = block.span;
        Ok(Self {
            block: span,
            facts: ArgumentFacts::of(&azurerm_type),
            azurerm_type,
            mapping,
            resource,
            missing,
            change,
            elements: element::spans(resource, &change.path),
            current,
            major: resource.provider_major,
            file,
        })
    }

    fn declaration(&self) -> Option<&Block> {
        top_block(&self.file, self.block)
    }

    /// The arguments that fill the property.
    fn places(&self) -> Vec<Place<'_>> {
        let own = &self.mapping;
        if let Some(child) = self.missing {
            let is_named = |it: &super::mapping::Child| match (&child.name, &it.name) {
                (Some(wanted), Naming::Literal(name)) => wanted.eq_ignore_ascii_case(name),
                (wanted, _) => wanted.is_none(),
            };
            let of_type = |it: &super::mapping::Child| it.arm == child.resource_type && is_named(it);
            let at = own.children.iter().position(of_type);
            return at.map(|at| own.places(Some(at), &self.change.path)).unwrap_or_default();
        }
        if own.arm == self.resource.resource_type {
            return own.places(None, &self.change.path);
        }
        let key = self.resource.address.rsplit_once("::").map(|(_, key)| key);
        let children = own.children.iter().enumerate();
        let of_type: Vec<usize> =
            children.filter(|(_, child)| child.arm == self.resource.resource_type).map(|(at, _)| at).collect();
        let named = of_type.iter().find(|at| own.children.get(**at).is_some_and(|it| Some(&*it.key) == key));
        match (named, of_type.as_slice()) {
            (Some(child), _) | (None, [child]) => own.places(Some(*child), &self.change.path),
            _ => own.element_places(&self.change.path),
        }
    }

    /// True when nothing but the presence of a block says what is wanted.
    fn comes_with_a_block(&self) -> bool {
        let Op::Set(value) = &self.change.op else { return false };
        let mut places = self.places();
        let gone = self.gone();
        places.retain(|it| !gone.contains(&&*it.path()));
        !places.is_empty() && places.iter().all(|it| it.is_presence_of(value))
    }

    /// The arguments that the provider's version has no more.
    fn gone(&self) -> Vec<&'static str> {
        let stated = self.major.unwrap_or(NEWEST_AZURERM_MAJOR);
        removed_arguments(&self.azurerm_type, stated).map(|it| it.path).collect()
    }

    fn spot(&self) -> Result<Spot<'_>, Refusal> {
        let places = self.places();
        let Some(block) = self.declaration() else { return Err(Refusal::new("the declaration is gone")) };
        if places.is_empty() {
            return Err(Refusal::new(format!("no argument of `{}` sets {}", self.azurerm_type, self.change.path)));
        }
        let mut written = Vec::new();
        let mut missing = Vec::new();
        let mut refused = None;
        for place in places {
            match self.reach(block, &place) {
                Ok(Found::Attribute(attribute)) => written.push((place, attribute)),
                Ok(Found::Reached(reached)) => missing.push((place, reached)),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        match (written.len(), refused) {
            (1, _) => written.pop().map(|(place, attribute)| Spot::Written(place, attribute)),
            (0, Some(refusal)) => return Err(refusal),
            (0, None) => Some(self.missing(&missing)?),
            _ => None,
        }
        .ok_or_else(|| Refusal::new("several arguments set it"))
    }

    /// The one argument to write, under the name that the provider's version has.
    fn missing<'p>(&self, places: &[(Place<'p>, Reached)]) -> Result<Spot<'p>, Refusal> {
        let gone: Vec<_> = removed_arguments(&self.azurerm_type, u8::MAX).collect();
        let stated = self.major.unwrap_or(NEWEST_AZURERM_MAJOR);
        // A former name is right for every minor of a major that still has it; the present one perhaps not yet.
        let former = places
            .iter()
            .find(|(place, _)| !place.current && gone.iter().any(|it| it.path == place.path() && it.major > stated))
            // What only told of a setting was never an argument.
            .filter(|(place, _)| self.facts.as_ref().is_none_or(|it| it.is_known(&place.path())));
        let dropped = self.gone();
        let mut present = places.iter().filter(|(place, _)| place.current && !dropped.contains(&&*place.path()));
        let chosen = match (former, present.next(), present.next()) {
            (Some(former), _, None) | (None, Some(former), None) => *former,
            _ => return Err(Refusal::new("several arguments could set it")),
        };
        Ok(Spot::Missing(chosen.0, chosen.1))
    }

    /// Follows the blocks of an argument down.
    fn reach(&self, declaration: &Block, place: &Place<'_>) -> Result<Found, Refusal> {
        let mut block = declaration;
        for (depth, kind) in place.blocks.iter().enumerate() {
            if let Some(attribute) = self.attribute(block, kind) {
                return self.in_list(attribute, place).map(Found::Attribute);
            }
            let mut made = block.body.blocks.iter().filter_map(|it| element::made(&self.file, it, kind));
            let is_element = |it: &&Block| it.header == self.resource.header || self.elements.contains(&it.header);
            let element = made.clone().find(|it| is_element(&it.0));
            // What a `dynamic` block makes is changed there only when the value is seen to come from it.
            let current = self.current.map(|it| it.span);
            let is_silent = |it: &&Block| {
                self.file.slice(it.kind) != &**kind && !current.is_some_and(|current| it.span.contains(current))
            };
            if element.is_none() && made.clone().any(|it| is_silent(&it.0)) {
                return Err(Refusal::new(format!("the blocks `{kind}` are made by an expression")));
            }
            block = match (element, made.next(), made.next()) {
                (Some((_, body)), ..) | (None, Some((_, body)), None) => body,
                (None, None, _) => return Ok(Found::Reached(Reached { block: block.span, depth })),
                (None, Some(_), Some(_)) => return Err(Refusal::new(format!("there are several `{kind}` blocks"))),
            };
        }
        Ok(match self.attribute(block, place.name) {
            Some(it) => Found::Attribute(Written { name: it.name, value: it.value }),
            None => Found::Reached(Reached { block: block.span, depth: place.blocks.len() }),
        })
    }

    /// An entry of an object that stands for a block: `setting = [{ enabled = false }]`.
    fn in_list(&self, list: &Attribute, place: &Place<'_>) -> Result<Written, Refusal> {
        let within = self.file.expr(list.value).span;
        let current = self.current.map(|it| it.span).filter(|it| within.contains(*it));
        let found = current.and_then(|it| holder(&self.file, it));
        let found = found.filter(|it| self.file.slice(it.entry.name).trim_matches('"') == &**place.name);
        let found = found.map(|it| Written { name: it.entry.name, value: it.value });
        found.ok_or_else(|| {
            Refusal::new(format!("the blocks `{}` are made by an expression", self.file.slice(list.name)))
        })
    }

    fn attribute<'b>(&self, block: &'b Block, name: &str) -> Option<&'b Attribute> {
        block.body.attributes.iter().find(|it| self.file.slice(it.name) == name)
    }

    /// What is to be known of writing `place`.
    fn advice(&self, place: &Place<'_>, created: &[String]) -> Proposal {
        let path = place.path();
        let facts = self.facts.as_ref();
        let replaces = |path: &str| facts.is_some_and(|facts| facts.replaces(path));
        let replacing = created.iter().map(String::as_str).chain([path.as_str()]).find(|it| replaces(it));
        let root = place.blocks.first().unwrap_or(place.name);
        let ignored =
            self.ignores(root).then(|| format!("`lifecycle` ignores changes of `{root}` once it is deployed"));
        Proposal {
            replaces: replacing.map(str::to_owned),
            cautions: ignored.into_iter().collect(),
            ..Proposal::default()
        }
    }

    /// True when `lifecycle` lets an argument differ from what is deployed.
    fn ignores(&self, argument: &str) -> bool {
        let lifecycle =
            self.declaration().and_then(|it| it.body.blocks.iter().find(|it| self.file.slice(it.kind) == "lifecycle"));
        let ignored = lifecycle.and_then(|it| self.attribute(it, "ignore_changes"));
        ignored.is_some_and(|it| {
            let text = self.file.slice(self.file.expr(it.value).span);
            let mut words = text.split(|it: char| !(it.is_alphanumeric() || it == '_'));
            words.any(|word| word == argument || word == "all")
        })
    }

    /// How a value is written here; refused when the provider would not take it.
    fn literal(&self, place: &Place<'_>, value: &Value) -> Result<String, Refusal> {
        let path = place.path();
        let facts = self.facts.as_ref();
        let major = self.major.unwrap_or(NEWEST_AZURERM_MAJOR);
        let allowed = facts.and_then(|it| it.allowed(&path, major));
        let is_allowed = |way: &Value| match (&allowed, scalar_text(way)) {
            (Some(allowed), Some(text)) if !allowed.is_empty() => allowed.contains(&&*text),
            _ => true,
        };
        let mut ways = place.spellings(value);
        // Letter case is the provider's, not the policy's.
        for way in &mut ways {
            let cased = scalar_text(way)
                .and_then(|text| allowed.iter().flatten().find(|it| it.eq_ignore_ascii_case(&text)).copied());
            if let (Some(cased), ValueKind::String(_)) = (cased, &way.kind) {
                way.kind = ValueKind::from(cased);
            }
        }
        ways.retain(is_allowed);
        // Where a version takes both the service's word and another for it, the service's stays.
        let own = ways.iter().position(|way| same_text(way, value));
        match own {
            Some(own) if ways.len() == 2 && allowed.is_some() => ways = vec![ways.swap_remove(own)],
            Some(own) if ways.len() == 2 => drop(ways.swap_remove(own)),
            _ => {}
        }
        match ways.as_slice() {
            [one] => {
                let flag = facts.is_some_and(|it| it.is_bool(&path));
                let number = facts.is_some_and(|it| it.is_number(&path));
                literal(one, flag, number)
                    .ok_or_else(|| Refusal::new(format!("`{path}` cannot be written as a literal")))
            }
            [] => Err(Refusal::new(format!("`{path}` has no value that azurerm {major} takes for it"))),
            _ => Err(Refusal::new(format!("`{path}` has several values for it"))),
        }
    }

    /// Changes what is written, there or where it comes from.
    fn rewrite(
        &self,
        trees: &Trees<'_>,
        change: &Change,
        place: Place<'_>,
        written: Written,
    ) -> Result<Proposal, Refusal> {
        let mut proposal = self.advice(&place, &[]);
        let value = self.file.expr(written.value).span;
        let Op::Set(wanted) = &change.op else {
            let Some(found) = holder(&self.file, value) else { return Err(Refusal::new("the setting is gone")) };
            proposal.edits = found.container.remove(found.entry)?;
            return Ok(proposal);
        };
        let literal = self.literal(&place, wanted)?;
        if is_literal(&self.file, written.value) {
            let Some(found) = holder(&self.file, value) else { return Err(Refusal::new("the setting is gone")) };
            proposal.edits = found.container.replace(Entry { name: written.name, value }, &literal);
            return Ok(proposal);
        }
        if !is_reference(&self.file, written.value) {
            let text = self.file.slice(value).lines().next().unwrap_or_default();
            return Err(Refusal::new(format!("`{}` is computed: `{text}`", place.path())));
        }
        let step = self.current.and_then(|it| it.steps().last());
        let Some(step) = step else { return Err(Refusal::new(format!("`{}` is decided elsewhere", place.path()))) };
        let (edits, caution) = at_origin(trees, step, &literal, |origin| {
            self.current.zip(place.reads(origin)).is_some_and(|(now, then)| same_text(now, &then))
        })?;
        proposal.edits = edits;
        proposal.cautions.push(caution);
        Ok(proposal)
    }

    /// A new line, with the blocks that it needs.
    fn insertion(&self, place: Place<'_>, reached: Reached, value: &Value) -> Result<(Insertion, Proposal), Refusal> {
        let path = place.path();
        let literal = self.literal(&place, value)?;
        let created: Vec<Arc<str>> = place.blocks.iter().skip(reached.depth).cloned().collect();
        let whole = |upto: usize| place.blocks.iter().take(upto).map(|it| &**it).collect::<Vec<_>>().join(".");
        let created_paths: Vec<String> = (reached.depth..place.blocks.len()).map(|at| whole(at + 1)).collect();
        let mut advice = self.advice(&place, &created_paths);
        let Some(facts) = &self.facts else {
            return Err(Refusal::new(format!("baalint does not know what `{}` needs", self.azurerm_type)));
        };
        if place.current {
            if !facts.is_known(&path) {
                return Err(Refusal::new(format!("the provider does not document `{path}`")));
            }
            match (facts.majors(&path), self.major) {
                (Some(majors), Some(major)) if !majors.contains(&major) => {
                    return Err(Refusal::new(format!("azurerm {major} does not have `{path}`")));
                }
                (_, Some(major)) if major < 3 => {
                    advice.cautions.push(format!("perhaps azurerm {major} does not have `{path}`"));
                }
                (Some(_), None) => {
                    advice.cautions.push(format!("no version of azurerm is stated, and not all have `{path}`"));
                }
                _ => {}
            }
        }
        let mut required = Vec::new();
        for block in &created_paths {
            if facts.repeats(block) {
                return Err(Refusal::new(format!("which `{block}` to add is not known")));
            }
            let needs = facts.required(block);
            required.push((block.clone(), needs.into_iter().map(str::to_owned).collect()));
        }
        let name = place.name.to_string();
        let file = self.file.clone();
        Ok((Insertion { file, block: reached.block, created, name, literal, required }, advice))
    }
}

enum Found {
    Attribute(Written),
    Reached(Reached),
}

/// A setting of a `provider` block: its `features` have the words of Terraform.
fn in_provider(trees: &Trees<'_>, wanted: &Wanted<'_>) -> Result<Option<Vec<Edit>>, Refusal> {
    let Wanted { resource, change, .. } = wanted;
    let (Lookup::Found(value, _), Op::Set(to)) = (resource.lookup(&change.path), &change.op) else { return Ok(None) };
    let Ok(file) = trees.get(value.span.file) else { return Ok(None) };
    if top_block(&file, value.span).is_none_or(|it| file.slice(it.kind) != "provider") {
        return Ok(None);
    }
    let found = holder(&file, value.span).filter(|it| is_literal(&file, it.value));
    match (found, literal(to, false, false)) {
        (Some(found), Some(text)) => Ok(Some(found.container.replace(found.entry, &text))),
        _ => Err(Refusal::new("the setting of the provider is computed")),
    }
}

/// The edit of the literal that a value came from, and what to know of it.
fn at_origin(
    trees: &Trees<'_>,
    step: &Step,
    literal: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Result<(Vec<Edit>, String), Refusal> {
    let file = trees.get(step.span.file)?;
    let found = holder(&file, step.span).filter(|it| is_literal(&file, it.value));
    let Some(Holder { container, entry, value }) = found else {
        return Err(Refusal::new(format!("the value is computed: {}", step.kind.describe())));
    };
    let origin = super::project::constant(&file, value);
    if !is_it(&origin) {
        return Err(Refusal::new(format!("the value is changed on its way: {}", step.kind.describe())));
    }
    let caution = match step.kind {
        StepKind::VariableDefault => "changes the default of a variable, for everything that uses it",
        StepKind::VariableFile => "changes a value that a variables file sets, for everything that uses it",
        StepKind::ModuleArgument => "changes what a module is given, for everything that uses it there",
        StepKind::Local => "changes a local value, for everything that uses it",
        StepKind::Output => "changes an output, for everything that uses it",
        StepKind::Each => "changes an element that others may use",
        StepKind::Patch => "changes a separate resource",
        StepKind::Resource => "changes an argument of another resource, for everything that refers to it",
    };
    Ok((container.replace(entry, literal), caution.to_owned()))
}

fn same_text(a: &Value, b: &Value) -> bool {
    scalar_text(a).zip(scalar_text(b)).is_some_and(|(a, b)| a == b)
}

/// A value as Terraform writes it.
fn literal(value: &Value, flag: bool, number: bool) -> Option<String> {
    Some(match &value.kind {
        ValueKind::Bool(it) => it.to_string(),
        ValueKind::Number(it) => it.to_string(),
        ValueKind::String(text) if flag && (&**text == "true" || &**text == "false") => text.to_string(),
        ValueKind::String(text) if number && text.parse::<i64>().is_ok() => text.to_string(),
        ValueKind::String(_) if flag || number => return None,
        // Nothing that would have to be escaped.
        ValueKind::String(text) if text.chars().all(|it| !it.is_control() && !"\"\\$%".contains(it)) => {
            format!("\"{text}\"")
        }
        ValueKind::Array(array) => {
            let items: Option<Vec<String>> = array.items.iter().map(|it| literal(it, false, false)).collect();
            format!("[{}]", items?.join(", "))
        }
        _ => return None,
    })
}
