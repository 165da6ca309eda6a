//! Tables: templates by the text Terraform makes of them, errors by their place and words, and bounds.

use std::fmt::Write as _;

use super::*;
use crate::diagnostic::Code;

/// The text of an expression in which every name stands for `X`, conditions hold and collections have two elements.
fn rendered(source: &str) -> String {
    let (file, diagnostics) = parse(FileId(0), source.into());
    assert!(diagnostics.is_empty(), "{source}: {diagnostics:#?}");
    let mut out = String::new();
    render(&file, file.body.attributes[0].value, &mut out);
    out
}

fn render(file: &File, id: ExprId, out: &mut String) {
    match &file.expr(id).kind {
        ExprKind::Literal(span) => out.push_str(file.slice(*span)),
        ExprKind::Decoded(text) => out.push_str(text),
        ExprKind::Template(list) => file.list(*list).iter().for_each(|part| render(file, *part, out)),
        ExprKind::TemplateIf { then, .. } => render(file, *then, out),
        ExprKind::TemplateFor(it) => (0..2).for_each(|_| render(file, it.value, out)),
        _ => out.push('X'),
    }
}

#[test]
fn templates_have_the_text_that_terraform_gives_them() {
    // The right column is what Terraform 1.11 printed for the left one.
    let cases = [
        ("<<EOT\n  a\n b\nEOT\n", "  a\n b\n"),
        ("<<-EOT\n    a\n      b\n\n    c\n    EOT\n", "a\n  b\n\nc\n"),
        ("<<-EOT\n    a\n  ${x}\n      b\n  EOT\n", "  a\nX\n    b\n"),
        ("<<-EOT\n    a\n \n    b\n  EOT\n", "a\n \nb\n"),
        ("<<-EOT\n\t\ta\n\t  b\n  EOT\n", "a\n b\n"),
        ("<<-EOT\n${x}\n    a\n  EOT\n", "X\n    a\n"),
        ("<<EOT\na\n  ${~ x}\nb\nEOT\n", "a\nX\nb\n"),
        ("<<EOT\n${x ~}\n   b\nEOT\n", "X   b\n"),
        (
            "<<-EOT\n    start\n    %{ if true ~}\n    yes\n    %{ endif ~}\n    end\n  EOT\n",
            "start\n    yes\n    end\n",
        ),
        (
            "<<-EOT\n    %{~ for a in [1,2] ~}\n    item ${a}\n    %{~ endfor ~}\n    end\n  EOT\n",
            "    item X\n    item X\n    end\n",
        ),
        (
            "<<-EOT\n    x\n    %{ for a in [1,2] }\n    item ${a}\n    %{ endfor }\n    end\n  EOT\n",
            "x\n\nitem X\n\nitem X\n\nend\n",
        ),
        ("\"a   ${~ x ~}   b\"\n", "aXb"),
        ("\"a  \\n ${~ x ~} \\n  b\"\n", "aXb"),
        ("\"a $ ${~ x ~} $ b\"\n", "a $X$ b"),
        ("\"$${a} %%{b} $$${a} $$ $ %\"\n", "${a} %{b} $${a} $$ $ %"),
        ("\"$$$${a}\"\n", "$$${a}"),
        ("<<EOT\n$${a} \\n \\\" %%{if}\nEOT\n", "${a} \\n \\\" %{if}\n"),
        ("<<EOT\n${x}\nEOT\n", "X\n"),
        ("<<EOT\nEOT\n", ""),
        ("<<-EOT\n  EOT", ""),
        ("<<EOT\na\nEOT  \n", "a\n"),
        ("<<EOT\nEOT x\n EOTx\nEOT\n", "EOT x\n EOTx\n"),
        ("\"\\u00e9\\U0001F600\"\n", "é😀"),
        ("<<EOT\n${x}EOT\nEOT\n", "XEOT\n"),
        ("<<-EOT\r\n  a\r\n    b\r\n  EOT\r\n", "a\r\n  b\r\n"),
        ("<<EOT\n%{ if true }\na\n%{ else }\nb\n%{ endif }\nEOT\n", "\na\n\n"),
        ("<<EOT\na\n\n\n${~ x ~}\n\n\nb\nEOT\n", "a\n\nX\n\nb\n"),
        ("<<-EOT\n    a ${x ~}\n      b\n    c\n  EOT\n", "a X      b\nc\n"),
        ("<<-EOT\n    $${a}\n      b\n  EOT\n", "${a}\n  b\n"),
        ("<<-EOT\n    $a\n      $ b\n  EOT\n", "$a\n  $ b\n"),
        ("<<EOT\n${upper(<<IN\nx\nIN\n)}\nEOT\n", "X\n"),
    ];
    for (source, expected) in cases {
        assert_eq!(rendered(&format!("v = {source}")), expected, "{source}");
    }
}

#[test]
fn errors_say_where_and_what_was_expected() {
    // Source, the text that the first diagnostic covers, its message, and what is kept.
    let cases = [
        ("a = \nb = 2", "\n", "expected an expression, found the end of the line", "a b"),
        ("a = 1 2\nb = 2", "2", "expected the end of the line, found `2`", "a b"),
        ("a = [1, 2\nb = 2\nc = 3", "b", "expected `,` or `]`, found `b`", "a b c"),
        ("a = (1\nb = 2", "b", "expected `)`, found `b`", "a b"),
        ("a = f(1\n", "", "expected `,` or `)`, found the end of the file", "a"),
        ("a = 'x'\nb = 2", "'", "expected an expression, found `'`", "a b"),
        ("a = \"x\nb = 2", "\n", "expected `\"` to end the string, found the end of the line", "a b"),
        ("a = \"\\d\"\nb = 2", "\\d", "`\\d` is not an escape", "a b"),
        ("a = <<EOT\nx\nb = 2", "<<EOT", "no line ends this heredoc: expected a line `EOT`", "a b"),
        ("a = 1\na = 2\nb = 3", "a", "`a` is set twice in this block", "a b"),
        ("a \"b\" {\n  c = 1\n", "a \"b\"", "this block is not closed", "a{c}"),
        ("a \"b\" {\n  c = 1\n\na \"d\" {\n  e = 1\n}\n", "a \"b\"", "this block is not closed", "a{c} a{e}"),
        ("}\nb = 2", "}", "expected a block or an argument, found `}`", "b"),
        (
            "a { b = 1, c = 2 }\nd = 1",
            ",",
            "expected `}` (a block on one line holds one argument), found `,`",
            "d a{b}",
        ),
        ("a {\n  b = 1 }\nc = 1", "}", "expected a new line before it, found `}`", "c a{b}"),
        ("\"a\" = 1\nb = 2", "\"", "expected a name, found `\"`", "b"),
        ("a: 1\nb = 2", ":", "expected `=` or `{`, found `:`", "b"),
        ("a = { b 1 }\nc = 2", "1", "expected `=` and the value of this key, found `1`", "a c"),
        (
            "a = [for x in y: k => x]\nc = 2",
            "=>",
            "expected `]` (a key takes the form `{for ... : key => value}`), found `=>`",
            "a c",
        ),
        ("a = \"%{if x}y\"\nb = 2", "%{if x", "this `%{ if }` has no `%{ endif }`", "a b"),
        ("a = x.\nb = 2", "\n", "expected the name of an attribute, found the end of the line", "a b"),
        ("a = 1 /* open\nb = 2", "/*", "this comment is not closed", "a"),
        (
            "a = x ? 1\nb = 2",
            "\n",
            "expected `:` and the value for when the condition is false, found the end of the line",
            "a b",
        ),
        ("r {\n  a = [\n    1\n  b = 2\n}\nc = 1", "b", "expected `,` or `]`, found `b`", "c r{a b}"),
    ];
    for (source, covered, message, kept) in cases {
        let (file, diagnostics) = parse(FileId(0), source.into());
        let first = diagnostics.first().unwrap_or_else(|| panic!("{source}: no diagnostic"));
        assert_eq!((file.slice(first.span.unwrap()), first.message.as_str()), (covered, message), "{source}");
        assert_eq!(outline(&file, &file.body), kept, "{source}");
        assert_eq!(diagnostics.len(), 1, "{source}: {diagnostics:#?}");
    }
}

fn outline(file: &File, body: &Body) -> String {
    let mut words: Vec<String> = body.attributes.iter().map(|it| file.slice(it.name).to_owned()).collect();
    words.extend(body.blocks.iter().map(|it| format!("{}{{{}}}", file.slice(it.kind), outline(file, &it.body))));
    words.join(" ")
}

#[test]
fn a_value_that_does_not_parse_stays_as_an_error() {
    let (file, _) = parse(FileId(0), "a = +\nb = 1".into());
    let kinds: Vec<bool> =
        file.body.attributes.iter().map(|it| matches!(file.expr(it.value).kind, ExprKind::Error)).collect();
    assert_eq!(kinds, [true, false]);
}

#[test]
fn nesting_and_chains_are_bounded() {
    let deep = |open: &str, close: &str| format!("a = {}1{}\nb = 2\n", open.repeat(100_000), close.repeat(100_000));
    let mut cases = vec![deep("[", "]"), deep("(", ")"), deep("{ a = ", "}"), deep("!", ""), deep("f(", ")")];
    cases.extend([deep("\"${", "}\""), deep("x ? 1 : ", ""), deep("1 + ", ""), deep("", ".a"), deep("", "[0]")]);
    cases.extend([deep("", "[*]"), deep("[for x in ", ": x]"), deep("[", ""), deep("f(", "")]);
    cases.push(format!("a = \"{}{}\"\nb = 2\n", "%{if x}".repeat(100_000), "%{endif}".repeat(100_000)));
    cases.push("x {\n".repeat(100_000) + &"}\n".repeat(100_000) + "b = 2\n");
    // A thread of a small stack: what does not fit here does not fit an editor's worker either.
    let run = move || {
        for source in cases {
            let (file, diagnostics) = parse(FileId(0), source.as_str().into());
            let head = &source[..20];
            let bound = diagnostics.iter().any(|it| it.code == Code::Bound);
            let unclosed = source.starts_with("a = [") || source.starts_with("a = \"");
            assert!(bound, "{head}: {:?}", diagnostics.first());
            assert!(
                unclosed || outline(&file, &file.body).ends_with('b') || outline(&file, &file.body).starts_with('b'),
                "{head}"
            );
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn time_grows_with_the_text_and_not_faster() {
    let mut cases = Vec::new();
    for line in
        ["a = [\n", "a = {\n", "a = <<E\n", "a {\n", "a = \"${\n", "/*\n", "a = f(\n", "\"", "a = (1\n", "a \"\n"]
    {
        cases.push(line.repeat(20_000));
    }
    let mut heredocs = String::new();
    (0..10_000).for_each(|number| writeln!(heredocs, "a = <<E{number}").unwrap());
    cases.push(heredocs);
    for source in cases {
        let start = std::time::Instant::now();
        let (_, diagnostics) = parse(FileId(0), source.as_str().into());
        assert!(!diagnostics.is_empty());
        assert!(start.elapsed().as_secs() < 5, "{:?}: {:?}", &source[..12], start.elapsed());
    }
}

#[test]
fn spans_cover_what_they_name() {
    let source = "resource \"t\" \"n\" {\n  a = f ( [1], x.y[0] ) + (2)\n}\n";
    let (file, _) = parse(FileId(0), source.into());
    let block = &file.body.blocks[0];
    assert_eq!(file.slice(block.header), "resource \"t\" \"n\"");
    assert_eq!(file.slice(block.span), source.trim_end());
    let attribute = &block.body.attributes[0];
    assert_eq!(file.slice(attribute.span), "a = f ( [1], x.y[0] ) + (2)");
    let texts: Vec<&str> = file.exprs.iter().map(|expr| file.slice(expr.span)).collect();
    assert_eq!(
        texts,
        ["1", "[1]", "x", "x.y", "0", "x.y[0]", "f ( [1], x.y[0] )", "2", "(2)", "f ( [1], x.y[0] ) + (2)"]
    );
}

#[test]
fn comments_are_listed_in_order_and_once() {
    let source = "# one\na = [ # two\n 1 /* three */, ] // four\nb = ( # five\n";
    let (file, _) = parse(FileId(0), source.into());
    let comments: Vec<&str> = file.comments.iter().map(|span| file.slice(*span)).collect();
    assert_eq!(comments, ["# one", "# two", "/* three */", "// four", "# five"]);
}

#[test]
fn a_lone_expression_and_a_lone_template_parse() {
    let (file, id, diagnostics) = parse_expression(FileId(0), "\n merge(\n a, { b = 1 })\n".into());
    assert!(diagnostics.is_empty());
    assert!(matches!(file.expr(id.unwrap()).kind, ExprKind::Call { .. }));
    let (file, id, diagnostics) = parse_template(FileId(0), "a \"quoted\" ${b}\n%{ if c }d%{ endif }".into());
    assert!(diagnostics.is_empty());
    let ExprKind::Template(list) = file.expr(id.unwrap()).kind else { panic!() };
    assert_eq!(file.list(list).len(), 4);
    assert!(parse_expression(FileId(0), "1 2".into()).1.is_none());
    assert!(parse_template(FileId(0), "%{ endif }".into()).1.is_none());
}

/// Whatever a text breaks off with, nothing is told of bytes that it does not have.
#[test]
fn every_span_lies_in_its_text() {
    fn all(body: &Body, spans: &mut Vec<crate::source::Span>) {
        spans.extend(body.attributes.iter().map(|it| it.span));
        for block in &body.blocks {
            spans.push(block.span);
            all(&block.body, spans);
        }
    }
    let texts = [
        "( }\nresource \"a\" \"b\" {\n  name = \"cliniclead\\",
        "a { b = ( \"é\\é\" c = <<EOT\n é ${\"\\u00e9\\U0001f600\"}\nEOT\n}\n",
        "é = \"日${ x ? [1, \"\\\u{1F600}\" : 2 }\" // é\n/* 日",
    ];
    let deep = format!("a = {}\u{5a2}\u{44c}", "[".repeat(300));
    let long = format!("a b\u{e9}{}", "\u{65e5}".repeat(60));
    for text in texts.into_iter().chain([&*deep, &*long]) {
        for cut in (0..=text.len()).filter(|it| text.is_char_boundary(*it)) {
            let text = &text[..cut];
            let (file, diagnostics) = parse(FileId(0), text.into());
            let mut spans: Vec<_> = diagnostics.iter().filter_map(|it| it.span).collect();
            all(&file.body, &mut spans);
            for span in spans {
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?} {span:?}");
            }
        }
    }
}
