//! A path into a resource body: `properties.networkAcls.ipRules[*].value`, as Azure Policy writes aliases.

use std::fmt;
use std::sync::Arc;

/// Segments from the body's root.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PropertyPath(Vec<PathSegment>);

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathSegment {
    /// Into the entry of this name; names fold case.
    Key(Arc<str>),
    /// Into every element of an array: `[*]`.
    Each,
    /// Into one element: `[0]`.
    Index(usize),
}

impl PropertyPath {
    /// The path of a text such as `properties.ipRules[*].value`, or `tags['a.b']`. Never fails: odd text is a key.
    pub fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (inner, after) = inside.split_once(']').unwrap_or((inside, ""));
                segments.push(bracketed(inner));
                rest = after.strip_prefix('.').unwrap_or(after);
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (key, after) = rest.split_at(end);
                segments.push(PathSegment::Key(key.into()));
                rest = after.strip_prefix('.').unwrap_or(after);
            }
        }
        Self(segments)
    }

    /// The segments, outermost first.
    pub fn segments(&self) -> &[PathSegment] {
        &self.0
    }

    /// This path and one segment more.
    #[must_use]
    pub fn join(&self, segment: PathSegment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The part of this path below `prefix`, when it lies below or is it.
    pub fn strip_prefix(&self, prefix: &Self) -> Option<&[PathSegment]> {
        let head = self.0.get(..prefix.0.len())?;
        let same = head.iter().zip(&prefix.0).all(|(a, b)| match (a, b) {
            (PathSegment::Key(a), PathSegment::Key(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        });
        if same { self.0.get(prefix.0.len()..) } else { None }
    }

    /// True when some segment is `[*]`.
    pub fn has_each(&self) -> bool {
        self.0.contains(&PathSegment::Each)
    }
}

fn bracketed(inner: &str) -> PathSegment {
    match inner.trim() {
        "*" => PathSegment::Each,
        inner => match inner.parse() {
            Ok(index) => PathSegment::Index(index),
            Err(_) => PathSegment::Key(inner.trim_matches(['\'', '"']).into()),
        },
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                PathSegment::Key(key) if key.contains(['.', '[']) => write!(out, "['{key}']")?,
                PathSegment::Key(key) => {
                    if index > 0 {
                        out.write_str(".")?;
                    }
                    out.write_str(key)?;
                }
                PathSegment::Each => out.write_str("[*]")?,
                PathSegment::Index(number) => write!(out, "[{number}]")?,
            }
        }
        Ok(())
    }
}

impl FromIterator<PathSegment> for PropertyPath {
    fn from_iter<I: IntoIterator<Item = PathSegment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::PropertyPath;

    #[test]
    fn paths_read_back_as_they_print() {
        for text in ["properties.a.b", "properties.rules[*].value", "tags['a.b']", "zones[0]", "a[*][*]"] {
            assert_eq!(PropertyPath::parse(text).to_string(), text);
        }
        let path = PropertyPath::parse("properties.rules[*].value");
        assert_eq!(path.strip_prefix(&PropertyPath::parse("Properties.rules[*]")).map(<[_]>::len), Some(1));
        assert!(path.strip_prefix(&PropertyPath::parse("properties.other")).is_none());
    }
}
