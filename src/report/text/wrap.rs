//! Breaks a text into lines of a width, between words.

/// The lines of `text`, none longer than `width` characters unless a single word is.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let (mut line, mut length) = (String::with_capacity(paragraph.len().min(width)), 0);
        for word in paragraph.split_whitespace() {
            let more = word.chars().count();
            if !line.is_empty() && length + 1 + more > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if !line.is_empty() {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += more;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn words_stay_whole_and_lines_within_the_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("enormous", 3), ["enormous"]);
        assert_eq!(wrapped("a\nb", 9), ["a", "b"]);
    }
}
