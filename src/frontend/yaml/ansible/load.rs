//! What lies around a playbook or a task file: variables, roles and included task files.
//!
//! In: the documents of a file, and those of the other files of Ansible. Out: the documents with roles and includes in their places,
//! and [`Variables`]: of the role, of `group_vars` and `host_vars`, and of files that plays name. Inventories are not read, so a host's
//! groups are only those that a play names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::jinja::Variables;
use super::task::SECTIONS;
use crate::frontend::Files;
use crate::frontend::files::normalise;
use crate::parse::yaml;
use crate::source::SourceMap;
use crate::value::{Array, Entry, Object, Value, ValueKind};

/// Roles that use roles.
const MAX_DEPTH: usize = 8;

const INCLUDES: [&str; 4] = ["import_tasks", "include_tasks", "include_role", "import_role"];

/// The lists of tasks among the inputs, by path, and where variables come from.
pub(in crate::frontend::yaml) struct Library<'l> {
    pub(in crate::frontend::yaml) lists: &'l FxHashMap<PathBuf, Vec<Value>>,
    pub(in crate::frontend::yaml) files: &'l dyn Files,
    pub(in crate::frontend::yaml) sources: &'l mut SourceMap,
    /// Files that stand in the place of a role or an include.
    pub(in crate::frontend::yaml) used: Vec<PathBuf>,
}

impl Library<'_> {
    /// The documents with roles and includes in their places.
    pub(super) fn expanded(&mut self, documents: &[Value], directory: &Path) -> Vec<Value> {
        documents.iter().map(|document| self.list(document, directory, 0)).collect()
    }

    /// Everything that is known before the first task.
    pub(super) fn variables(&mut self, documents: &[Value], directory: &Path) -> Variables {
        let mut variables = Variables::default();
        let is_role = directory.file_name().is_some_and(|it| it == "tasks");
        // `site/roles/storage/tasks` belongs to the plays of `site`.
        let above = if is_role { directory.ancestors().nth(3) } else { Some(directory) };
        let hosts: Vec<String> = documents.iter().flat_map(hosts).collect();
        if is_role {
            variables.add(self.role_variables(directory, "defaults"));
        }
        for (folder, names) in [("group_vars", true), ("host_vars", false)] {
            let all = names.then(|| "all".to_owned());
            for name in all.iter().chain(&hosts) {
                let layer = above.map(|above| self.folder(&normalise(&above.join(folder)), name));
                variables.add(layer.unwrap_or_default());
            }
        }
        if is_role {
            variables.add(self.role_variables(directory, "vars"));
        }
        for name in documents.iter().flat_map(variable_files) {
            variables.add(self.file(&directory.join(name)).unwrap_or_default());
        }
        variables
    }

    fn list(&mut self, list: &Value, directory: &Path, depth: usize) -> Value {
        let ValueKind::Array(array) = &list.kind else { return list.clone() };
        let items = array.items.iter().map(|item| self.item(item, directory, depth)).collect();
        Value { kind: ValueKind::Array(Arc::new(Array { items, rest: array.rest.clone() })), ..list.clone() }
    }

    fn item(&mut self, item: &Value, directory: &Path, depth: usize) -> Value {
        let Some(object) = item.as_object().filter(|_| depth < MAX_DEPTH) else { return item.clone() };
        let mut made = object.clone();
        if let Some(entry) = object.get("roles") {
            let roles = entry.value.as_array().map_or(&[][..], |it| &it.items);
            let items = roles.iter().filter_map(|role| self.role(role, object, false, directory, depth)).collect();
            let value = Value::array(items, entry.value.span);
            made.entries.insert("roles".into(), Entry { key_span: entry.key_span, value });
        }
        let includes = object.entries.iter().find_map(|(key, entry)| {
            let name = key.strip_prefix("ansible.builtin.").unwrap_or(key);
            INCLUDES.contains(&name).then_some((name, entry))
        });
        if let Some((name, entry)) = includes {
            let found = if name.ends_with("_role") {
                self.role(&entry.value, object, true, directory, depth)
            } else {
                self.tasks(&entry.value, directory, depth)
            };
            if let Some(found) = found {
                let value = Value::array(vec![found], entry.value.span);
                made.entries.insert("block".into(), Entry { key_span: entry.key_span, value });
            }
        }
        for section in SECTIONS.iter().filter(|it| **it != "roles") {
            if let Some(entry) = object.get(section) {
                let value = self.list(&entry.value, directory, depth);
                made.entries.insert((*section).into(), Entry { key_span: entry.key_span, value });
            }
        }
        Value { kind: ValueKind::Object(Arc::new(made)), ..item.clone() }
    }

    /// A role as a block: what it is given over its `vars`, and what nobody gives from its `defaults`. What a task that includes it
    /// says wins over both, what a play says over the defaults only.
    fn role(&mut self, role: &Value, user: &Object, included: bool, directory: &Path, depth: usize) -> Option<Value> {
        let empty = Object::default();
        let object = role.as_object().unwrap_or(&empty);
        let named = ["role", "name"].iter().find_map(|key| object.value(key)).and_then(Value::as_str);
        let name = role.as_str().or(named)?;
        let main = object.value("tasks_from").and_then(Value::as_str).unwrap_or("main");
        // Of a playbook, of a role beside this one, or of a playbook in a directory of its own.
        let places = ["roles", "../..", "../roles"].map(|place| directory.join(place).join(name));
        let (tasks, home) = places.iter().find_map(|home| {
            let home = normalise(home);
            let found = self.found(&home.join("tasks").join(main))?;
            Some((found, home.join("tasks")))
        })?;
        let block = self.list(&tasks, &home, depth.saturating_add(1));
        let given = |object: &Object| object.value("vars").and_then(Value::as_object).cloned().unwrap_or_default();
        let (of_user, of_role) = (given(user), given(object));
        let mut vars = self.role_variables(&home, "defaults");
        vars.entries.retain(|key, _| of_user.get(key).is_none());
        let last = if included { of_user } else { Object::default() };
        for layer in [self.role_variables(&home, "vars"), of_role, object.clone(), last] {
            vars.entries.extend(layer.entries);
        }
        for key in ["role", "name", "vars", "when", "tags", "tasks_from"] {
            vars.entries.shift_remove(key);
        }
        let mut made = Object::default();
        made.insert("vars", role.span, Value::object(vars, role.span));
        made.insert("block", role.span, block);
        if let Some(when) = object.get("when") {
            made.entries.insert("when".into(), when.clone());
        }
        Some(Value::object(made, role.span))
    }

    /// An included file as a block.
    fn tasks(&mut self, include: &Value, directory: &Path, depth: usize) -> Option<Value> {
        let file = include.as_object().and_then(|it| it.value("file")).unwrap_or(include).as_str()?;
        let path = normalise(&directory.join(file));
        let tasks = self.found(&path)?;
        let block = self.list(&tasks, path.parent().unwrap_or(directory), depth.saturating_add(1));
        let mut made = Object::default();
        made.insert("block", include.span, block);
        Some(Value::object(made, include.span))
    }

    fn found(&mut self, path: &Path) -> Option<Value> {
        let endings = ["yml", "yaml"].map(|ending| path.with_extension(ending));
        let path = std::iter::once(path.to_path_buf()).chain(endings).find(|it| self.lists.contains_key(it))?;
        let documents = self.lists.get(&path)?;
        let tasks = documents.first().cloned();
        self.used.push(path);
        tasks
    }

    fn role_variables(&mut self, tasks: &Path, folder: &str) -> Object {
        self.folder(&normalise(&tasks.join("..").join(folder)), "main")
    }

    /// `name.yml`, `name.yaml`, or every file of `name`.
    fn folder(&mut self, folder: &Path, name: &str) -> Object {
        let mut found = Object::default();
        for ending in ["yml", "yaml"] {
            found.entries.extend(self.file(&folder.join(format!("{name}.{ending}"))).unwrap_or_default().entries);
        }
        let inside = folder.join(name);
        for listed in self.files.list(&inside).into_iter().filter(|it| !it.directory) {
            let path = inside.join(listed.name);
            if path.extension().is_some_and(|it| it == "yml" || it == "yaml") {
                found.entries.extend(self.file(&path).unwrap_or_default().entries);
            }
        }
        found
    }

    fn file(&mut self, path: &Path) -> Option<Object> {
        let path = normalise(path);
        let text = self.files.read(&path).ok()?;
        let file = self.sources.add(path.clone(), self.files.shown(&path), text.clone());
        let (documents, _) = yaml::parse(file, &text);
        documents.first()?.root.as_object().cloned()
    }
}

fn plays(document: &Value) -> impl Iterator<Item = &Object> {
    document.as_array().into_iter().flat_map(|it| &it.items).filter_map(Value::as_object)
}

/// The groups and hosts that plays are for, as far as they are plain names.
fn hosts(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for hosts in plays(document).filter_map(|play| play.value("hosts")) {
        match &hosts.kind {
            ValueKind::String(text) => found.extend(text.split([',', ':']).map(|it| it.trim().to_owned())),
            ValueKind::Array(array) => found.extend(array.items.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
    }
    let is_name = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    found.retain(|it| !it.is_empty() && it != "all" && it.chars().all(|letter| is_name(&letter)));
    found
}

fn variable_files(document: &Value) -> Vec<String> {
    let named = plays(document).filter_map(|play| play.value("vars_files")?.as_array());
    named.flat_map(|it| &it.items).filter_map(Value::as_str).map(str::to_owned).collect()
}
