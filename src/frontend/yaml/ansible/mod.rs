//! Ansible: later.
use crate::frontend::Files;
use crate::frontend::terraform::Mappings;
use crate::model::Lowered;
use crate::source::SourceMap;
use crate::value::Value;
use std::path::Path;
pub(super) fn is_play_or_task(_value: &Value) -> bool {
    false
}
#[derive(Debug)]
pub(super) struct Tasks;
impl Tasks {
    pub(super) fn load(_: Vec<Value>, _: &Path, _: &dyn Files, _: &mut SourceMap) -> Self {
        Self
    }
    pub(super) fn lower(&self, _: &Mappings, _: &mut Lowered) {}
}
