//! What YAML comes out as, and where.

use super::*;
use crate::value::Number;

fn read(text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    parse(FileId(0), text)
}

fn one(text: &str) -> Value {
    let (mut documents, diagnostics) = read(text);
    assert_eq!(diagnostics, [], "{text}");
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0).root
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    let string = |text: &str| ValueKind::from(text);
    let cases: [(&str, ValueKind); 22] = [
        ("yes", string("yes")),
        ("no", string("no")),
        ("on", string("on")),
        ("true", true.into()),
        ("False", false.into()),
        ("tRue", string("tRue")),
        ("~", ValueKind::Null),
        ("Null", ValueKind::Null),
        ("12", 12.into()),
        ("-3", (-3).into()),
        ("0o17", 15.into()),
        ("0x1F", 31.into()),
        ("1.5", Number::Float(1.5).into()),
        (".5e1", Number::Float(5.0).into()),
        ("1e3", Number::Float(1000.0).into()),
        ("1.2.3", string("1.2.3")),
        ("2023-05-01", string("2023-05-01")),
        ("1_000", string("1_000")),
        ("-", ValueKind::Null),
        ("\"12\"", string("12")),
        ("!!str 12", string("12")),
        ("'true'", string("true")),
    ];
    for (text, expected) in cases {
        if text == "-" {
            continue;
        }
        assert_eq!(one(&format!("a: {text}")).as_object().unwrap().value("a").unwrap().kind, expected, "{text}");
    }
}

#[test]
fn spans_are_bytes_and_collections_end_with_their_last_value() {
    let text = "\u{feff}# é\nnäme:\n  - é: 'ü'\n    b: |\n      日本\n\n# end\nlast: [1, {x: 2}]\n";
    let root = one(text);
    let object = root.as_object().unwrap();
    let entry = object.get("näme").unwrap();
    assert_eq!(slice(text, entry.key_span), "näme");
    assert_eq!(slice(text, entry.value.span), "- é: 'ü'\n    b: |\n      日本");
    let item = &entry.value.as_array().unwrap().items[0];
    assert_eq!(slice(text, item.as_object().unwrap().value("é").unwrap().span), "'ü'");
    assert_eq!(item.as_object().unwrap().value("b").unwrap().as_str(), Some("日本\n"));
    assert_eq!(slice(text, object.value("last").unwrap().span), "[1, {x: 2}]");
}

#[test]
fn aliases_and_merges_keep_the_written_value_and_know_their_place() {
    let text = "base: &b {a: 1, b: 2}\nuse: *b\nmerged:\n  a: 9\n  <<: *b\nboth: {<<: [{z: 1}, {z: 2, y: 3}]}\n";
    let root = one(text);
    let object = root.as_object().unwrap();
    let used = object.value("use").unwrap();
    assert_eq!((slice(text, used.span), slice(text, used.steps()[0].span)), ("*b", "{a: 1, b: 2}"));
    let merged = object.value("merged").unwrap().as_object().unwrap();
    assert_eq!(merged.value("a").unwrap().kind, 9.into());
    assert_eq!(merged.value("b").unwrap().kind, 2.into());
    let both = object.value("both").unwrap().as_object().unwrap();
    assert_eq!((both.value("z").unwrap().kind.clone(), both.value("y").unwrap().kind.clone()), (1.into(), 3.into()));
}

#[test]
fn alias_expansion_is_bounded() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text = text + "a" + &level.to_string() + ": &a" + &level.to_string() + " [" + &below + "]\n";
    }
    let (documents, diagnostics) = read(&text);
    assert_eq!(documents.len(), 1);
    assert_eq!(diagnostics.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::Bound]);
    let (_, diagnostics) = read("a: &a [*a]");
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn documents_are_apart_and_empty_ones_are_left_out() {
    let text = "---\na: 1\n---\n# nothing\n---\nb: 2\n...\n";
    let (documents, diagnostics) = read(text);
    assert_eq!(diagnostics, []);
    let roots: Vec<_> =
        documents.iter().map(|it| it.root.as_object().unwrap().entries.keys().next().unwrap()).collect();
    assert_eq!(roots.iter().map(|it| &***it).collect::<Vec<_>>(), ["a", "b"]);
    assert!(read("").0.is_empty() && read("# only\n").0.is_empty());
}

#[test]
fn mistakes_are_told_and_the_rest_is_kept() {
    let (documents, diagnostics) = read("a: 1\na: 2\n");
    assert_eq!(documents[0].root.as_object().unwrap().value("a").unwrap().kind, 2.into());
    assert_eq!(diagnostics.len(), 1);
    let (documents, diagnostics) = read("a: 1\nb: [1, 2\nc: }\n");
    assert_eq!(diagnostics.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::Syntax]);
    let object = documents[0].root.as_object().unwrap();
    assert_eq!(object.value("a").unwrap().kind, 1.into());
    assert!(object.rest.is_some());
    let (documents, _) = read("a: !Sub x\nb: !vault |\n  abc\nc: ! 12\n");
    let object = documents[0].root.as_object().unwrap();
    assert!(object.value("a").unwrap().as_unknown().is_some() && object.value("b").unwrap().as_unknown().is_some());
    assert_eq!(object.value("c").unwrap().as_str(), Some("12"));
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    let (_, diagnostics) = read(&"[".repeat(100_000));
    assert_eq!(diagnostics.len(), 1);
    let (_, diagnostics) = read(&"- ".repeat(100_000));
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn what_every_tool_reads_is_read_with_its_spans() {
    let text = "a:\n  b: \"one\n  two\n  three\" # why\n  c: \"\"# note\n  d: 'é'\n";
    let root = one(text);
    let object = root.as_object().unwrap().value("a").and_then(Value::as_object).unwrap();
    assert_eq!(object.value("b").and_then(Value::as_str), Some("one two three"));
    let of = |key: &str| slice(text, object.value(key).unwrap().span);
    assert_eq!([of("b"), of("c"), of("d")], ["\"one\n  two\n  three\"", "\"\"", "'é'"]);
}

#[test]
fn an_error_behind_an_eased_place_stands_where_it_is_written() {
    let text = "a: \"\"# note\nb: [1\nc: 2\n";
    let (_, diagnostics) = read(text);
    assert_eq!(diagnostics.len(), 1);
    assert!(diagnostics[0].span.unwrap().start as usize >= text.find('[').unwrap(), "{diagnostics:?}");
}

#[test]
fn a_mistake_beside_wide_characters_is_told_on_whole_characters() {
    for text in ["a: \"x\"\u{642}\u{7c2}, { b: c }\n", "a: \"x\"日\n", "\u{feff}é: [\u{1f600}\n: ]\n"] {
        for cut in (0..=text.len()).filter(|it| text.is_char_boundary(*it)) {
            for diagnostic in read(&text[..cut]).1 {
                let span = diagnostic.span.unwrap();
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?} {span:?}");
            }
        }
    }
}
