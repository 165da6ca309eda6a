//! The patterns of `fileset`: `*`, `**`, `?`, `[a-z]`, `{a,b}`.

/// The most patterns that braces may stand for.
const MAX_ALTERNATIVES: usize = 256;

/// The patterns without braces that a pattern stands for; `None` when they do not match up or are too many.
pub(super) fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(pattern) = waiting.pop() {
        let Some((before, rest)) = pattern.split_once('{') else {
            if pattern.contains('}') {
                return None;
            }
            done.push(pattern);
            continue;
        };
        let close = closing(rest)?;
        let (inside, after) = (rest.get(..close)?, rest.get(close + 1..)?);
        for choice in choices(inside) {
            waiting.push(format!("{before}{choice}{after}"));
        }
        if waiting.len() + done.len() > MAX_ALTERNATIVES {
            return None;
        }
    }
    Some(done)
}

/// Where the brace that was opened before `rest` closes.
fn closing(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Splits at commas outside inner braces.
fn choices(inside: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(inside.get(start..at).unwrap_or(""));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inside.get(start..).unwrap_or(""));
    parts
}

/// True when a path matches a pattern without braces.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let patterns: Vec<&str> = pattern.split('/').filter(|part| *part != ".").collect();
    let parts: Vec<&str> = path.split('/').collect();
    // Which prefixes of the path the patterns so far can match; no backtracking.
    let mut reached = vec![false; parts.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for pattern in patterns {
        let mut next = vec![false; parts.len() + 1];
        let mut open = false;
        for (at, reachable) in reached.iter().enumerate() {
            if pattern == "**" {
                open |= reachable;
                set(&mut next, at, open);
            } else if *reachable && parts.get(at).is_some_and(|part| name_matches(pattern, part)) {
                set(&mut next, at + 1, true);
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn set(flags: &mut [bool], at: usize, value: bool) {
    if let Some(flag) = flags.get_mut(at) {
        *flag |= value;
    }
}

/// One name against one pattern without slashes.
fn name_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        let stepped = match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
                continue;
            }
            Some(_) => one_matches(&pattern, at, name.get(from).copied().unwrap_or('\0')),
            None => None,
        };
        match (stepped, star) {
            (Some(next), _) => (at, from) = (next, from + 1),
            (None, Some((place, taken))) => {
                star = Some((place, taken + 1));
                (at, from) = (place + 1, taken + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(at..).unwrap_or(&[]).iter().all(|character| *character == '*')
}

/// Where the pattern goes on after it matched one character.
fn one_matches(pattern: &[char], at: usize, character: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '\\' => (pattern.get(at + 1) == Some(&character)).then_some(at + 2),
        '[' => {
            let close = pattern.iter().skip(at + 2).position(|it| *it == ']')? + at + 2;
            let class = pattern.get(at + 1..close)?;
            let (negated, class) = match class.split_first() {
                Some(('^' | '!', rest)) => (true, rest),
                _ => (false, class),
            };
            (in_class(class, character) != negated).then_some(close + 1)
        }
        other => (*other == character).then_some(at + 1),
    }
}

fn in_class(class: &[char], character: char) -> bool {
    let mut rest = class;
    loop {
        match rest {
            [low, '-', high, more @ ..] => {
                if (*low..=*high).contains(&character) {
                    return true;
                }
                rest = more;
            }
            [one, more @ ..] => {
                if *one == character {
                    return true;
                }
                rest = more;
            }
            [] => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_filesets_do() {
        let cases = [
            ("*.json", "a.json", true),
            ("*.json", "b/a.json", false),
            ("**/*.json", "a.json", true),
            ("**/*.json", "b/c/a.json", true),
            ("**", "b/c/a.json", true),
            ("b/**", "b/c/a.json", true),
            ("b/**", "c/a.json", false),
            ("?.[a-c]s", "x.bs", true),
            ("?.[^a-c]s", "x.bs", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZd", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
        let mut all = alternatives("{a,b{c,d}}.{x,y}").unwrap();
        all.sort();
        assert_eq!(all, ["a.x", "a.y", "bc.x", "bc.y", "bd.x", "bd.y"]);
        assert_eq!(alternatives("{a"), None);
        assert_eq!(alternatives(&"{a,b}".repeat(64)), None);
    }
}
