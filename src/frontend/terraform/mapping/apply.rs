//! Applies a mapping to one evaluated block: arguments to properties, defaults where nothing is written.
//!
//! In: a [`Mapping`] and an [`Instance`]. Out: the ARM body and those of the children. Absent, null and unknown stay
//! apart: a null argument is not written, an unknown block makes unknown what it may set.

use std::sync::Arc;

use super::compile::{DECLARATION, Fill, Mapping, Name, Segment, Source, When};
use super::node::{Mode, Node};
use super::transform::{from_json, transform};
use crate::frontend::terraform::instance::Instance;
use crate::source::Span;
use crate::value::{DefaultOf, Entry, Object, Unknown, Value, ValueKind};

/// What a declaration makes.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The body of the resource itself, or of its patch.
    pub(crate) body: Value,
    /// One entry for each of the mapping's children, in their order.
    pub(crate) children: Vec<Made>,
}

/// A child as this declaration makes it.
#[derive(Debug)]
pub(crate) struct Made {
    /// Its body.
    pub(crate) body: Value,
    /// The block that it came from, or the declaration's header.
    pub(crate) header: Span,
    /// Whether it is made: certainly, perhaps, or not.
    pub(crate) exists: Result<bool, Arc<Unknown>>,
}

/// Fills the bodies of a declaration; `common` is what every type has (name, location, tags, ...).
pub(crate) fn apply(mapping: &Mapping, instance: &Instance, common: Object) -> Applied {
    let empty = Object::default();
    let arguments = instance.body.as_object().unwrap_or(&empty);
    let mut applier = Applier {
        arguments,
        header: instance.header,
        major: instance.provider.azurerm_major,
        own: Slot::new(instance.header),
        children: mapping.children.iter().map(|_| Slot::new(instance.header)).collect(),
    };
    applier.own.node.put(Value::object(common, instance.header), Mode::Written);
    applier.constants(mapping);
    for fill in &mapping.fills {
        for source in &fill.sources {
            let last = fill.sources.last().is_some_and(|last| std::ptr::eq(last, source));
            let walk = Walk { fill, source, last };
            applier.descend(walk, arguments, &mut Vec::new());
        }
    }
    applier.finish(mapping)
}

struct Applier<'i> {
    arguments: &'i Object,
    header: Span,
    major: u8,
    own: Slot,
    children: Vec<Slot>,
}

/// A body being filled.
struct Slot {
    node: Node,
    header: Option<Span>,
    written: bool,
    unknown: Option<Arc<Unknown>>,
}

/// One argument at one of its places.
#[derive(Clone, Copy)]
struct Walk<'m> {
    fill: &'m Fill,
    source: &'m Source,
    /// The present place: its defaults hold.
    last: bool,
}

/// A block on the way down.
#[derive(Clone, Copy)]
struct Frame {
    header: Span,
    id: usize,
}

/// What is written, and where.
struct Put {
    key_span: Span,
    value: Value,
    mode: Mode,
    /// The element of a list argument that is itself a `[*]`.
    element: Option<usize>,
}

impl Slot {
    fn new(header: Span) -> Self {
        Self { node: Node::object(header), header: None, written: false, unknown: None }
    }
}

impl<'i> Applier<'i> {
    fn constants(&mut self, mapping: &Mapping) {
        for (path, json) in &mapping.set {
            let mut node = &mut self.own.node;
            for key in path {
                match node.entry(key, self.header, self.header) {
                    Some((_, next)) => node = next,
                    None => return,
                }
            }
            // Nobody wrote it: a label goes to what somebody wrote.
            let value = from_json(json, self.header).as_default(DefaultOf::Always);
            node.put(value, Mode::Written);
        }
    }

    fn descend(&mut self, walk: Walk<'_>, object: &'i Object, frames: &mut Vec<Frame>) {
        let Some(block) = walk.source.blocks.get(frames.len()) else {
            self.leaf(walk, object, frames);
            return;
        };
        let Some(entry) = object.get(block).filter(|entry| !entry.value.is_null()) else {
            match &object.rest {
                Some(why) => self.unknown(walk, frames, why, self.place(frames)),
                None => self.missing_block(walk, frames),
            }
            return;
        };
        match &entry.value.kind {
            ValueKind::Array(array) => {
                for item in &array.items {
                    self.enter(walk, item, frames);
                }
                match &array.rest {
                    Some(why) if array.items.is_empty() || walk.source.stars.contains(&frames.len()) => {
                        self.unknown(walk, frames, why, entry.value.span);
                    }
                    None if array.items.is_empty() => self.missing_block(walk, frames),
                    _ => {}
                }
            }
            ValueKind::Object(_) => self.enter(walk, &entry.value, frames),
            ValueKind::Unknown(why) => self.unknown(walk, frames, why, entry.value.span),
            _ => {}
        }
    }

    fn enter(&mut self, walk: Walk<'_>, item: &'i Value, frames: &mut Vec<Frame>) {
        match &item.kind {
            ValueKind::Object(object) => {
                frames.push(Frame { header: item.span, id: address(item) });
                self.descend(walk, object, frames);
                frames.pop();
            }
            ValueKind::Unknown(why) => self.unknown(walk, frames, why, item.span),
            _ => {}
        }
    }

    /// The argument itself, in the innermost block.
    fn leaf(&mut self, walk: Walk<'_>, object: &'i Object, frames: &[Frame]) {
        let written = walk.source.names.iter().find_map(|name| {
            let entry = object.get(&name.argument)?;
            (!entry.value.is_null()).then_some((name, entry))
        });
        match (written, &object.rest) {
            (Some((name, entry)), _) => self.written(walk, name, entry, object, frames),
            (None, Some(why)) => self.unknown(walk, frames, why, self.place(frames)),
            (None, None) => {
                self.default(walk, object, frames);
                self.absent(walk, frames);
            }
        }
    }

    fn written(&mut self, walk: Walk<'_>, name: &Name, entry: &'i Entry, object: &'i Object, frames: &[Frame]) {
        let value = &entry.value;
        if walk.fill.present.is_some() {
            self.presence(walk, entry, frames);
            return;
        }
        let spread = walk.source.stars.last() == Some(&walk.source.blocks.len());
        match &value.kind {
            ValueKind::Array(array) if spread => {
                for item in &array.items {
                    let put =
                        |value| Put { key_span: item.span, value, mode: Mode::Written, element: Some(address(item)) };
                    if let Some(value) = self.transformed(walk.fill, name, item, object) {
                        self.put(walk, frames, put(value));
                    }
                }
                if let Some(why) = &array.rest {
                    self.unknown(walk, frames, why, value.span);
                }
            }
            ValueKind::Unknown(why) if spread => self.unknown(walk, frames, why, value.span),
            _ => {
                if let Some(result) = self.transformed(walk.fill, name, value, object) {
                    let element = Some(address(value));
                    self.put(
                        walk,
                        frames,
                        Put { key_span: entry.key_span, value: result, mode: Mode::Written, element },
                    );
                }
            }
        }
    }

    fn transformed(&self, fill: &Fill, name: &Name, value: &Value, object: &Object) -> Option<Value> {
        transform(fill, name.values.as_ref(), value, &|path| {
            find(object, path).or_else(|| find(self.arguments, path)).filter(|value| !value.is_null())
        })
    }

    /// `present` and `absent`: only whether the argument or block is written counts.
    fn presence(&mut self, walk: Walk<'_>, entry: &Entry, frames: &[Frame]) {
        if is_empty(&entry.value) {
            self.absent(walk, frames);
            return;
        }
        match &entry.value.kind {
            ValueKind::Unknown(why) if !why.not_null => self.unknown(walk, frames, why, entry.value.span),
            ValueKind::Array(array) if walk.source.stars.last() == Some(&walk.source.blocks.len()) => {
                for item in &array.items {
                    self.put_present(walk, frames, item.span, item);
                }
                if let Some(why) = &array.rest {
                    self.unknown(walk, frames, why, entry.value.span);
                }
            }
            ValueKind::Array(array) => match (array.items.first(), &array.rest) {
                (None, Some(why)) => self.unknown(walk, frames, why, entry.value.span),
                (first, _) => self.put_present(walk, frames, entry.key_span, first.unwrap_or(&entry.value)),
            },
            _ => self.put_present(walk, frames, entry.key_span, &entry.value),
        }
    }

    fn put_present(&mut self, walk: Walk<'_>, frames: &[Frame], key_span: Span, item: &Value) {
        let Some(json) = &walk.fill.present else { return };
        let value = from_json(json, item.span);
        self.put(walk, frames, Put { key_span, value, mode: Mode::Written, element: Some(address(item)) });
    }

    fn missing_block(&mut self, walk: Walk<'_>, frames: &[Frame]) {
        if walk.fill.always {
            self.default(walk, self.arguments, frames);
        }
        self.absent(walk, frames);
    }

    fn default(&mut self, walk: Walk<'_>, object: &Object, frames: &[Frame]) {
        let Some(json) = walk.fill.default.as_ref().filter(|_| walk.last).and_then(|it| it.at(self.major)) else {
            return;
        };
        let Some(name) = walk.source.names.first() else { return };
        let raw = from_json(json, self.place(frames));
        if let Some(value) = self.transformed(walk.fill, name, &raw, object) {
            self.put_default(walk, frames, value);
        }
    }

    fn absent(&mut self, walk: Walk<'_>, frames: &[Frame]) {
        if let Some(json) = walk.fill.absent.as_ref().filter(|json| walk.last && !json.is_null()) {
            self.put_default(walk, frames, from_json(json, self.place(frames)));
        }
    }

    fn put_default(&mut self, walk: Walk<'_>, frames: &[Frame], value: Value) {
        // Without its blocks there is no element to put it into.
        if walk.source.stars.iter().any(|owner| *owner != DECLARATION && *owner >= frames.len()) {
            return;
        }
        let value = value.as_default(DefaultOf::Provider { major: self.major });
        self.put(walk, frames, Put { key_span: value.span, value, mode: Mode::Default, element: None });
    }

    /// Something on the way is not known, so neither is what it may set.
    fn unknown(&mut self, walk: Walk<'_>, frames: &[Frame], why: &Arc<Unknown>, span: Span) {
        if let Some(slot) = self.slot(walk.fill) {
            slot.unknown.get_or_insert_with(|| why.clone());
        }
        let value = Value::new(ValueKind::Unknown(why.clone()), span);
        self.put(walk, frames, Put { key_span: span, value, mode: Mode::Written, element: None });
    }

    /// The header of the innermost block that is written.
    fn place(&self, frames: &[Frame]) -> Span {
        frames.last().map_or(self.header, |frame| frame.header)
    }

    fn slot(&mut self, fill: &Fill) -> Option<&mut Slot> {
        match fill.child {
            Some(at) => self.children.get_mut(at),
            None => Some(&mut self.own),
        }
    }

    fn put(&mut self, walk: Walk<'_>, frames: &[Frame], put: Put) {
        let Walk { fill, source, .. } = walk;
        // The span of the node at hand: what it holds has its own header, or the same place.
        let mut here = self.header;
        let Some(slot) = self.slot(fill) else { return };
        if put.mode == Mode::Written {
            slot.written |= put.value.as_unknown().is_none_or(|_| put.element.is_some());
            if let (None, Some(frame)) = (slot.header, frames.first()) {
                slot.header = Some(frame.header);
            }
        }
        let Put { key_span, value, mode, element } = put;
        let mut node = &mut slot.node;
        let mut stars = source.stars.iter();
        for (at, segment) in fill.target.iter().enumerate() {
            let last = at + 1 == fill.target.len();
            let header = source.headers.get(at).copied().flatten().and_then(|block| frames.get(block));
            match segment {
                Segment::Key(key) => {
                    let is_list = fill.target.get(at + 1) == Some(&Segment::Each);
                    let otherwise = if is_list { value.span } else { here };
                    let span = header.map_or(otherwise, |frame| frame.header);
                    let Some(entry) = node.entry(key, here, if last { key_span } else { span }) else { return };
                    if last && mode == Mode::Written {
                        entry.0 = key_span;
                    }
                    node = &mut entry.1;
                    here = node.span(span);
                }
                Segment::Each => {
                    let owner = stars.next().copied().unwrap_or_default();
                    let leaf = match owner {
                        DECLARATION => Some(DECLARATION),
                        owner if owner == source.blocks.len() => element,
                        _ => None,
                    };
                    let Some(id) = frames.get(owner).map(|frame| frame.id).or(leaf) else {
                        if let Some(why) = value.as_unknown() {
                            node.open(why, value.span);
                        }
                        return;
                    };
                    let span = header.map_or(value.span, |frame| frame.header);
                    let Some(next) = node.element(id, here, span) else { return };
                    node = next;
                    here = node.span(span);
                }
            }
        }
        if matches!(fill.target.last(), Some(Segment::Each)) {
            *node = Node::Leaf(value);
        } else {
            node.put(value, mode);
        }
    }

    fn finish(self, mapping: &Mapping) -> Applied {
        let (arguments, header) = (self.arguments, self.header);
        let done = |slot: Slot| slot.node.finish().unwrap_or_else(|| Value::object(Object::default(), header));
        let children = self
            .children
            .into_iter()
            .zip(&mapping.children)
            .map(|(slot, child)| {
                let exists = match &child.when {
                    When::Always => Ok(true),
                    When::Block(path) => is_written(arguments, path),
                    When::Written if slot.written => Ok(true),
                    When::Written => slot.unknown.clone().map_or(Ok(false), Err),
                };
                Made { header: slot.header.unwrap_or(header), exists, body: done(slot) }
            })
            .collect();
        Applied { body: done(self.own), children }
    }
}

/// For `present`, an empty list or text is as good as none.
fn is_empty(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Array(array) => array.items.is_empty() && array.rest.is_none(),
        ValueKind::String(text) => text.is_empty(),
        _ => false,
    }
}

fn is_written(object: &Object, path: &[Arc<str>]) -> Result<bool, Arc<Unknown>> {
    let Some((head, tail)) = path.split_first() else { return Ok(true) };
    let Some(value) = object.value(head).filter(|value| !value.is_null()) else {
        return object.rest.clone().map_or(Ok(false), Err);
    };
    match &value.kind {
        ValueKind::Unknown(why) if why.not_null && tail.is_empty() => Ok(true),
        ValueKind::Unknown(why) => Err(why.clone()),
        ValueKind::Array(array) => match (array.items.first().map(|item| &item.kind), &array.rest) {
            (Some(ValueKind::Object(inner)), _) => is_written(inner, tail),
            (Some(ValueKind::Unknown(why)), _) if !tail.is_empty() => Err(why.clone()),
            (Some(_), _) => Ok(tail.is_empty()),
            (None, Some(why)) => Err(why.clone()),
            (None, None) => Ok(false),
        },
        ValueKind::Object(inner) => is_written(inner, tail),
        _ => Ok(tail.is_empty()),
    }
}

/// The value of an argument, through the first of repeated blocks.
pub(crate) fn find<'v>(object: &'v Object, path: &[Arc<str>]) -> Option<&'v Value> {
    let (head, tail) = path.split_first()?;
    let value = object.value(head)?;
    if tail.is_empty() {
        return Some(value);
    }
    match &value.kind {
        ValueKind::Object(inner) => find(inner, tail),
        ValueKind::Array(array) => find(array.items.first()?.as_object()?, tail),
        _ => None,
    }
}

/// Tells the elements of arrays apart: each came from its own value of the instance, which does not move.
fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}
