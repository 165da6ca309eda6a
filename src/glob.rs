//! Globs over ids, addresses and paths: `*` is any text, `?` any character, everything else is itself.
//!
//! Brackets mean nothing here, because addresses have them: `azurerm_subnet.s["*"]`.

/// True when `text` fits `glob`.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star is, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(expected) if *expected == '?' || text.get(read) == Some(expected) => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((position, taken)) => {
                    star = Some((position, taken + 1));
                    at = position + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(at).all(|rest| *rest == '*')
}

/// True when `path` fits `glob`; a glob without a slash is for the name alone, `dir/` is for all below.
pub fn matches_path(glob: &str, path: &str) -> bool {
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    if let Some(directory) = glob.strip_suffix('/') {
        return matches(&format!("{directory}/*"), path);
    }
    if !glob.contains('/') {
        return matches(glob, path.rsplit('/').next().unwrap_or(path)) || matches(glob, path);
    }
    let anywhere = glob.strip_prefix("**/");
    matches(glob, path) || anywhere.is_some_and(|rest| matches(rest, path))
}

#[cfg(test)]
mod tests {
    use super::{matches, matches_path};

    #[test]
    fn stars_take_any_text_and_brackets_are_themselves() {
        let cases = [
            ("storage/*", "storage/plain-http", true),
            ("*", "", true),
            ("*http", "storage/plain-http", true),
            ("storage/plain", "storage/plain-http", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("x[\"*\"]", "x[\"a\"]", true),
            ("a*b*c", "axbxbxc", true),
            ("a*b*c", "axbxbx", false),
            ("日*", "日本", true),
        ];
        for (glob, text, fits) in cases {
            assert_eq!(matches(glob, text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn a_path_glob_without_a_slash_is_for_the_name() {
        let cases = [
            ("main.tf", "infra/main.tf", true),
            ("infra/", "infra/a/main.tf", true),
            ("infra/", "infra2/main.tf", false),
            ("**/dev/*", "dev/main.tf", true),
            ("**/dev/*", "a/dev/main.tf", true),
            ("./infra/*.tf", "infra/main.tf", true),
        ];
        for (glob, path, fits) in cases {
            assert_eq!(matches_path(glob, path), fits, "{glob} {path}");
        }
    }
}
