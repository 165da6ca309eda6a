//! Terraform in memory: loaded, evaluated, lowered and linked; `==> name` opens another file.

use std::sync::LazyLock;

use super::{files, hold, lies, text};
use baalint::azure;
use baalint::frontend::MemoryFiles;
use baalint::frontend::terraform::{self, Mappings, Options, Project};
use baalint::model::{Dialect, ResourceGraph};
use baalint::source::SourceMap;

static MAPPINGS: LazyLock<Mappings> = LazyLock::new(Mappings::embedded);

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (mut memory, mut sources, mut scanned) = (MemoryFiles::default(), SourceMap::default(), Vec::new());
    for (name, text) in files(text, "main.tf") {
        memory.insert(name, text);
    }
    for (path, text) in memory.iter() {
        let id = sources.add(path, path.to_string_lossy(), text.clone());
        scanned.extend(sources.get(id).cloned());
    }
    let (project, diagnostics) = Project::load(scanned, &memory, &mut sources, &Options::default());
    hold(&diagnostics, &sources);
    for root in project.roots() {
        let (instances, diagnostics) = project.evaluate(root);
        hold(&diagnostics, &sources);
        let mut lowered = terraform::lower(&instances, &MAPPINGS, Dialect::Terraform);
        azure::expand(&mut lowered);
        hold(&lowered.diagnostics, &sources);
        let graph = ResourceGraph::link(lowered);
        graph.resources.iter().for_each(|it| lies(it.span, &sources));
    }
}
