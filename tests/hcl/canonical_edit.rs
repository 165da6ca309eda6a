//! The trees of `hcl::edit` in the text form of `canonical`.

use hcl::edit::expr::{Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use hcl::edit::structure::{BlockLabel, Body};
use hcl::edit::template::{Directive, Element, Template};

use super::canonical::{dense, object};

/// Every statement of a body as a line: arguments first, then blocks.
pub(crate) fn body(body: &Body) -> Vec<String> {
    let mut lines: Vec<String> =
        body.attributes().map(|it| format!("{} = {}", it.key.as_str(), expression(&it.value))).collect();
    for it in body.blocks() {
        let label = |label: &BlockLabel| match label {
            BlockLabel::Ident(name) => format!("{:?}", name.as_str()),
            BlockLabel::String(text) => format!("{:?}", text.as_str()),
        };
        lines.push(format!("{} {} {{", it.ident.as_str(), it.labels.iter().map(label).collect::<Vec<_>>().join(" ")));
        lines.extend(self::body(&it.body));
        lines.push("}".to_owned());
    }
    lines
}

fn expression(it: &Expression) -> String {
    match it {
        Expression::Null(_) => "null".to_owned(),
        Expression::Bool(it) => it.value().to_string(),
        Expression::Number(it) => format!("{:?}", it.value().as_f64().unwrap_or(f64::NAN)),
        Expression::String(text) => format!("{:?}", text.as_str()),
        Expression::Array(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Expression::Object(items) => {
            let key = |key: &ObjectKey| match key {
                ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
                    format!("{:?}", name.as_str())
                }
                ObjectKey::Expression(Expression::Bool(word)) => format!("{:?}", word.value().to_string()),
                ObjectKey::Expression(Expression::Null(_)) => "\"null\"".to_owned(),
                ObjectKey::Expression(it) => expression(it),
            };
            object(items.iter().map(|(name, value)| (key(name), expression(value.expr()))).collect())
        }
        Expression::StringTemplate(parts) => format!("template({})", elements(parts.iter())),
        Expression::HeredocTemplate(heredoc) => heredoc_text(&heredoc.template),
        Expression::Parenthesis(inner) => format!("({})", expression(inner.inner())),
        Expression::Variable(name) => name.as_str().to_owned(),
        Expression::Conditional(it) => {
            let (then, otherwise) = (expression(&it.true_expr), expression(&it.false_expr));
            format!("({} ? {then} : {otherwise})", expression(&it.cond_expr))
        }
        Expression::FuncCall(it) => {
            let mut names: Vec<&str> = it.name.namespace.iter().map(|part| part.as_str()).collect();
            names.push(it.name.name.as_str());
            let args: Vec<String> = it.args.iter().map(expression).collect();
            let expand = if it.args.expand_final() { "..." } else { "" };
            format!("{}({}{expand})", names.join("::"), args.join(", "))
        }
        Expression::Traversal(it) => {
            let steps: String = it.operators.iter().map(|step| operator(step.value())).collect();
            format!("{}{steps}", expression(&it.expr))
        }
        Expression::UnaryOp(it) => {
            let op = if *it.operator.value() == UnaryOperator::Neg { "-" } else { "!" };
            format!("{op}{}", expression(&it.expr))
        }
        Expression::BinaryOp(it) => {
            let op = binary(it.operator.value().as_str());
            format!("({} {op} {})", expression(&it.lhs_expr), expression(&it.rhs_expr))
        }
        Expression::ForExpr(it) => for_expression(it),
    }
}

fn operator(step: &TraversalOperator) -> String {
    match step {
        TraversalOperator::AttrSplat(_) => ".*".to_owned(),
        TraversalOperator::FullSplat(_) => "[*]".to_owned(),
        TraversalOperator::GetAttr(name) => format!(".{}", name.as_str()),
        TraversalOperator::Index(key) => format!("[{}]", expression(key)),
        TraversalOperator::LegacyIndex(index) => format!("[{:?}.0]", index.value()),
    }
}

fn binary(operator: &str) -> &'static str {
    let names = [
        ("||", "Or"),
        ("&&", "And"),
        ("==", "Equal"),
        ("!=", "NotEqual"),
        ("<", "Less"),
        ("<=", "LessOrEqual"),
        (">", "Greater"),
        (">=", "GreaterOrEqual"),
        ("+", "Add"),
        ("-", "Subtract"),
        ("*", "Multiply"),
        ("/", "Divide"),
        ("%", "Modulo"),
    ];
    names.iter().find(|(mark, _)| *mark == operator).map_or("?", |(_, name)| name)
}

fn for_expression(it: &ForExpr) -> String {
    let key_name = it.intro.key_var.as_ref().map_or(String::new(), |key| format!("{}, ", key.as_str()));
    let key = it.key_expr.as_ref().map_or(String::new(), |key| format!("{} => ", expression(key)));
    let group = if it.grouping { "..." } else { "" };
    let condition = it.cond.as_ref().map_or(String::new(), |it| format!(" if {}", expression(&it.expr)));
    let (value_name, collection) = (it.intro.value_var.as_str(), expression(&it.intro.collection_expr));
    let value = expression(&it.value_expr);
    let inner = format!("for {key_name}{value_name} in {collection} : {key}{value}{group}{condition}");
    if it.key_expr.is_some() { format!("{{{inner}}}") } else { format!("[{inner}]") }
}

/// A heredoc without interpolation is a string for us.
fn heredoc_text(template: &Template) -> String {
    match template.as_single_element() {
        Some(Element::Literal(text)) => format!("{:?}", text.as_str()),
        _ if template.is_empty() => "\"\"".to_owned(),
        _ => format!("template({})", elements(template.iter())),
    }
}

fn elements<'e>(parts: impl Iterator<Item = &'e Element>) -> String {
    parts.map(element).collect()
}

fn element(part: &Element) -> String {
    match part {
        Element::Literal(text) => dense(text.as_str()),
        Element::Interpolation(it) if it.expr.is_str() => dense(it.expr.as_str().unwrap_or("")),
        Element::Interpolation(it) => format!("${{{}}}", expression(&it.expr)),
        Element::Directive(directive) => match &**directive {
            Directive::If(it) => {
                let then = elements(it.if_expr.template.iter());
                let otherwise =
                    it.else_expr.as_ref().map_or(String::new(), |it| format!("%else{}", elements(it.template.iter())));
                format!("%if({}){then}{otherwise}%end", expression(&it.if_expr.cond_expr))
            }
            Directive::For(it) => {
                let it = &it.for_expr;
                let key = it.key_var.as_ref().map_or(String::new(), |key| format!("{}, ", key.as_str()));
                let (value, body) = (it.value_var.as_str(), elements(it.template.iter()));
                format!("%for({key}{value} in {}){body}%end", expression(&it.collection_expr))
            }
        },
    }
}
