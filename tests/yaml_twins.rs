//! Every policy that reads one of five types says of the YAML twin of an example what it says of the example.
//!
//! The twins are made here: what an example lowers to becomes a Pulumi `azure-native` program and objects of Azure Service
//! Operator (`yaml_twins/bodies.rs`), a playbook of Ansible's modules and one of `azure_rm_resource` (`yaml_twins/ansible.rs`), and
//! objects of Crossplane's first provider (`yaml_twins/provider_azure.rs`); the arguments of a Terraform example become objects of Crossplane and a program of
//! Pulumi's classic provider (`yaml_twins/arguments.rs`). `tests/data/yaml_twins.yaml` lists what has no twin, each with
//! its reason; a listed twin that holds after all is an error.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test reads its data and says how much it held")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unnecessary_wraps, reason = "the writers of all languages have one shape")]

#[path = "yaml_twins/ansible.rs"]
mod ansible;
#[path = "yaml_twins/arguments.rs"]
mod arguments;
#[path = "yaml_twins/bodies.rs"]
mod bodies;
#[path = "yaml_twins/names.rs"]
mod names;
#[path = "yaml_twins/provider_azure.rs"]
mod provider_azure;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use baalint::eval::{Settings, Verdict, evaluate};
use baalint::examples;
use baalint::frontend::terraform::Mappings;
use baalint::model::{Lowered, ResourceGraph, ResourceType};
use baalint::parse::yaml;
use baalint::policy::example::{self, Example, Expected, Language};
use baalint::policy::{self, Policy, Types};
use baalint::source::SourceMap;
use baalint::value::{Value, ValueKind};

const FIVE: [&str; 5] = [
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Sql/servers",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.ContainerService/managedClusters",
];

/// A twin of an example.
struct Twin {
    text: String,
    /// Why it may say something else.
    other: Option<String>,
    /// What the resource that the example is about is called.
    meant: Option<String>,
}

#[test]
fn policies_say_of_yaml_twins_what_they_say_of_the_example() {
    let (mut sources, mappings) = (SourceMap::default(), Mappings::embedded());
    let mut told = Told::new();
    for (policy, examples) in policies(&mut sources) {
        for (number, example) in examples.iter().enumerate() {
            let directory = format!("examples/{}/{number}", policy.id);
            for (dialect, twin) in twins(&directory, example, &mut sources, &mappings) {
                let outcome = twin.and_then(|Twin { text, other, meant }| {
                    let verdict = judged(&policy, example, &text, meant.as_deref(), &mut sources, &mappings);
                    let holds = verdict == Some(expected(example));
                    if let Some(why) = other.filter(|_| !holds) {
                        return Err(why);
                    }
                    Ok((holds, format!("is {verdict:?}\n{text}")))
                });
                told.add(&policy, number, example, dialect, outcome);
            }
        }
    }
    told.finish();
}

/// The policies that judge one of the five types or what lies below one.
fn policies(sources: &mut SourceMap) -> Vec<(Policy, Vec<Example>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let five = FIVE.map(ResourceType::new);
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
        let path = entry.expect("policies/ can be walked").into_path();
        if path.extension().is_none_or(|it| it != "yaml") {
            continue;
        }
        let below = path.strip_prefix(&directory).expect("walked from there").with_extension("");
        let id = below.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&path).expect("a policy file is UTF-8");
        let file = sources.add(&path, id.as_str(), text.as_str());
        let Some(document) = yaml::parse(file, &text).0.into_iter().next() else { continue };
        let (Some(policy), _) = policy::compile(&id, &document.root) else { continue };
        let reads = match &policy.types {
            Types::All => false,
            Types::Only(types) => types.iter().any(|it| five.iter().any(|of| it == of || it.is_below(of))),
        };
        if reads {
            found.push((policy, example::read(&document.root).0));
        }
    }
    assert!(found.len() > 100, "{} policies read the five types", found.len());
    found
}

fn twins(
    directory: &str,
    example: &Example,
    sources: &mut SourceMap,
    mappings: &Mappings,
) -> Vec<(&'static str, Result<Twin, String>)> {
    let lowered = match example.language {
        Language::Yaml => return Vec::new(),
        Language::Terraform | Language::Azapi | Language::Arm => examples::lower(directory, example, sources, mappings),
    };
    let nullable = lowered.resources.iter().any(|it| may_be_null(&it.body)) && example.expected == Expected::Unknown;
    let arms = arm_types(&lowered);
    let bodies = bodies::Original::new(ResourceGraph::link(lowered));
    let mut found = vec![("pulumi", bodies.pulumi()), ("aso", bodies.service_operator())];
    let modules = ansible::playbook(&bodies, false);
    let first = |of: &Result<(String, BTreeSet<String>), String>| of.as_ref().ok().and_then(|it| it.1.first().cloned());
    let unsaid = first(&modules);
    let modules = modules.map(|(text, _)| text);
    let objects = provider_azure::objects(&bodies);
    let without_field = first(&objects);
    let objects = objects.map(|(text, _)| text);
    let generic = ansible::playbook(&bodies, true).map(|(text, _)| text);
    let by_name = example.resource.as_deref().and_then(|it| bodies.find(it)).map(ansible::name);
    if example.language == Language::Terraform && example.provider.is_none_or(|it| it == 4) {
        let (instances, _) = examples::instances(directory, example, sources);
        let arguments = arguments::Original::new(&instances, arms);
        found.extend([("crossplane", arguments.crossplane()), ("classic", arguments.classic())]);
    }
    let may_differ = nullable.then(|| "a value that may be null".to_owned());
    let meant = example.resource.as_deref().map(names::identifier);
    let with = |text: Result<String, String>, other: &Option<String>, meant: &Option<String>| {
        text.map(|text| Twin { text, other: other.clone(), meant: meant.clone() })
    };
    let mut twins: Vec<_> =
        found.into_iter().map(|(dialect, text)| (dialect, with(text, &may_differ, &meant))).collect();
    twins.push(("ansible-resource", with(generic, &may_differ, &by_name)));
    twins.push(("ansible", with(modules, &may_differ.clone().or(unsaid), &by_name)));
    twins.push(("provider-azure", with(objects, &may_differ.or(without_field), &meant)));
    twins
}

/// True for a body that holds what may or may not be there, which is said in Terraform only.
fn may_be_null(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Unknown(unknown) => !unknown.not_null,
        ValueKind::Array(array) => array.items.iter().any(may_be_null),
        ValueKind::Object(object) => object.entries.values().any(|it| may_be_null(&it.value)),
        _ => false,
    }
}

fn arm_types(lowered: &Lowered) -> BTreeMap<String, String> {
    lowered.resources.iter().map(|it| (it.address.to_string(), it.resource_type.to_string())).collect()
}

fn expected(example: &Example) -> Verdict {
    match example.expected {
        Expected::Fail => Verdict::Fail,
        Expected::Unknown => Verdict::Unknown,
        Expected::Pass => Verdict::Pass,
    }
}

/// The worst that a policy says of a text; an example that passes may also have nothing to judge.
fn judged(
    policy: &Policy,
    example: &Example,
    text: &str,
    meant: Option<&str>,
    sources: &mut SourceMap,
    mappings: &Mappings,
) -> Option<Verdict> {
    let mut lowered = examples::yaml_input("twin", text, sources, mappings);
    baalint::azure::expand(&mut lowered);
    let graph = ResourceGraph::link(lowered);
    let mut settings = Settings::default();
    for (key, entry) in &example.config.entries {
        settings.values.insert(key.clone(), entry.value.clone());
    }
    let verdicts = graph.indices().filter(|index| {
        let address = &graph.get(*index).address;
        // Ansible has `module[outer/name]`.
        let own = address.trim_end_matches(']').rsplit(['/', '[']).next().unwrap_or(address);
        meant.is_none_or(|meant| own == meant || own.split("__").next() == Some(meant))
    });
    let worst = verdicts.map(|index| evaluate(policy, &graph, index, &settings).verdict);
    let worst = worst.filter(|it| *it != Verdict::NotApplicable).min();
    worst.or((expected(example) == Verdict::Pass && !graph.indices().collect::<Vec<_>>().is_empty())
        .then_some(Verdict::Pass))
}

/// What came out, held against the list of exceptions.
struct Told {
    exceptions: BTreeMap<String, BTreeMap<String, String>>,
    used: BTreeSet<(String, String)>,
    held: BTreeMap<&'static str, usize>,
    firing: BTreeMap<&'static str, BTreeSet<String>>,
    without: BTreeMap<(&'static str, String), usize>,
    /// Policies with an example that fails, by dialect: each must fire on some twin.
    must_fire: BTreeMap<&'static str, BTreeSet<String>>,
    wrong: Vec<String>,
}

impl Told {
    fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/yaml_twins.yaml");
        let text = std::fs::read_to_string(path).expect("the list of exceptions");
        let exceptions = serde_yaml::from_str(&text).expect("dialect to example to reason");
        Self {
            exceptions,
            used: BTreeSet::new(),
            held: BTreeMap::new(),
            firing: BTreeMap::new(),
            without: BTreeMap::new(),
            must_fire: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }

    fn add(
        &mut self,
        policy: &Policy,
        number: usize,
        example: &Example,
        dialect: &'static str,
        outcome: Result<(bool, String), String>,
    ) {
        let key = format!("{}: {}", policy.id, example.name);
        let listed = self.exceptions.get(dialect).is_some_and(|it| it.contains_key(&key));
        // Nobody asks a dialect about types that it has no kind for.
        let no_kind = dialect == "provider-azure" && outcome.as_ref().is_err_and(|why| why.starts_with("no kind"));
        if example.expected == Expected::Fail && !no_kind {
            self.must_fire.entry(dialect).or_default().insert(policy.id.to_string());
        }
        match outcome {
            Err(why) => *self.without.entry((dialect, why)).or_default() += 1,
            Ok((true, _)) => {
                *self.held.entry(dialect).or_default() += 1;
                if example.expected == Expected::Fail {
                    self.firing.entry(dialect).or_default().insert(policy.id.to_string());
                }
            }
            Ok((false, _)) if listed => {
                self.used.insert((dialect.to_owned(), key));
            }
            Ok((false, what)) => {
                self.wrong.push(format!("{dialect}: {key} ({number}) must {:?}, {what}", example.expected));
            }
        }
    }

    fn finish(mut self) {
        for (dialect, count) in &self.held {
            let firing = self.firing.get(dialect).map_or(0, BTreeSet::len);
            println!("{dialect}: {count} twins hold, {firing} policies fire");
        }
        for ((dialect, why), count) in &self.without {
            println!("{dialect}: {count} examples without a twin: {why}");
        }
        let mut silent = Vec::new();
        for (dialect, policies) in &self.must_fire {
            for policy in policies {
                let fires = self.firing.get(dialect).is_some_and(|it| it.contains(policy));
                let listed = self.exceptions.get(*dialect).is_some_and(|it| it.contains_key(policy));
                if listed && !fires {
                    self.used.insert(((*dialect).to_owned(), policy.clone()));
                } else if !fires {
                    silent.push(format!("{dialect}: {policy}"));
                }
            }
        }
        assert!(silent.is_empty(), "policies that fire on no twin\n{}", silent.join("\n"));
        let listed =
            self.exceptions.iter().flat_map(|(dialect, of)| of.keys().map(move |key| (dialect.clone(), key.clone())));
        let idle: Vec<String> =
            listed.filter(|it| !self.used.contains(it)).map(|(dialect, key)| format!("{dialect}: {key}")).collect();
        assert!(self.wrong.is_empty(), "{} twins differ\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert!(idle.is_empty(), "exceptions that hold after all:\n{}", idle.join("\n"));
    }
}
