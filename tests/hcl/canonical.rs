//! One text form for our trees, in which they are compared with those of `hcl::edit`.
//!
//! Blanks inside templates are left out: dedent and strip markers are tested by value in the unit tests.

use baalint::parse::hcl::{Body, ExprId, ExprKind, File, For, UnaryOp};
use baalint::source::Span;

/// Every statement of a body as a line: arguments first, then blocks.
pub(crate) fn body(file: &File, body: &Body) -> Vec<String> {
    let mut lines = Vec::new();
    for it in &body.attributes {
        lines.push(format!("{} = {}", file.slice(it.name), expression(file, it.value)));
    }
    for it in &body.blocks {
        let labels: Vec<String> = it.labels.iter().map(|label| format!("{:?}", label.text)).collect();
        lines.push(format!("{} {} {{", file.slice(it.kind), labels.join(" ")));
        lines.extend(self::body(file, &it.body));
        lines.push("}".to_owned());
    }
    lines
}

fn expression(file: &File, id: ExprId) -> String {
    let walk = |id: ExprId| expression(file, id);
    let name = |span: Span| file.slice(span);
    match &file.expr(id).kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(it) => it.to_string(),
        ExprKind::Number(it) => format!("{:?}", it.as_f64()),
        ExprKind::Literal(span) => format!("{:?}", name(*span)),
        ExprKind::Decoded(text) => format!("{text:?}"),
        ExprKind::Template(_) => format!("template({})", template(file, id)),
        ExprKind::TemplateIf { .. } | ExprKind::TemplateFor(_) => template(file, id),
        ExprKind::Variable(span) => name(*span).to_owned(),
        ExprKind::GetAttr { base, name: attribute } => format!("{}.{}", walk(*base), name(*attribute)),
        ExprKind::Index { base, key } => format!("{}[{}]", walk(*base), walk(*key)),
        ExprKind::Splat { base, each, full } => {
            format!("{}{}{}", walk(*base), if *full { "[*]" } else { ".*" }, walk(*each))
        }
        ExprKind::SplatItem => String::new(),
        ExprKind::Call { name: function, args, expand } => {
            let function: String = name(*function).split_whitespace().collect();
            let args: Vec<String> = file.list(*args).iter().map(|arg| walk(*arg)).collect();
            format!("{function}({}{})", args.join(", "), if *expand { "..." } else { "" })
        }
        ExprKind::Tuple(list) => {
            format!("[{}]", file.list(*list).iter().map(|item| walk(*item)).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Object(items) => {
            let items = file.object_items(*items).iter().map(|item| (walk(item.key), walk(item.value)));
            object(items.collect())
        }
        ExprKind::ForTuple(it) => format!("[{}]", for_expression(file, it)),
        ExprKind::ForObject(it) => format!("{{{}}}", for_expression(file, it)),
        ExprKind::Unary { op, operand } => {
            format!("{}{}", if *op == UnaryOp::Negate { "-" } else { "!" }, walk(*operand))
        }
        ExprKind::Binary { op, lhs, rhs } => format!("({} {op:?} {})", walk(*lhs), walk(*rhs)),
        ExprKind::Conditional { condition, then, otherwise } => {
            format!("({} ? {} : {})", walk(*condition), walk(*then), walk(*otherwise))
        }
        ExprKind::Parenthesis(inner) => format!("({})", walk(*inner)),
        ExprKind::Error => "error".to_owned(),
    }
}

/// Items in order of first occurrence, the last value of a key.
pub(crate) fn object(items: Vec<(String, String)>) -> String {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (key, value) in items {
        match kept.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => kept.push((key, value)),
        }
    }
    let items: Vec<String> = kept.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", items.join(", "))
}

fn for_expression(file: &File, it: &For) -> String {
    let walk = |id: ExprId| expression(file, id);
    let key_name = it.key_name.map_or(String::new(), |key| format!("{}, ", file.slice(key)));
    let key = it.key.map_or(String::new(), |key| format!("{} => ", walk(key)));
    let group = if it.group { "..." } else { "" };
    let condition = it.condition.map_or(String::new(), |condition| format!(" if {}", walk(condition)));
    let (value_name, collection, value) = (file.slice(it.value_name), walk(it.collection), walk(it.value));
    format!("for {key_name}{value_name} in {collection} : {key}{value}{group}{condition}")
}

fn template(file: &File, id: ExprId) -> String {
    let walk = |id: ExprId| expression(file, id);
    match &file.expr(id).kind {
        ExprKind::Template(list) => file.list(*list).iter().map(|part| element(file, *part)).collect(),
        ExprKind::Literal(span) => dense(file.slice(*span)),
        ExprKind::Decoded(text) => dense(text),
        ExprKind::TemplateIf { condition, then, otherwise } => {
            let otherwise = otherwise.map_or(String::new(), |it| format!("%else{}", template(file, it)));
            format!("%if({}){}{otherwise}%end", walk(*condition), template(file, *then))
        }
        ExprKind::TemplateFor(it) => {
            let key = it.key_name.map_or(String::new(), |key| format!("{}, ", file.slice(key)));
            let (value, body) = (file.slice(it.value_name), template(file, it.value));
            format!("%for({key}{value} in {}){body}%end", walk(it.collection))
        }
        _ => format!("${{{}}}", walk(id)),
    }
}

/// A template as an element of another one can only be what an interpolation holds.
fn element(file: &File, id: ExprId) -> String {
    match file.expr(id).kind {
        ExprKind::Template(_) => format!("${{{}}}", expression(file, id)),
        _ => template(file, id),
    }
}

/// The text without its blanks.
pub(crate) fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}
