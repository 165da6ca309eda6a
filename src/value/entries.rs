//! The entries of an object, in the order of the text.
//!
//! In: keys and values, one after the other. Out: the same by key, by position, in order. Nearly every object of an input
//! has a handful of keys, which are compared faster than they are hashed; a table of them is made for the large ones only.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Entry;

/// As many entries are looked through before a table of them is worth its memory.
const SMALL: usize = 16;

/// The most entries that room is made for before they come.
const FEW: usize = 64;

/// Entries by key, in the order in which they were first set.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    list: Vec<(Arc<str>, Entry)>,
    /// Positions by key, once there are many.
    places: Option<Box<FxHashMap<Arc<str>, u32>>>,
}

impl Entries {
    /// The entries of a list; of two with one key the last value counts, at the place of the first: `told` is called with
    /// the key and the place of each such later entry.
    pub fn of(list: Vec<(Arc<str>, Entry)>, told: &mut dyn FnMut(&Arc<str>, &Entry)) -> Self {
        let mut made = Self { list, places: None };
        if made.list.len() <= SMALL && !has_twins(&made.list) {
            return made;
        }
        for (key, entry) in std::mem::take(&mut made.list) {
            if made.position(&key).is_some() {
                told(&key, &entry);
            }
            made.insert(key, entry);
        }
        made
    }

    /// Gives back the room that no entry is in.
    pub(super) fn shrink(&mut self) {
        self.list.shrink_to_fit();
    }

    /// Room for so many.
    pub fn with_capacity(entries: usize) -> Self {
        Self { list: Vec::with_capacity(entries), places: None }
    }

    /// Entries of which no two have one key.
    pub(crate) fn distinct(list: Vec<(Arc<str>, Entry)>) -> Self {
        let mut made = Self { list, places: None };
        debug_assert!(!has_twins(&made.list), "every key is there once");
        made.renumber();
        made
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The entry of exactly this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.get_key_value(key).map(|(_, entry)| entry)
    }

    /// The key as it is kept, and its entry.
    pub fn get_key_value(&self, key: &str) -> Option<(&Arc<str>, &Entry)> {
        self.position(key).and_then(|at| self.get_index(at))
    }

    /// The entry of exactly this key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.position(key).and_then(|at| self.list.get_mut(at)).map(|(_, entry)| entry)
    }

    /// Key and entry at a position.
    pub fn get_index(&self, at: usize) -> Option<(&Arc<str>, &Entry)> {
        self.list.get(at).map(|(key, entry)| (key, entry))
    }

    /// Key and entry at a position, the entry to be changed.
    pub fn get_index_mut(&mut self, at: usize) -> Option<(&Arc<str>, &mut Entry)> {
        self.list.get_mut(at).map(|(key, entry)| (&*key, entry))
    }

    /// The first entry.
    pub fn first(&self) -> Option<(&Arc<str>, &Entry)> {
        self.get_index(0)
    }

    /// True when there is an entry of exactly this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// The entry of this key whatever its case; an exact match wins, else the first.
    pub fn get_ignore_case(&self, key: &str) -> Option<(&Arc<str>, &Entry)> {
        if self.places.is_some()
            && let Some(found) = self.get_key_value(key)
        {
            return Some(found);
        }
        let mut folded = None;
        for (candidate, entry) in &self.list {
            if candidate.len() == key.len() && candidate.eq_ignore_ascii_case(key) {
                if **candidate == *key {
                    return Some((candidate, entry));
                }
                folded = folded.or(Some((candidate, entry)));
            }
        }
        folded
    }

    /// Sets a key; gives what it was set to before. A key that is there keeps its place.
    pub fn insert(&mut self, key: Arc<str>, entry: Entry) -> Option<Entry> {
        if let Some((_, old)) = self.position(&key).and_then(|at| self.list.get_mut(at)) {
            return Some(std::mem::replace(old, entry));
        }
        self.push(key, entry);
        None
    }

    /// The place of a key, to be filled when it is vacant.
    pub fn entry(&mut self, key: Arc<str>) -> Place<'_> {
        Place { entries: self, key }
    }

    /// Takes a key out; those after it move up.
    pub fn shift_remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.position(key)?;
        let (_, entry) = self.list.remove(at);
        self.renumber();
        Some(entry)
    }

    /// Puts the keys into their own order.
    pub fn sort_keys(&mut self) {
        self.list.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.renumber();
    }

    /// Keeps those entries of which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Arc<str>, &mut Entry) -> bool) {
        self.list.retain_mut(|(key, entry)| keep(key, entry));
        self.renumber();
    }

    /// Keys and entries.
    pub fn iter(&self) -> Iter<'_> {
        self.list.iter().map(|(key, entry)| (key, entry))
    }

    /// Keys and entries, the entries to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        self.list.iter_mut().map(|(key, entry)| (&*key, entry))
    }

    /// The keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> + ExactSizeIterator + Clone {
        self.list.iter().map(|(key, _)| key)
    }

    /// The entries.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator + Clone {
        self.list.iter().map(|(_, entry)| entry)
    }

    /// The entries, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Entry> + ExactSizeIterator {
        self.list.iter_mut().map(|(_, entry)| entry)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).map(|at| *at as usize),
            None => self.list.iter().position(|(candidate, _)| **candidate == *key),
        }
    }

    fn push(&mut self, key: Arc<str>, entry: Entry) {
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), place(self.list.len()));
        }
        self.list.push((key, entry));
        if self.places.is_none() && self.list.len() > SMALL {
            self.renumber();
        }
    }

    fn renumber(&mut self) {
        let number = |(at, (key, _)): (usize, &(Arc<str>, Entry))| (key.clone(), place(at));
        self.places = (self.list.len() > SMALL).then(|| Box::new(self.list.iter().enumerate().map(number).collect()));
    }
}

/// Where a key is, or would be.
pub struct Place<'e> {
    entries: &'e mut Entries,
    key: Arc<str>,
}

impl<'e> Place<'e> {
    /// What is there, or else `entry`, put there.
    pub fn or_insert(self, entry: Entry) -> &'e mut Entry {
        self.or_insert_with(|| entry)
    }

    /// What is there, or else what `make` gives, put there.
    pub fn or_insert_with(self, make: impl FnOnce() -> Entry) -> &'e mut Entry {
        let Self { entries, key } = self;
        let at = entries.position(&key).unwrap_or_else(|| {
            entries.push(key, make());
            entries.len() - 1
        });
        entries.list.get_mut(at).map(|(_, entry)| entry).expect("it was found or put there")
    }
}

/// Keys and entries in order.
pub(crate) type Iter<'e> =
    std::iter::Map<std::slice::Iter<'e, (Arc<str>, Entry)>, fn(&'e (Arc<str>, Entry)) -> (&'e Arc<str>, &'e Entry)>;

/// Keys and entries in order, the entries to be changed.
pub(crate) type IterMut<'e> = std::iter::Map<
    std::slice::IterMut<'e, (Arc<str>, Entry)>,
    fn(&'e mut (Arc<str>, Entry)) -> (&'e Arc<str>, &'e mut Entry),
>;

impl<'e> IntoIterator for &'e mut Entries {
    type Item = (&'e Arc<str>, &'e mut Entry);
    type IntoIter = IterMut<'e>;

    fn into_iter(self) -> IterMut<'e> {
        self.iter_mut()
    }
}

impl<'e> IntoIterator for &'e Entries {
    type Item = (&'e Arc<str>, &'e Entry);
    type IntoIter = Iter<'e>;

    fn into_iter(self) -> Iter<'e> {
        self.iter()
    }
}

impl IntoIterator for Entries {
    type Item = (Arc<str>, Entry);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Entry)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Extend<(Arc<str>, Entry)> for Entries {
    fn extend<I: IntoIterator<Item = (Arc<str>, Entry)>>(&mut self, entries: I) {
        for (key, entry) in entries {
            self.insert(key, entry);
        }
    }
}

impl FromIterator<(Arc<str>, Entry)> for Entries {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Entry)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let (least, most) = entries.size_hint();
        let mut made = Self { list: Vec::with_capacity(most.unwrap_or(least).min(FEW)), places: None };
        made.extend(entries);
        made
    }
}

/// Objects are equal whatever the order of their entries.
impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, entry)| other.get(key) == Some(entry))
    }
}

fn has_twins(list: &[(Arc<str>, Entry)]) -> bool {
    list.iter().enumerate().any(|(at, (key, _))| list.iter().take(at).any(|(before, _)| before == key))
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("every entry has bytes of a text below 4 GiB")
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::source::{FileId, Span};
    use crate::value::Value;

    fn entry(number: i64) -> Entry {
        let span = Span::new(FileId(0), 0, 0);
        Entry { key_span: span, value: Value::new(number, span) }
    }

    /// The same steps on an ordered map of another make give the same entries, few or many.
    #[test]
    fn entries_are_an_ordered_map() {
        for keys in [3_u64, 14, 40, 300] {
            let (mut ours, mut theirs) = (Entries::default(), IndexMap::<Arc<str>, Entry>::default());
            let mut state = keys;
            for step in 0..2000_i64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let key: Arc<str> = format!("k{}", (state >> 33) % keys).into();
                match (state >> 20) % 8 {
                    0 => assert_eq!(ours.shift_remove(&key), theirs.shift_remove(&key)),
                    1 => assert_eq!(
                        *ours.entry(key.clone()).or_insert(entry(step)),
                        *theirs.entry(key).or_insert(entry(step))
                    ),
                    2 if step % 50 == 0 => {
                        ours.sort_keys();
                        theirs.sort_keys();
                    }
                    3 => assert_eq!(ours.get(&key), theirs.get(&key)),
                    4 => assert_eq!(ours.get_ignore_case(&key.to_uppercase()), theirs.get_key_value(&key)),
                    _ => assert_eq!(ours.insert(key.clone(), entry(step)), theirs.insert(key, entry(step))),
                }
                assert!(ours.iter().eq(theirs.iter()));
            }
        }
    }

    #[test]
    fn of_a_list_with_twins_the_last_counts_at_the_place_of_the_first() {
        for more in [0, 40] {
            let mut list: Vec<(Arc<str>, Entry)> =
                vec![("a".into(), entry(1)), ("b".into(), entry(2)), ("a".into(), entry(3))];
            list.extend((0..more).map(|at| (format!("x{at}").into(), entry(at))));
            let mut told = Vec::new();
            let made = Entries::of(list, &mut |key, _| told.push(key.clone()));
            assert_eq!(told, ["a".into()]);
            let first: Vec<_> =
                made.iter().take(2).map(|(key, it)| (&**key, it.value.as_number().unwrap().as_i64())).collect();
            assert_eq!(first, [("a", Some(3)), ("b", Some(2))]);
        }
    }

    #[test]
    fn an_exact_key_wins_over_one_in_another_case() {
        for more in [0, 40] {
            let mut made: Entries = (0..more).map(|at| (format!("x{at}").into(), entry(at))).collect();
            made.insert("Name".into(), entry(1));
            made.insert("name".into(), entry(2));
            assert_eq!(made.get_ignore_case("name").map(|(key, _)| &**key), Some("name"));
            assert_eq!(made.get_ignore_case("NAME").map(|(key, _)| &**key), Some("Name"));
        }
    }
}
