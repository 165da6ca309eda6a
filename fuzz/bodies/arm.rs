//! Template expressions: whatever stands in a string of a template.

use std::sync::LazyLock;

use super::text;
use baalint::frontend::arm::evaluate_text;
use baalint::parse::json;
use baalint::source::{FileId, Span};
use baalint::value::Value;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    json::parse(FileId(0), include_str!("../../fixtures/expressions/arm-context.json")).0.expect("a fixture").root
});

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data).filter(|it| it.len() < 60_000) else { return };
    // The seeds are bare expressions; what is in brackets already stays as it is.
    let text = if text.starts_with('[') { text.to_owned() } else { format!("[{}]", text.trim_end()) };
    let end = u32::try_from(text.len() + 2).expect("it is short");
    let (_, diagnostics) = evaluate_text(&TEMPLATE, &text, Span::new(FileId(0), 0, end));
    for span in diagnostics.iter().filter_map(|it| it.span) {
        assert!(span.start <= span.end, "{span:?}");
        assert!(
            span.file != FileId(0) || span.end <= end || usize::try_from(span.end).is_ok_and(in_template),
            "{span:?}"
        );
    }
}

/// What is told of a parameter's default is told where it is written.
fn in_template(end: usize) -> bool {
    end <= include_str!("../../fixtures/expressions/arm-context.json").len()
}
