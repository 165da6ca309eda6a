//! Values: the way they came, numbers across kinds, keys whatever their case.

use super::*;
use crate::source::FileId;

fn at(start: u32) -> Span {
    Span::new(FileId(0), start, start + 1)
}

#[test]
fn the_way_of_a_value_is_kept_nearest_first_and_short_with_its_beginning() {
    let mut value = Value::new(true, at(0));
    for place in 1..=6 {
        value = value.through(StepKind::Local, at(place));
    }
    assert_eq!(value.span, at(6));
    let places: Vec<u32> = value.steps().iter().map(|step| step.span.start).collect();
    assert_eq!(places, [5, 4, 3, 0], "the three nearest, and where it began");
}

#[test]
fn a_part_came_the_way_of_its_whole_from_its_own_text() {
    let file = FileId(0);
    let whole = Value::new(true, Span::new(file, 10, 20));
    let whole = whole.through(StepKind::VariableFile, at(1)).through(StepKind::ModuleArgument, at(2));
    let way = |part: Span| {
        let part =
            Value::new(false, part).along(whole.span, whole.origin.as_ref().expect("it came through two places"));
        (part.span, part.steps().iter().map(|step| (step.kind, step.span)).collect::<Vec<_>>())
    };
    let own = Span::new(file, 12, 14);
    let steps = vec![(StepKind::ModuleArgument, at(1)), (StepKind::VariableFile, own)];
    assert_eq!(way(own), (at(2), steps));
    let elsewhere = Span::new(file, 30, 32);
    assert_eq!(way(elsewhere), (elsewhere, Vec::new()), "not from the text of the whole");
}

#[test]
fn numbers_compare_across_kinds() {
    assert_eq!(Number::Int(2), Number::Float(2.0));
    assert!(Number::Int(2) < Number::Float(2.5));
    assert_eq!(Number::from_f64(3.0).to_string(), "3");
    assert_eq!(Number::Int(i64::MAX).as_i64(), Some(i64::MAX));
}

#[test]
fn keys_are_found_whatever_their_case_and_exact_first() {
    let mut object = Object::default();
    object.insert("Name", at(0), Value::new("a", at(0)));
    object.insert("name", at(1), Value::new("b", at(1)));
    let found = |key| object.get_ignore_case(key).and_then(|(_, entry)| entry.value.as_str());
    assert_eq!((found("name"), found("NAME"), found("other")), (Some("b"), Some("a"), None));
}
