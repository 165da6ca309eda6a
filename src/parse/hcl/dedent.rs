//! What `<<-` heredocs and `~` strip markers take away from the literal text around them.
//!
//! Follows HCL to the letter: the pieces are lines as the scanner cuts them, and a marker strips one piece only.

use super::template::Part;
use super::text::Text;

/// Takes the indentation that all lines share from every line.
pub(super) fn dedent(parts: &mut [Part], source: &str) {
    let mut shared = usize::MAX;
    let mut starts_line = true;
    let mut indented = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let Part::Text(text) = part else {
            if starts_line {
                shared = 0;
            }
            starts_line = false;
            continue;
        };
        let content = text.as_str(source);
        if starts_line {
            let trimmed = content.trim_start();
            // A blank line does not count.
            if !trimmed.is_empty() || !content.ends_with('\n') {
                let blanks = content.get(..content.len() - trimmed.len()).unwrap_or("");
                shared = shared.min(blanks.chars().count());
                indented.push(index);
            }
        }
        starts_line = content.ends_with('\n');
    }
    for index in indented {
        if let Some(Part::Text(text)) = parts.get_mut(index) {
            let cut = text.as_str(source).chars().take(shared).map(char::len_utf8).sum();
            text.cut_start(cut);
        }
    }
}

/// `~}`: takes the blanks from the start of the piece that follows.
pub(super) fn strip_start(text: &mut Text, source: &str) {
    let content = text.as_str(source);
    let cut = content.len() - content.trim_start().len();
    text.cut_start(cut);
}

/// `${~`: takes the blanks from the end of the piece before.
pub(super) fn strip_end(text: &mut Text, source: &str) {
    let content = text.as_str(source);
    let cut = content.len() - content.trim_end().len();
    text.cut_end(cut);
}
