//! Every function with every combination of awkward arguments: no panic, no hang, and none is missing.

use super::*;
use crate::source::FileId;
use crate::value::{Array, Number, Object, Unknown, ValueKind};

/// No files; templates are not rendered.
struct Nothing;

impl Context for Nothing {
    fn read(&self, path: &str) -> Result<Arc<str>, ReadError> {
        if path == "a" { Ok("text".into()) } else { Err(ReadError::NotFound) }
    }

    fn list(&self, _: &str) -> Vec<Listed> {
        Vec::new()
    }

    fn root(&self) -> &'static str {
        "."
    }

    fn render(&self, template: &Arc<str>, _: &Value, span: Span) -> Value {
        Value::new(template.clone(), span)
    }
}

fn at() -> Span {
    Span::new(FileId(0), 0, 1)
}

fn awkward() -> Vec<Value> {
    let make = |kind: ValueKind| Value::new(kind, at());
    let text = |text: &str| Value::new(text, at());
    let unknown = || Value::unknown(Reason::Variable("v".into()), at());
    let mut object = Object::default();
    object.insert("a", at(), text("é"));
    let mut open = Object { rest: Some(Arc::new(Unknown::new(Reason::NotMapped))), ..Object::default() };
    open.insert("b", at(), unknown());
    vec![
        make(ValueKind::Null),
        Value::new(true, at()),
        Value::new(0, at()),
        Value::new(-1, at()),
        Value::new(i64::MAX, at()),
        make(Number::Float(1e308).into()),
        make(Number::Float(-0.5).into()),
        text(""),
        text("a"),
        text("日{$%s\\(["),
        text("2024-02-29T23:59:59Z"),
        text("10.0.0.0/8"),
        Value::array(Vec::new(), at()),
        Value::array(vec![text("b"), make(ValueKind::Null), unknown()], at()),
        Value::array(vec![Value::new(i64::MIN, at()), Value::array(vec![text("x")], at())], at()),
        make(ValueKind::Array(Arc::new(Array {
            items: vec![text("y")],
            rest: Some(Arc::new(Unknown::new(Reason::NotMapped))),
        }))),
        Value::object(object, at()),
        Value::object(open, at()),
        unknown(),
    ]
}

#[test]
fn no_arguments_make_a_function_panic() {
    let values = awkward();
    let mut calls = 0;
    for (name, fewest, most) in arity::ARITIES {
        for length in *fewest..=(*most).min(3) {
            let total = values.len().pow(u32::try_from(length).unwrap());
            for number in 0..total {
                let pick = |position: u32| values[number / values.len().pow(position) % values.len()].clone();
                let args: Vec<Value> = (0..u32::try_from(length).unwrap()).map(pick).collect();
                let value = call(name, &args, at(), &Nothing);
                calls += 1;
                let missing = value.as_unknown().is_some_and(
                    |unknown| matches!(&unknown.reason, Reason::NotEvaluated(what) if what.starts_with("the function")),
                );
                assert!(!missing, "{name}");
            }
        }
    }
    assert!(calls > 100_000);
}

#[test]
fn elements_keep_their_place() {
    let element = Value::new("x", Span::new(FileId(0), 40, 43));
    let list = Value::array(vec![Value::array(vec![element.clone()], at())], at());
    let mut object = Object::default();
    object.insert("k", at(), element.clone());
    let object = Value::object(object, at());
    let first = |value: &Value| value.as_array().unwrap().items[0].clone();
    let call = |name: &str, args: &[Value]| super::call(name, args, at(), &Nothing);
    assert_eq!(first(&call("flatten", std::slice::from_ref(&list))).span, element.span);
    assert_eq!(first(&call("concat", &[first(&list)])).span, element.span);
    assert_eq!(call("element", &[first(&list), Value::new(0, at())]).span, element.span);
    assert_eq!(call("lookup", &[object.clone(), Value::new("k", at())]).span, element.span);
    assert_eq!(
        call("merge", std::slice::from_ref(&object)).as_object().unwrap().value("k").unwrap().span,
        element.span
    );
    assert_eq!(first(&call("values", &[object])).span, element.span);
    assert_eq!(call("coalesce", &[Value::new(ValueKind::Null, at()), element.clone()]).span, element.span);
    assert_eq!(first(&call("tolist", &[first(&list)])).span, element.span);
}

#[test]
fn a_call_is_told_apart_from_its_argument_by_symbol() {
    let reference = crate::value::Reference { address: "azurerm_x.y".into(), attribute: "id".into() };
    let unknown = Unknown::reference(Reason::Computed("azurerm_x.y.id".into()), reference);
    let id = Value::new(unknown, at());
    let symbol = |value: &Value| value.as_unknown().unwrap().symbol.clone().unwrap();
    let lower = call("lower", std::slice::from_ref(&id), at(), &Nothing);
    assert_eq!(&*symbol(&lower), "{lower(<azurerm_x.y.id>)}");
    assert_eq!(lower, call("lower", std::slice::from_ref(&id), at(), &Nothing));
    let list = Value::array(vec![id.clone()], at());
    let max = call("sum", std::slice::from_ref(&list), at(), &Nothing);
    assert_ne!(symbol(&max), symbol(&call("one", &[call("sort", &[list], at(), &Nothing)], at(), &Nothing)));
    assert_eq!(lower.as_unknown().unwrap().references, id.as_unknown().unwrap().references);
}
