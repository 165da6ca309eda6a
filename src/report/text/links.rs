//! Places that a terminal opens: OSC 8 links around `main.tf:3:10` in the head of a snippet.
//!
//! In: a printed line. Out: the same line, its place linked to the file, when it is such a head. Colours may stand around it.

use std::fmt::Write as _;
use std::path::Path;

use crate::source::{SourceFile, SourceMap};

/// The line with its place as a link; nothing for a line that is no head of a snippet.
pub(super) fn linked(line: &str, sources: &SourceMap) -> Option<String> {
    let begin = line.find(['╭', ',']).filter(|at| line.get(..*at).is_some_and(|it| it.trim().is_empty()))?;
    let (file, start) = sources
        .files()
        .iter()
        .filter_map(|file| Some((file, line.get(begin..)?.find(&format!("{}:", file.shown()))? + begin)))
        // The longest path: others may end like it.
        .max_by_key(|(file, start)| (file.shown().len(), usize::MAX - start))?;
    let after = start + file.shown().len();
    let digits = |it: char| it.is_ascii_digit() || it == ':';
    let end = after + line.get(after..)?.find(|it| !digits(it)).unwrap_or(line.len() - after);
    let (before, place, rest) = (line.get(..start)?, line.get(start..end)?, line.get(end..)?);
    Some(format!("{before}\x1b]8;;{}\x1b\\{place}\x1b]8;;\x1b\\{rest}", address(file)))
}

/// `file:///w/in%20fra/main.tf`
fn address(file: &SourceFile) -> String {
    let path = std::path::absolute(file.path()).unwrap_or_else(|_| Path::new(file.shown()).to_path_buf());
    let mut address = "file://".to_owned();
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                address.push(char::from(byte));
            }
            _ => {
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::linked;
    use crate::source::SourceMap;

    #[test]
    fn the_place_in_the_head_of_a_snippet_is_a_link() {
        let mut sources = SourceMap::default();
        sources.add("/w/fra/main.tf", "fra/main.tf", "");
        sources.add("/w/in fra/main.tf", "in fra/main.tf", "");
        let link = "\x1b]8;;file:///w/in%20fra/main.tf\x1b\\in fra/main.tf:3:10\x1b]8;;\x1b\\";
        assert_eq!(linked("   ╭─[in fra/main.tf:3:10]", &sources), Some(format!("   ╭─[{link}]")));
        let coloured = linked("   ╭─[\x1b[36min fra/main.tf:3:10\x1b[0m]", &sources);
        assert_eq!(coloured, Some(format!("   ╭─[\x1b[36m{link}\x1b[0m]")));
        assert_eq!(linked(" 3 │ # see in fra/main.tf:3:10", &sources), None);
    }
}
