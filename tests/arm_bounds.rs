//! Templates made to hang or to exhaust are bounded: each ends quickly, with a diagnostic, on a small stack.

use std::path::Path;
use std::time::{Duration, Instant};

use baalint::diagnostic::{Code, Diagnostic};
use baalint::frontend::MemoryFiles;
use baalint::frontend::arm::{Options, Templates};
use baalint::source::SourceMap;

/// Lowers a template on a stack as small as that of a worker thread.
fn lowered(text: String) -> (usize, Vec<Diagnostic>, Duration) {
    let work = move || {
        let start = Instant::now();
        let mut sources = SourceMap::default();
        sources.add(Path::new("main.json"), "main.json", text);
        let scanned = sources.files().to_vec();
        let (templates, mut diagnostics) =
            Templates::load(&scanned, &MemoryFiles::default(), &mut sources, &Options::default());
        let mut resources = 0;
        for unit in templates.units() {
            let lowered = templates.lower(unit);
            resources += lowered.resources.len();
            diagnostics.extend(lowered.diagnostics);
        }
        (resources, diagnostics, start.elapsed())
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread").join().expect("no panic")
}

fn template(sections: &str) -> String {
    format!(
        r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", {sections} }}"#
    )
}

fn resource(properties: &str) -> String {
    format!(
        r#""resources": [{{ "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-11-01", "name": "v",
        "properties": {properties} }}]"#
    )
}

#[test]
fn nothing_hangs_and_every_bound_is_told() {
    let doubling: Vec<String> = (1..=60)
        .map(|step| format!(r#""v{step}": "[createArray(variables('v{0}'), variables('v{0}'))]""#, step - 1))
        .collect();
    let chain: Vec<String> = (1..=2000).map(|step| format!(r#""v{step}": "[variables('v{}')]""#, step - 1)).collect();
    let many: Vec<String> = (0..30_000)
        .map(|index| {
            format!(r#"{{"type":"Microsoft.Network/natGateways","apiVersion":"2023-11-01","name":"n{index}"}}"#)
        })
        .collect();
    let copies = r#"{ "copy": [{ "name": "a", "count": 9999, "input": { "copy": [{ "name": "b", "count": 9999, "input": 1 }] } }] }"#;
    let lambdas =
        "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', map(range(0, 10000), lambda('c', 1))))))]";
    let deep = format!("[{}1{}]", "createArray(".repeat(60), ")".repeat(60));
    let cases = [
        ("nested loops", template(&resource(copies)), Code::Bound),
        ("nested lambdas", template(&resource(&format!(r#"{{ "a": "{lambdas}" }}"#))), Code::Bound),
        (
            "doubling values",
            template(&format!(
                r#""variables": {{ "v0": [1], {} }}, {}"#,
                doubling.join(","),
                resource(r#"{ "a": "[variables('v60')]" }"#)
            )),
            Code::Bound,
        ),
        (
            "a chain of variables",
            template(&format!(
                r#""variables": {{ "v0": 1, {} }}, {}"#,
                chain.join(","),
                resource(r#"{ "a": "[variables('v2000')]" }"#)
            )),
            Code::Bound,
        ),
        ("many resources", template(&format!(r#""resources": [{}]"#, many.join(","))), Code::Bound),
        ("deep values", template(&resource(&format!("{}1{}", "[".repeat(600), "]".repeat(600)))), Code::Bound),
        ("deep expression", template(&resource(&format!(r#"{{ "a": "{deep}", "b": "[f(" }}"#))), Code::Syntax),
    ];
    for (name, text, code) in cases {
        let (resources, diagnostics, time) = lowered(text.replace(r#""[f(""#, r#""[f(]""#));
        assert!(time < Duration::from_secs(20), "{name} took {time:?}");
        assert!(diagnostics.iter().any(|it| it.code == code), "{name}: {diagnostics:?}");
        assert!(resources > 0, "{name}");
        assert!(diagnostics.len() < 300, "{name}");
    }
}
