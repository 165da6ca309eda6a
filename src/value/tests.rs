//! Values: the way they came, numbers across kinds, keys whatever their case.

use super::*;
use crate::source::FileId;

fn at(start: u32) -> Span {
    Span::new(FileId(0), start, start + 1)
}

#[test]
fn the_way_of_a_value_is_kept_nearest_first_and_short() {
    let mut value = Value::new(true, at(0));
    for place in 1..=6 {
        value = value.through(StepKind::Local, at(place));
    }
    assert_eq!(value.span, at(6));
    let places: Vec<u32> = value.steps().iter().map(|step| step.span.start).collect();
    assert_eq!(places, [5, 4, 3, 2]);
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
