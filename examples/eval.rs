use baalint::frontend::terraform::*;
use baalint::frontend::{Files, Listed, ReadError};
use baalint::source::SourceMap;
use baalint::value::*;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;
struct Disk(PathBuf);
impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Arc<str>, ReadError> {
        if !path.starts_with(&self.0) {
            return Err(ReadError::Outside);
        }
        std::fs::read_to_string(path).map(Arc::from).map_err(|e| {
            if e.kind() == std::io::ErrorKind::NotFound { ReadError::NotFound } else { ReadError::Other(e.to_string()) }
        })
    }
    fn list(&self, d: &Path) -> Vec<Listed> {
        if !d.starts_with(&self.0) {
            return vec![];
        }
        let mut v: Vec<Listed> = std::fs::read_dir(d)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| Listed { name: e.file_name().to_string_lossy().into_owned(), directory: e.path().is_dir() })
            .collect();
        v.sort();
        v
    }
    fn shown(&self, p: &Path) -> String {
        p.strip_prefix(&self.0).unwrap_or(p).to_string_lossy().into_owned()
    }
}
fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let verbose = args.iter().position(|a| a == "-v").map(|i| args.remove(i)).is_some();
    let dir = PathBuf::from(&args[0]);
    let mut options = Options::default();
    for f in &args[1..] {
        options.variable_files.push(f.into());
    }
    let start = std::time::Instant::now();
    let files = Disk(dir.clone());
    let mut sources = SourceMap::default();
    let mut scanned = vec![];
    for e in ignore::WalkBuilder::new(&dir).sort_by_file_path(|a, b| a.cmp(b)).build().flatten() {
        let n = e.file_name().to_string_lossy().into_owned();
        if e.file_type().is_some_and(|t| t.is_file())
            && (n.ends_with(".tf") || n.ends_with(".tf.json") || n.ends_with(".tofu") || n.ends_with(".tfvars"))
        {
            if let Ok(t) = std::fs::read_to_string(e.path()) {
                let id = sources.add(e.path(), files.shown(e.path()), t);
                scanned.push(sources.get(id).unwrap().clone());
            }
        }
    }
    let n = scanned.len();
    let (project, mut diags) = Project::load(scanned, &files, &mut sources, &options);
    eprintln!("load {:?} files {n} roots {}", start.elapsed(), project.roots().len());
    let results: Vec<_> = project
        .roots()
        .par_iter()
        .map(|r| {
            let s = std::time::Instant::now();
            let e = project.evaluate(r);
            (r, e, s.elapsed())
        })
        .collect();
    eprintln!("eval {:?}", start.elapsed());
    let mut total = Statistics::default();
    for (root, (instances, d, stats), time) in results {
        if verbose {
            println!("ROOT {} {} instances {:?}", root.shown, instances.len(), time);
        }
        diags.extend(d);
        total.add(&stats);
        if verbose {
            for i in &instances {
                println!("  {} {:?}", i.address, i.presence != baalint::model::Presence::Certain);
                walk(&i.body, "", &sources);
            }
        }
    }
    diags.sort();
    diags.dedup();
    let mut by = std::collections::BTreeMap::new();
    for d in &diags {
        *by.entry(d.code.as_str()).or_insert(0) += 1;
    }
    println!("diagnostics {by:?}");
    for d in diags.iter().filter(|d| d.code.as_str() != "missing-module").take(15) {
        let (f, l) = d
            .span
            .and_then(|s| sources.get(s.file).map(|f| (f.shown().to_owned(), f.line_col(s.start).line)))
            .unwrap_or((d.path.clone().unwrap_or_default(), 0));
        println!("  {} {f}:{l} {}", d.code.as_str(), d.message);
    }
    let unk: usize = total.unknown.values().sum();
    println!(
        "instances {} known {} unknown {} ({:.1}%) {:?}",
        total.instances,
        total.known,
        unk,
        100.0 * unk as f64 / (unk + total.known).max(1) as f64,
        total.unknown
    );
    let mut reasons: Vec<_> = total.reasons.iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (r, c) in reasons.iter().take(40) {
        println!("  {c:6} {r}");
    }
}
fn walk(v: &Value, path: &str, s: &SourceMap) {
    match &v.kind {
        ValueKind::Unknown(u) => println!(
            "    {path} = ? {} [{}] refs {:?}",
            u.reason,
            s.slice(v.span).chars().take(80).collect::<String>(),
            u.references.iter().map(|r| format!("{}|{}", r.address, r.attribute)).collect::<Vec<_>>()
        ),
        ValueKind::Array(a) => {
            for (i, x) in a.items.iter().enumerate() {
                walk(x, &format!("{path}[{i}]"), s);
            }
            if let Some(r) = &a.rest {
                println!("    {path}[...] = ? {}", r.reason);
            }
        }
        ValueKind::Object(o) => {
            for (k, e) in &o.entries {
                walk(&e.value, &format!("{path}.{k}"), s);
            }
            if let Some(r) = &o.rest {
                println!("    {path}.... = ? {}", r.reason);
            }
        }
        ValueKind::Null => println!("    {path} = null"),
        ValueKind::String(t) => println!("    {path} = {:?}", t.chars().take(80).collect::<String>()),
        ValueKind::Bool(t) => println!("    {path} = {t}"),
        ValueKind::Number(t) => println!("    {path} = {t}"),
    }
}
