//! What JSON texts parse to: values with their places, and what is told of broken ones.

use super::*;

fn read(text: &str) -> (Option<Document>, Vec<Diagnostic>) {
    parse(FileId(0), text)
}

/// The value as compact JSON; what was not read is `?`.
fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Number(number) => number.to_string(),
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Unknown(_) => "?".into(),
        ValueKind::Array(array) => {
            let items = array.items.iter().map(shown).chain(array.rest.iter().map(|_| "...".into()));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        ValueKind::Object(object) => {
            let entries = object.entries.iter().map(|(key, it)| format!("{key:?}:{}", shown(&it.value)));
            let entries = entries.chain(object.rest.iter().map(|_| "...".into()));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

#[test]
fn what_resource_manager_accepts_is_read_without_a_word() {
    let cases = [
        ("{}", "{}"),
        ("\u{feff}{\"a\": 1}", r#"{"a":1}"#),
        ("{\r\n  \"a\": [1, 2,],\r\n}\r\n", r#"{"a":[1,2]}"#),
        ("// head\n{ /* in */ \"a\": true } // tail", r#"{"a":true}"#),
        ("{\"a\": \"two\nlines\"}", r#"{"a":"two\nlines"}"#),
        (r#"{"a": "\u00e9\n\"x\" \\ \/"}"#, r#"{"a":"é\n\"x\" \\ /"}"#),
        (r#"{"a\tb\r": "\n", "c": ["\\", "\"\"", "é\né"]}"#, r#"{"a\tb\r":"\n","c":["\\","\"\"","é\né"]}"#),
        ("[-1, 1.5, 1e3, 0x10, -9223372036854775808, 1e400]", "[-1,1.5,1000,16,-9223372036854775808,inf]"),
        ("null", "null"),
    ];
    for (text, expected) in cases {
        let (document, diagnostics) = read(text);
        assert_eq!(diagnostics, [], "{text}");
        assert_eq!(shown(&document.unwrap().root), expected, "{text}");
    }
}

#[test]
fn what_stands_before_an_error_is_kept_and_open() {
    let cases = [
        (r#"{"a": 1, "b": {"c": 2"#, r#"{"a":1,"b":{"c":2,...},...}"#, 1),
        (r#"{"a": [1, @"#, r#"{"a":[1,...],...}"#, 1),
        (r#"{"a": "open"#, "{...}", 1),
        (r#"{"a": "open\n"#, "{...}", 1),
        (r#"{"a": "open\"#, "{...}", 1),
        (r#"{"a" 1}"#, "{...}", 1),
        (r#"{"a": 1 "b": 2}"#, r#"{"a":1,"b":2}"#, 1),
        ("[1,,2]", "[1,2]", 1),
        ("{} {}", "{}", 1),
        (r#"{"a": }"#, r#"{"a":?,...}"#, 1),
        ("/* open", "", 1),
        ("", "", 1),
    ];
    for (text, expected, mistakes) in cases {
        let (document, diagnostics) = read(text);
        assert_eq!(document.map(|it| shown(&it.root)).unwrap_or_default(), expected, "{text}");
        assert_eq!(diagnostics.len(), mistakes, "{text}: {diagnostics:?}");
    }
}

#[test]
fn the_last_of_two_equal_keys_counts_and_is_told() {
    let (document, diagnostics) = read(r#"{"a": 1, "b": 2, "a": 3}"#);
    assert_eq!(shown(&document.unwrap().root), r#"{"a":3,"b":2}"#);
    let told: Vec<_> = diagnostics.iter().map(|it| (it.code, it.span.map(|span| span.start))).collect();
    assert_eq!(told, [(Code::Invalid, Some(17))]);
}

#[test]
fn spans_cover_quotes_and_brackets_behind_a_byte_order_mark() {
    let text = "\u{feff}{ \"key\": \"a\\nb\", \"list\": [ 1 ] } // end";
    let (document, _) = read(text);
    let document = document.unwrap();
    let slice = |span: Span| &text[span.start as usize..span.end as usize];
    let object = document.root.as_object().unwrap();
    let (key, list) = (object.get("key").unwrap(), object.get("list").unwrap());
    let spans = [document.root.span, key.key_span, key.value.span, list.value.span, document.comments[0]];
    let whole = "{ \"key\": \"a\\nb\", \"list\": [ 1 ] }";
    assert_eq!(spans.map(slice), [whole, "\"key\"", "\"a\\nb\"", "[ 1 ]", "// end"]);
}

#[test]
fn deep_nesting_is_a_diagnostic() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let (_, diagnostics) = read(&text);
        assert_eq!(diagnostics.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::Bound]);
    }
    let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(read(&fits).1, []);
}

#[test]
fn a_file_full_of_mistakes_is_given_up() {
    let (_, diagnostics) = read(&format!("[{}]", "1 ".repeat(10_000)));
    assert_eq!(diagnostics.len(), MAX_MISTAKES);
}
