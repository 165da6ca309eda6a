//! `copy` loops: on properties, variables and outputs here; on resources the frames only.
//!
//! In: a loop's definition and the frame around it. Out: an array of one element an iteration. A count that is not known
//! gives an array of which nothing is certain. Bounded: a count beyond [`MAX_INSTANCES`] is not expanded.

use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::{Frame, Run};
use crate::diagnostic::Code;
use crate::source::Span;
use crate::value::{Array, Number, Object, Reason, Unknown, Value, ValueKind};

/// The most iterations of one loop that are expanded.
pub(super) const MAX_INSTANCES: i64 = 10_000;

/// One iteration of a loop, inside the iterations around it.
#[derive(Clone, Debug)]
pub(super) struct CopyFrame {
    pub(super) name: Box<str>,
    /// `None` when the count, and so the index, is not known.
    pub(super) index: Result<i64, Arc<Unknown>>,
    /// A resource's loop: the one that `copyIndex()` without a name means.
    pub(super) of_resource: bool,
    pub(super) around: Option<Rc<CopyFrame>>,
}

/// How often a loop runs.
pub(super) enum Count {
    Known(i64),
    Unknown(Arc<Unknown>),
}

impl Run<'_> {
    /// The array that `{ "name": ..., "count": ..., "input": ... }` makes.
    pub(super) fn property_copy(&self, frame: &Frame, definition: &Object, name: &str, span: Span) -> Value {
        let Some(input) = definition.value("input") else {
            return self.fail(span, "this loop has no `input`");
        };
        let mut array = Array::default();
        match self.count(frame, definition, span) {
            Count::Unknown(why) => array.rest = Some(why),
            Count::Known(count) => {
                for index in 0..count {
                    if !self.iterate(span) {
                        array.rest = Some(Arc::new(Unknown::new(Reason::Bound("loop iterations".into()))));
                        break;
                    }
                    let inner = frame.in_copy(name, Ok(index), false);
                    array.items.push(self.value(&inner, input));
                }
            }
        }
        Value::new(ValueKind::Array(Arc::new(array)), input.span)
    }

    /// Evaluates the `count` of a loop.
    pub(super) fn count(&self, frame: &Frame, definition: &Object, span: Span) -> Count {
        let Some(written) = definition.value("count") else {
            return Count::Unknown(Arc::new(Unknown::new(self.mistake(span, "this loop has no `count`"))));
        };
        let value = self.value(frame, written);
        let count = match &value.kind {
            ValueKind::Unknown(unknown) => return Count::Unknown(unknown.clone()),
            ValueKind::Number(number) => number.as_i64(),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        match count {
            Some(count @ 0..=MAX_INSTANCES) => Count::Known(count),
            Some(1..) => {
                let message = format!("this loop runs {} times; at most {MAX_INSTANCES} are evaluated", shown(&value));
                self.report(Code::Bound, written.span, message);
                Count::Unknown(Arc::new(Unknown::new(Reason::Bound("loop iterations".into()))))
            }
            _ => {
                let reason = self.mistake(written.span, "the count of a loop must be a whole number, not negative");
                Count::Unknown(Arc::new(Unknown::new(reason)))
            }
        }
    }
}

/// The loops that an object's `copy` member defines for its properties.
pub(super) fn property_loops(object: &Object) -> Option<&Array> {
    let loops = object.value("copy")?.as_array()?;
    let is_loop =
        |it: &Value| it.as_object().is_some_and(|it| it.value("count").is_some() && it.value("input").is_some());
    (!loops.items.is_empty() && loops.items.iter().all(is_loop)).then_some(loops)
}

fn shown(value: &Value) -> String {
    value.as_number().map_or_else(|| value.as_str().unwrap_or("").to_owned(), |number: Number| number.to_string())
}
