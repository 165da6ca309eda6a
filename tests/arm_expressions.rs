//! Every function of template expressions gives what the documentation says: the table in `fixtures/expressions/arm.txt`.

use baalint::diagnostic::Diagnostic;
use baalint::frontend::arm::evaluate_text;
use baalint::parse::json;
use baalint::source::{FileId, Span};
use baalint::value::{Value, ValueKind};

const TABLE: &str = include_str!("../fixtures/expressions/arm.txt");
const CONTEXT: &str = include_str!("../fixtures/expressions/arm-context.json");

#[test]
fn functions_give_what_is_documented() {
    let template = json::parse(FileId(0), CONTEXT).0.unwrap().root;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let Some((expression, expected)) = line.rsplit_once(" -> ") else { continue };
        count += 1;
        let text = format!("[{expression}]");
        let span = Span::new(FileId(0), 0, u32::try_from(text.len() + 2).unwrap());
        let (value, diagnostics) = evaluate_text(&template, &text, span);
        if let Some(found) = difference(&value, &diagnostics, expected) {
            wrong.push(format!("{expression}\n    expected {expected}\n    found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "the table has only {count} cases");
}

/// What was found instead of the expected, when it is something else.
fn difference(value: &Value, diagnostics: &[Diagnostic], expected: &str) -> Option<String> {
    let messages: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
    let found = format!("{} {messages:?}", shown(value));
    let quoted = |rest: &str| rest.trim().trim_matches('"').to_owned();
    let fits = if let Some(message) = expected.strip_prefix("error") {
        let unknown = value.as_unknown().is_some() || value.as_array().is_some_and(|it| it.rest.is_some());
        unknown && messages.iter().any(|it| it.contains(&quoted(message)))
    } else if let Some(symbol) = expected.strip_prefix("unknown") {
        let actual = value.as_unknown().map(|it| it.symbol.as_deref().unwrap_or("").to_owned());
        messages.is_empty() && actual.is_some_and(|it| symbol.is_empty() || it == quoted(symbol))
    } else if let Some(items) = expected.strip_suffix("...") {
        messages.is_empty() && shown(value) == format!("{items}...")
    } else {
        let wanted: serde_json::Value = serde_json::from_str(expected).expect("the table holds JSON");
        messages.is_empty() && serde_json::from_str::<serde_json::Value>(&shown(value)).ok() == Some(wanted)
    };
    (!fits).then_some(found)
}

/// A value as JSON; what is not known shows as its symbol.
fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::String(text) => serde_json::Value::from(&**text).to_string(),
        ValueKind::Unknown(unknown) => format!("<{} {:?}>", unknown.reason, unknown.symbol),
        ValueKind::Array(array) => {
            let items: Vec<String> = array.items.iter().map(shown).collect();
            format!("[{}]{}", items.join(","), if array.rest.is_some() { "..." } else { "" })
        }
        ValueKind::Object(object) => {
            let entries = object.entries.iter();
            let entries: Vec<String> =
                entries.map(|(key, it)| format!("{}:{}", serde_json::Value::from(&**key), shown(&it.value))).collect();
            format!("{{{}}}{}", entries.join(","), if object.rest.is_some() { "..." } else { "" })
        }
    }
}

#[test]
fn a_mistake_points_into_the_text() {
    let template = json::parse(FileId(0), CONTEXT).0.unwrap().root;
    let text = "[concat('a', parameters('nowhere'))]";
    let span = Span::new(FileId(0), 100, 100 + u32::try_from(text.len()).unwrap() + 2);
    let (_, diagnostics) = evaluate_text(&template, text, span);
    let at = diagnostics[0].span.unwrap();
    // The quote of the JSON string is byte 100.
    let slice = &text[at.start as usize - 101..at.end as usize - 101];
    assert_eq!(slice, "parameters('nowhere')");
}
