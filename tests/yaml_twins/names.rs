//! Names of twins, and the tables of the dialects.

use baalint::value::{Reason, Unknown};

/// An address as a name of every dialect; what is declared along with it follows two underscores.
pub(super) fn identifier(address: &str) -> String {
    let address = address.replace("::", "__");
    let letters = address.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' });
    letters.collect::<String>().trim_matches('_').to_owned()
}

/// The name of the variable that stands for something unknown.
pub(super) fn variable(unknown: &Unknown) -> String {
    let text = match (&unknown.symbol, &unknown.reason) {
        (Some(symbol), _) => symbol.to_string(),
        (None, Reason::Variable(name)) => name.to_string(),
        (None, reason) => reason.to_string(),
    };
    format!("v_{}", identifier(&text))
}

/// Rows of a data file without its comments.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// `storageAccount` of `storageAccounts`.
pub(super) fn singular(plural: &str) -> String {
    if ["redis", "ss", "dns", "status"].iter().any(|it| plural.to_ascii_lowercase().ends_with(it)) {
        return plural.to_owned();
    }
    let endings = [("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")];
    let found = endings.iter().find_map(|(from, to)| plural.strip_suffix(from).map(|stem| format!("{stem}{to}")));
    found.unwrap_or_else(|| plural.to_owned())
}

/// `StorageAccount` of `storageAccount` and of `storage_account`.
pub(super) fn pascal(name: &str) -> String {
    name.split('_').map(capital).collect()
}

/// `storageAccount` of `storage_account`.
pub(super) fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &capital(part))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
