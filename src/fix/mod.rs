//! From a violation to edits: what must change, said by `eval`; where, said by the front end of the resource's language.
//!
//! In: a policy, the resources that fail it for the same text, the texts of the run. Out: a [`Proposal`] or the reason why
//! there is none. Pure: `lint` tries proposals out and rolls back what does not hold, the command line writes.

use crate::edit::{Proposal, Refusal};
use crate::eval::{self, Remedied, Settings};
use crate::frontend::arm;
use crate::frontend::terraform::{self, Mappings};
use crate::frontend::yaml;
use crate::model::{Addition, Dialect, Resource, ResourceGraph, ResourceIndex, Wanted};
use crate::policy::{Category, Policy};
use crate::snippet;
use crate::source::SourceMap;

/// What every proposal of a run is made with.
#[derive(Debug)]
pub struct Workshop<'w> {
    /// Every text.
    pub sources: &'w SourceMap,
    /// Trees of the Terraform texts.
    pub terraform: terraform::fix::Trees<'w>,
    /// JSON templates.
    pub arm: arm::fix::Documents<'w>,
    /// YAML texts.
    pub yaml: yaml::fix::Documents<'w>,
    /// The mapping files.
    pub mappings: &'w Mappings,
    /// Configured values.
    pub settings: &'w Settings,
    /// Every root of the run.
    pub graphs: &'w [ResourceGraph],
}

/// A resource of a run: the position of its graph, and its own in there.
pub type Member = (usize, ResourceIndex);

impl Workshop<'_> {
    /// The edits after which all `members` keep the policy. They fail it for the same text.
    pub fn propose(&self, policy: &Policy, members: &[Member]) -> Result<Proposal, Refusal> {
        let mut whole: Option<Proposal> = None;
        for (at, index) in members {
            let Some(graph) = self.graphs.get(*at) else { continue };
            let missing = policy.remedy.add.as_ref();
            let stated = !policy.remedy.set.is_empty();
            let missing = missing.filter(|it| !stated || present(it, graph, *index).is_none());
            if let Some(addition) = missing {
                let one = self.draft(policy, addition, graph, *index)?;
                let holes: Vec<&str> = one.edits.iter().flat_map(|it| snippet::holes(&it.replacement)).collect();
                if !holes.is_empty() {
                    return Err(Refusal::new(format!("needs a decision: {}", holes.join(", "))));
                }
                match &mut whole {
                    Some(whole) => whole.join(one)?,
                    None => whole = Some(one),
                }
                continue;
            }
            let changes = match eval::changes(policy, graph, *index, self.settings) {
                Remedied::Changes(changes) => changes,
                Remedied::Decision(what) => return Err(Refusal::new(format!("needs a decision: {what}"))),
                Remedied::Nothing => return Err(Refusal::new("no single change follows from the policy")),
            };
            let resource = graph.get(*index);
            let wanted: Vec<Wanted<'_>> = changes.iter().map(|it| Wanted::new(graph, *index, it)).collect();
            let mut one = match resource.dialect {
                Dialect::Terraform | Dialect::Azapi => {
                    terraform::fix::propose(&self.terraform, self.mappings, &wanted)?
                }
                Dialect::Plan => {
                    return Err(self.of_plan(resource));
                }
                Dialect::Export => return Err(Refusal::new("what is deployed is not edited")),
                Dialect::Arm => arm::fix::propose(&self.arm, &wanted)?,
                Dialect::Yaml => yaml::fix::propose(&self.yaml, self.mappings, &wanted)?,
            };
            one.cautions.extend(self.others(members, (*at, *index), resource));
            match &mut whole {
                Some(whole) => whole.join(one)?,
                None => whole = Some(one),
            }
        }
        let mut proposal = whole.ok_or_else(|| Refusal::new("there is no resource"))?;
        proposal.cautions.extend(caution(policy).map(str::to_owned));
        proposal.cautions.dedup();
        Ok(proposal)
    }

    /// The declaration that is missing, with the holes that people have to fill in.
    pub fn draft(
        &self,
        policy: &Policy,
        addition: &Addition,
        graph: &ResourceGraph,
        index: ResourceIndex,
    ) -> Result<Proposal, Refusal> {
        let resource = graph.get(index);
        if let Some(there) = present(addition, graph, index) {
            return Err(Refusal::new(format!("there is one that does not do: {}", graph.get(there).address)));
        }
        match resource.dialect {
            Dialect::Terraform => {
                let text = policy.fix.iter().find(|(language, _)| &**language == "terraform");
                let text = text.map(|(_, text)| snippet::made_out(text, &resource.address)).unwrap_or_default();
                terraform::fix::append(&self.terraform, resource, &text)
            }
            Dialect::Arm => arm::addition::propose(&self.arm, resource, addition),
            _ => Err(Refusal::new("a further resource is not declared in this language")),
        }
    }

    /// A plan is made of a configuration, which is at hand or not.
    fn of_plan(&self, resource: &Resource) -> Refusal {
        let source = self.sources.get(resource.header.file);
        let source = source.filter(|it| it.path().extension().is_none_or(|it| it != "json"));
        Refusal::new(match source {
            Some(source) => {
                let line = source.line_col(resource.header.start).line;
                format!("a plan is not edited: fix its source, {}:{line}", source.shown())
            }
            None => "a plan is not edited: fix the configuration that it was made of".to_owned(),
        })
    }

    /// Instances of the same text that keep the policy would be changed too.
    fn others(&self, members: &[Member], own: Member, resource: &Resource) -> Option<String> {
        let graphs = self.graphs.iter().enumerate();
        let mut others = graphs
            .flat_map(|(at, graph)| graph.of_type(&resource.resource_type).iter().map(move |it| (at, graph, *it)));
        let other = others.find(|(at, graph, index)| {
            let other = graph.get(*index);
            (*at, *index) != own
                && other.span == resource.span
                && other.header == resource.header
                && made(&other.address) == made(&resource.address)
                && !members.contains(&(*at, *index))
        });
        other.map(|(_, graph, index)| format!("also changes {}, which does not need it", graph.get(index).address))
    }
}

/// One that is declared already, whatever it says.
fn present(addition: &Addition, graph: &ResourceGraph, index: ResourceIndex) -> Option<ResourceIndex> {
    let own = format!("{}/", graph.get(index).resource_type.name());
    let is_child = addition.resource_type.name().get(..own.len()).is_some_and(|it| it.eq_ignore_ascii_case(&own));
    let is_there = |it: &&ResourceIndex| {
        let name = graph.get(**it).text("name").and_then(|it| it.rsplit('/').next());
        let is_named = !is_child || name.is_none_or(|it| it.eq_ignore_ascii_case(&addition.name));
        let names = || graph.edges_to(index).iter().any(|edge| edge.from == **it);
        is_named && (graph.parent(**it) == Some(index) || names())
    };
    graph.of_type(&addition.resource_type).iter().find(is_there).copied()
}

/// What a declaration makes beside itself: `blobServices` of `azurerm_storage_account.a::blobServices`.
fn made(address: &str) -> Option<&str> {
    address.rsplit_once("::").map(|(_, made)| made)
}

/// What may go wrong with the fix of a policy, whatever the text: its own words, or those of its category.
fn caution(policy: &Policy) -> Option<&str> {
    match (policy.remedy.caution.as_deref(), policy.category) {
        (Some("none"), _) => None,
        (Some(own), _) => Some(own),
        (None, Category::NetworkExposure) => Some("who reaches it over the network today may no longer do so"),
        (None, Category::AccessControl) => Some("who gets access this way today may no longer do so"),
        (None, Category::DataResidency) => Some("where data lies is not moved back"),
        (None, _) => None,
    }
}
