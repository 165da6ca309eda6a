//! The chain of a customer-managed key: what is encrypted with the keys of a vault, a key or a disk encryption set.
//!
//! In: a resource in its graph. Out: the resources whose data the keys of that resource guard, across modules and files:
//! links that lead from a type that takes a key to the key, its vault or its encryption set. Knows the types from data and no policy.

use crate::azure::cmk;
use crate::model::{EdgeKind, Lookup, PropertyPath, Resource, ResourceGraph, ResourceIndex, ResourceType};
use crate::source::Span;

/// Vault, key and encryption set, disk: longer chains do not occur.
const LINKS: usize = 4;

/// What holds keys, and what stands between a key and the data.
const HOLDERS: [&str; 5] = [
    "Microsoft.KeyVault/vaults",
    "Microsoft.KeyVault/vaults/keys",
    "Microsoft.KeyVault/managedHSMs",
    "Microsoft.KeyVault/managedHSMs/keys",
    "Microsoft.Compute/diskEncryptionSets",
];

const VAULTS: [&str; 2] = ["Microsoft.KeyVault/vaults", "Microsoft.KeyVault/managedHSMs"];

/// The resources that the keys of this one encrypt, in the order of the text; none when it holds no key.
pub(super) fn encrypted_with(graph: &ResourceGraph, holder: ResourceIndex) -> Vec<ResourceIndex> {
    let mut found = Vec::new();
    if is_holder(&graph.get(holder).resource_type) {
        follow(graph, holder, LINKS, &mut found);
        found.sort_unstable();
        found.dedup();
    }
    found
}

fn follow(graph: &ResourceGraph, holder: ResourceIndex, links: usize, found: &mut Vec<ResourceIndex>) {
    // A vault is named for its secrets too; a key or an encryption set is named to encrypt.
    let is_vault = VAULTS.iter().any(|it| graph.get(holder).resource_type == **it);
    for edge in graph.edges_to(holder).iter().filter(|edge| links > 0 && edge.kind != EdgeKind::Scope) {
        let from = &graph.get(edge.from).resource_type;
        if is_holder(from) {
            follow(graph, edge.from, links - 1, found);
        } else if edge.kind == EdgeKind::Reference && (!is_vault || names_key(graph.get(edge.from), edge.span)) {
            found.extend(cmk::key_paths(from.as_str()).map(|_| edge.from));
        }
    }
}

fn is_holder(resource_type: &ResourceType) -> bool {
    HOLDERS.iter().any(|it| *resource_type == **it)
}

/// True when a link stands where a resource names its key.
fn names_key(resource: &Resource, link: Span) -> bool {
    let paths = cmk::key_paths(resource.resource_type.as_str()).unwrap_or_default();
    paths.iter().filter_map(|path| path.split("[*]").next()?.rsplit_once('.')).any(|(beside, _)| {
        let mut found = false;
        if let Lookup::Found(value, _) = resource.lookup(&PropertyPath::parse(beside)) {
            value.for_each_reference(&mut |_, span| found |= span == link);
        }
        found
    })
}
