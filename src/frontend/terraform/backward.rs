//! The arguments of azurerm, or of what a mapping file describes, that say something of the model: for other languages.
//!
//! In: a mapping file and what must change of a resource. Out: places, the value as it is written there, and what to know
//! of it. Knows no text: the YAML dialects that bridge azurerm write it in their own way.

use std::sync::Arc;

use super::mapping::{Mapping, Mappings, Place, scalar_text};
use crate::azure::{ArgumentFacts, removed_arguments};
use crate::edit::{Proposal, Refusal};
use crate::model::Wanted;
use crate::value::{Number, Value, ValueKind};

/// A mapping file read backwards.
#[derive(Debug)]
pub(crate) struct Backward {
    mapping: Arc<Mapping>,
    /// None for what is no type of azurerm.
    facts: Option<ArgumentFacts>,
    source_type: Arc<str>,
    major: u8,
}

impl Backward {
    /// The file of this name, for a major of azurerm.
    pub(crate) fn of(mappings: &Mappings, source_type: &str, major: u8) -> Result<Self, Refusal> {
        let Some(mapping) = mappings.get(source_type) else {
            return Err(Refusal::new(format!("baalint does not know the arguments of `{source_type}`")));
        };
        Ok(Self { mapping, facts: ArgumentFacts::of(source_type), source_type: source_type.into(), major })
    }

    /// Every argument that fills the property, under each of its names.
    pub(crate) fn places(&self, wanted: &Wanted<'_>) -> Vec<Place<'_>> {
        self.mapping.places_of(wanted)
    }

    /// The one argument to write where none is written, under the name that the major has.
    pub(crate) fn chosen<'p>(&self, places: &[Place<'p>]) -> Result<Place<'p>, Refusal> {
        let gone: Vec<_> = removed_arguments(&self.source_type, u8::MAX).collect();
        let is_former =
            |it: &&Place<'_>| !it.current && gone.iter().any(|gone| gone.path == it.path() && gone.major > self.major);
        let mut present = places.iter().filter(|it| it.current);
        match (places.iter().find(is_former), present.next(), present.next()) {
            (Some(former), _, None) | (None, Some(former), None) => Ok(*former),
            (None, None, _) => Err(Refusal::new("no argument sets it")),
            _ => Err(Refusal::new("several arguments could set it")),
        }
    }

    /// A value as it is written at a place; refused when the provider would not take it.
    pub(crate) fn spelled(&self, place: &Place<'_>, value: &Value) -> Result<Value, Refusal> {
        let path = place.path();
        let facts = self.facts.as_ref();
        let allowed = facts.and_then(|it| it.allowed(&path, self.major)).unwrap_or_default();
        let mut ways = place.spellings(value);
        for way in &mut ways {
            let cased = scalar_text(way).and_then(|text| allowed.iter().find(|it| it.eq_ignore_ascii_case(&text)));
            match (&way.kind, cased) {
                (ValueKind::String(_), Some(cased)) => way.kind = ValueKind::from(*cased),
                (ValueKind::String(text), None) if facts.is_some_and(|it| it.is_bool(&path)) => {
                    way.kind = text.parse::<bool>().map_or_else(|_| way.kind.clone(), ValueKind::Bool);
                }
                (ValueKind::String(text), None) if facts.is_some_and(|it| it.is_number(&path)) => {
                    way.kind = text.parse().map_or_else(|_| way.kind.clone(), |it| ValueKind::Number(Number::Int(it)));
                }
                _ => {}
            }
        }
        let fits = |way: &Value| scalar_text(way).is_none_or(|text| allowed.is_empty() || allowed.contains(&&*text));
        ways.retain(fits);
        match (ways.pop(), ways.pop()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(Refusal::new(format!("`{path}` has no value for it"))),
            (Some(_), Some(_)) => Err(Refusal::new(format!("`{path}` has several values for it"))),
        }
    }

    /// The argument whose change replaces the resource, when it is this one.
    pub(crate) fn replaces(&self, place: &Place<'_>) -> Option<String> {
        let path = place.path();
        self.facts.as_ref().is_some_and(|it| it.replaces(&path)).then_some(path)
    }

    /// What is to be known of writing at a place of which the blocks from `depth` on are new, `beside` them.
    pub(crate) fn advice(&self, place: &Place<'_>, depth: usize, beside: &[Place<'_>]) -> Result<Proposal, Refusal> {
        let path = place.path();
        let block = |upto: usize| place.blocks.iter().take(upto).map(|it| &**it).collect::<Vec<_>>().join(".");
        let created: Vec<String> = (depth..place.blocks.len()).map(|at| block(at.saturating_add(1))).collect();
        let mut advice = Proposal::default();
        let Some(facts) = &self.facts else {
            // No table says what else a new block must hold.
            advice.cautions.extend(created.first().map(|it| format!("perhaps a new `{it}` needs more than this")));
            return Ok(advice);
        };
        if place.current && !facts.is_known(&path) {
            return Err(Refusal::new(format!("the provider does not document `{path}`")));
        }
        if place.current && facts.majors(&path).is_some_and(|it| !it.contains(&self.major)) {
            return Err(Refusal::new(format!("azurerm {} does not have `{path}`", self.major)));
        }
        for block in &created {
            if facts.repeats(block) {
                return Err(Refusal::new(format!("which `{block}` to add is not known")));
            }
            let is_given = |need: &&str| {
                let whole = format!("{block}.{need}");
                beside.iter().any(|it| it.path() == whole || it.path().starts_with(&format!("{whole}.")))
            };
            let missing: Vec<&str> = facts.required(block).into_iter().filter(|it| !is_given(it)).collect();
            if !missing.is_empty() {
                return Err(Refusal::new(format!("a new `{block}` also needs {}", missing.join(", "))));
            }
        }
        let mut touched = created.iter().map(String::as_str).chain([path.as_str()]);
        advice.replaces = touched.find(|it| facts.replaces(it)).map(str::to_owned);
        Ok(advice)
    }
}
