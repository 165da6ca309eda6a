//! Version constraints, as far as majors go.
//!
//! In: `~> 3.0`, `>= 3.0, < 4.0`, `= 3.1`. Out: the newest major that all of them allow.

use std::sync::Arc;

/// The newest major up to `newest` that every constraint allows; `None` when nothing constrains, or nothing is allowed.
pub(crate) fn newest_major(constraints: &[Arc<str>], newest: u8) -> Option<u8> {
    let parts: Vec<Constraint> =
        constraints.iter().flat_map(|text| text.split(',')).filter_map(Constraint::read).collect();
    if parts.iter().all(|part| part.operator == "!=") {
        return None;
    }
    (1..=newest).rev().find(|major| parts.iter().all(|part| part.allows(*major)))
}

struct Constraint<'t> {
    operator: &'t str,
    version: Vec<u64>,
}

impl<'t> Constraint<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|character: char| character.is_ascii_digit())?;
        let operator = text.get(..digits)?.trim().trim_end_matches('v').trim();
        let number = text.get(digits..)?;
        let number = number.split(['-', '+', ' ']).next().unwrap_or(number);
        let version = number.split('.').map_while(|part| part.parse().ok()).collect();
        Some(Self { operator, version })
    }

    /// Whether some version of this major is allowed.
    fn allows(&self, major: u8) -> bool {
        let Some(first) = self.version.first().copied() else { return true };
        let major = u64::from(major);
        let zero = self.version.iter().skip(1).all(|part| *part == 0);
        match self.operator {
            ">" | ">=" => major >= first,
            "<" => major < first || (major == first && !zero),
            "<=" => major <= first,
            // `~> 3` is any from 3 on below 4, but with a single part the last one moves: any from 3 on.
            "~>" if self.version.len() == 1 => major >= first,
            "" | "=" | "~>" => major == first,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_allowed_major_is_taken() {
        let cases: [(&[&str], Option<u8>); 11] = [
            (&["~> 3.0"], Some(3)),
            (&[">= 3.0, < 4.0"], Some(3)),
            (&["= 3.1"], Some(3)),
            (&["3.1.0"], Some(3)),
            (&[">= 3.0"], Some(5)),
            (&[">= 3.116, < 5.0.0"], Some(4)),
            (&[">= 2.99", "~> 3.50"], Some(3)),
            (&["< 4.1"], Some(4)),
            (&[], None),
            (&["~> 9.0"], None),
            (&["= 3.1", "= 4.0"], None),
        ];
        for (texts, major) in cases {
            let constraints: Vec<Arc<str>> = texts.iter().map(|text| Arc::from(*text)).collect();
            assert_eq!(newest_major(&constraints, 5), major, "{texts:?}");
        }
    }
}
