//! The page of a policy, as a file that an editor can open.
//!
//! In: where policies come from, and an id. Out: a path: the policy's own file where a team has one, else a page in Markdown
//! that is written to the directory for temporary files. Works offline, like everything else.

use std::path::PathBuf;

use crate::lint::findings::policy_facts;
use crate::lint::library::Shelves;
use crate::lint::{policies, policy_file};
use crate::policy::Policy;

/// The file that describes a policy, or what to tell instead.
pub(super) fn of(shelves: &Shelves, id: &str) -> Result<PathBuf, String> {
    if let Some(file) = policy_file(shelves, id) {
        return Ok(file);
    }
    let (policies, _, _) = policies(shelves);
    let policy = policies.iter().find(|it| *it.id == *id).ok_or_else(|| format!("there is no policy `{id}`"))?;
    let name = format!("{}.md", id.replace(['/', '\\'], "-"));
    let directory = std::env::temp_dir().join(concat!("baalint-", env!("CARGO_PKG_VERSION")));
    let file = directory.join(name);
    #[expect(clippy::disallowed_methods, reason = "an editor opens files, so the page has to be one")]
    let written = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&file, page(policy)));
    written.map(|()| file).map_err(|error| format!("the page of `{id}` could not be written: {error}"))
}

fn page(policy: &Policy) -> String {
    let facts = policy_facts(policy);
    let mut lines = vec![format!("# {}", facts.title), String::new()];
    lines.push(format!("`{}`, {}, {}", facts.id, facts.severity.as_str(), facts.category));
    lines.extend([
        String::new(),
        facts.why.clone(),
        String::new(),
        "## HIPAA Security Rule, 45 CFR".to_owned(),
        String::new(),
    ]);
    lines.extend(facts.citations.iter().map(|it| format!("- {} {} ({})", it.id, it.title, it.status)));
    for (language, fix) in &facts.fix {
        let fix = fix.trim_end();
        lines.extend([String::new(), format!("## Fix ({language})"), String::new()]);
        lines.extend(["```".to_owned(), fix.to_owned(), "```".to_owned()]);
    }
    if !facts.equivalents.is_empty() {
        lines.extend([String::new(), format!("The same elsewhere: {}", facts.equivalents.join(", "))]);
    }
    lines.join("\n") + "\n"
}
