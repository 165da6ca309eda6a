//! An ARM path as the keys that a dialect writes for it.
//!
//! In: [`Words`] and what must change. Out: the [`Way`]s to write it, the one for a setting that is not written yet first.
//! Matches keys as the dialects are read: whatever their case, under each of their names.

use super::super::pulumi::native_names;
use super::home::{Home, Words};
use crate::edit::{Proposal, Refusal};
use crate::frontend::terraform::{Backward, Mappings, Place};
use crate::model::{Op, PathSegment, Wanted};
use crate::value::Value;

/// A key, under each of its names; the first is the one to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) names: Vec<String>,
    /// What is written anew below it is a list of one.
    pub(super) list: bool,
}

/// One way to write a property.
pub(super) struct Way<'p> {
    pub(super) keys: Vec<Key>,
    /// The place in a mapping file, when it leads through one.
    pub(super) place: Option<Place<'p>>,
}

impl Key {
    pub(super) fn of(name: &str) -> Self {
        Self { names: vec![name.to_owned()], list: false }
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.names.iter().any(|it| it.eq_ignore_ascii_case(key))
    }

    pub(super) fn name(&self) -> String {
        self.names.first().cloned().unwrap_or_default()
    }
}

/// The keys of `keys`, of ARM, below the arguments that are written.
pub(super) fn flat(keys: &[&str], wrapped: bool, wanted: &Wanted<'_>, renamed: bool) -> Vec<Key> {
    match keys.split_first() {
        Some((first, below)) if first.eq_ignore_ascii_case("properties") => {
            let above = wrapped.then(|| Key::of(first));
            above.into_iter().chain(names(below, wanted, renamed)).collect()
        }
        _ => keys.iter().map(|it| Key::of(it)).collect(),
    }
}

fn names(keys: &[&str], wanted: &Wanted<'_>, renamed: bool) -> Vec<Key> {
    let mut path = String::new();
    let mut made = Vec::new();
    for key in keys {
        let own = if renamed { native_names(&wanted.resource.resource_type, &path, key) } else { None };
        // Inputs of azure-native start small, whatever Resource Manager does (`DisableLocalAuth`).
        let small = key.get(..1).map(str::to_ascii_lowercase).filter(|_| renamed);
        let small = small.map_or_else(|| (*key).to_owned(), |it| it + key.get(1..).unwrap_or(""));
        let written = own.map_or(small, str::to_owned);
        path = if path.is_empty() { written.clone() } else { format!("{path}.{written}") };
        let mut names = vec![written.clone()];
        if written != *key {
            names.push((*key).to_owned());
        }
        made.push(Key { names, list: false });
    }
    made
}

/// The keys of a cluster's object.
pub(super) fn of_cluster(keys: &[&str], spec: &[&str], secret: bool) -> Vec<Key> {
    let (above, below): (&[&str], &[&str]) = match keys.split_first() {
        Some((first, below)) if first.eq_ignore_ascii_case("properties") => (if secret { &[] } else { spec }, below),
        Some((first, _)) if matches!(*first, "annotations" | "labels" | "namespace" | "name") => (&["metadata"], keys),
        _ => (&[], keys),
    };
    above.iter().chain(below).map(|it| Key::of(it)).collect()
}

/// The ways through a mapping file.
pub(super) fn mapped<'p>(backward: &'p Backward, wanted: &Wanted<'_>, home: &Home) -> Vec<Way<'p>> {
    let Words::Mapped { camel, lists, .. } = &home.words else { return Vec::new() };
    let name = |it: &str| if *camel { camel_case(it) } else { it.to_owned() };
    let key = |it: &str, list: bool| Key { names: vec![name(it)], list };
    let places = backward.places(wanted).into_iter();
    places
        .map(|place| {
            let blocks = place.blocks.iter().map(|it| key(it, *lists));
            Way { keys: blocks.chain([key(place.name, false)]).collect(), place: Some(place) }
        })
        .collect()
}

/// The mapping file that words lead through, as azurerm's newest major that bridges are made of.
pub(super) fn backward(home: &Home, mappings: &Mappings) -> Result<Option<Backward>, Refusal> {
    let Words::Mapped { mapping, .. } = &home.words else { return Ok(None) };
    Backward::of(mappings, mapping, super::super::arguments::MAJOR).map(Some)
}

/// The keys of the changed path; an element of a list is not edited.
pub(super) fn keys<'w>(wanted: &Wanted<'w>) -> Result<Vec<&'w str>, Refusal> {
    let key = |it: &'w PathSegment| match it {
        PathSegment::Key(key) => Some(&**key),
        _ => None,
    };
    let keys: Option<Vec<&str>> = wanted.change.path.segments().iter().map(key).collect();
    keys.filter(|it| !it.is_empty()).ok_or_else(|| Refusal::new("an element of a list is not edited"))
}

/// The value to write, in the words of the way.
pub(super) fn spelled(
    way: &Way<'_>,
    backward: Option<&Backward>,
    wanted: &Wanted<'_>,
) -> Result<Option<Value>, Refusal> {
    let Op::Set(value) = &wanted.change.op else { return Ok(None) };
    match (&way.place, backward) {
        (Some(place), Some(backward)) => backward.spelled(place, value).map(Some),
        _ => Ok(Some(value.clone())),
    }
}

/// What is to be known of the way, of whose keys the first `depth` exist.
pub(super) fn advice(
    way: &Way<'_>,
    backward: Option<&Backward>,
    depth: usize,
    beside: &[Place<'_>],
) -> Result<Proposal, Refusal> {
    match (&way.place, backward) {
        (Some(place), Some(backward)) => backward.advice(place, depth, beside),
        _ => Ok(Proposal::default()),
    }
}

/// `httpsTrafficOnly` of `https_traffic_only`.
fn camel_case(snake: &str) -> String {
    let mut made = String::with_capacity(snake.len());
    let mut raise = false;
    for letter in snake.chars() {
        match letter {
            '_' => raise = true,
            it if raise => {
                made.push(it.to_ascii_uppercase());
                raise = false;
            }
            it => made.push(it),
        }
    }
    made
}

/// The argument whose change replaces the resource.
pub(super) fn replaces(way: &Way<'_>, backward: Option<&Backward>) -> Option<String> {
    let place = way.place.as_ref()?;
    backward?.replaces(place)
}

impl Way<'_> {
    /// True when nothing but the presence of what holds it says a value.
    pub(super) fn is_presence_of(&self, value: &Value) -> bool {
        self.place.as_ref().is_some_and(|it| it.is_presence_of(value))
    }
}
