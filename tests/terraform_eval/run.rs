//! A configuration in memory and what it evaluates to, as text.

use baalint::diagnostic::Diagnostic;
use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{Instance, Options, Project};
use baalint::source::SourceMap;
use baalint::value::{Value, ValueKind};

/// A configuration in memory, loaded.
pub(crate) struct Run {
    pub(crate) files: MemoryFiles,
    pub(crate) sources: SourceMap,
    pub(crate) options: Options,
}

impl Run {
    pub(crate) fn new(texts: &[(&str, &str)]) -> Self {
        let mut files = MemoryFiles::default();
        for (path, text) in texts {
            files.insert(path, *text);
        }
        Self { files, sources: SourceMap::default(), options: Options::default() }
    }

    pub(crate) fn with<T>(&mut self, work: impl FnOnce(&mut Project<'_>, Vec<Diagnostic>) -> T) -> T {
        let mut scanned = Vec::new();
        for (path, text) in self.files.iter() {
            if !path.starts_with("elsewhere") && !path.to_string_lossy().contains(".terraform") {
                let id = self.sources.add(path, path.to_string_lossy(), text.clone());
                scanned.push(self.sources.get(id).unwrap().clone());
            }
        }
        let (mut project, diagnostics) = Project::load(scanned, &self.files, &mut self.sources, &self.options);
        work(&mut project, diagnostics)
    }

    /// The instances and diagnostics of the only root.
    pub(crate) fn evaluate(&mut self) -> (Vec<Instance>, Vec<Diagnostic>) {
        self.with(|project, mut diagnostics| {
            assert_eq!(project.roots().len(), 1, "{:?}", project.roots());
            let (instances, mut more) = project.evaluate(&project.roots()[0]);
            diagnostics.append(&mut more);
            (instances, diagnostics)
        })
    }

    pub(crate) fn text(&self, span: baalint::source::Span) -> &str {
        self.sources.slice(span)
    }
}

pub(crate) fn evaluate(text: &str) -> (Vec<Instance>, Vec<Diagnostic>) {
    Run::new(&[("main.tf", text)]).evaluate()
}

/// A value as a line of text: `?reason` for unknown, `...` for an unknown rest.
pub(crate) fn show(value: &Value) -> String {
    match &value.kind {
        ValueKind::Null => "null".into(),
        ValueKind::Bool(it) => it.to_string(),
        ValueKind::Number(it) => it.to_string(),
        ValueKind::String(it) => format!("{it:?}"),
        ValueKind::Unknown(it) => {
            let references: Vec<String> =
                it.references.iter().map(|it| format!(" {}|{}", it.address, it.attribute)).collect();
            let prefix = it.prefix.as_ref().map(|prefix| format!(" {prefix:?}")).unwrap_or_default();
            format!("?{}{prefix}{}{}", it.reason.kind(), references.concat(), if it.not_null { "!" } else { "" })
        }
        ValueKind::Array(it) => {
            let rest = it.rest.as_ref().map(|_| "...".to_owned());
            let items: Vec<String> = it.items.iter().map(show).chain(rest).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Object(it) => {
            let rest = it.rest.as_ref().map(|_| "...".to_owned());
            let entry = |(key, entry): (_, &baalint::value::Entry)| format!("{key}={}", show(&entry.value));
            let entries: Vec<String> = it.entries.iter().map(entry).chain(rest).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

pub(crate) fn argument(instance: &Instance, path: &str) -> String {
    let mut value = &instance.body;
    for step in path.split('.') {
        let next = match &value.kind {
            ValueKind::Object(object) => object.value(step),
            ValueKind::Array(array) => step.parse().ok().and_then(|index: usize| array.items.get(index)),
            _ => None,
        };
        let Some(next) = next else { return "absent".into() };
        value = next;
    }
    show(value)
}
