//! A policy's snippet, made out to the resource at hand.
//!
//! In: the text of a policy's `fix`, in which `this` is the resource and `<subnet-id>` is for people to fill in. Out: the text
//! with the resource's own names, and the holes that are left. Knows Terraform's way of naming things and no other.

/// What a declaration is called in Terraform.
struct Declared<'a> {
    block_type: &'a str,
    label: &'a str,
    /// How one of several instances is told from the others, and what makes as many of the new ones.
    repeated: Option<(&'static str, String)>,
}

impl<'a> Declared<'a> {
    /// Of `module.a["b"].azurerm_subnet.web[0]::child`.
    fn of(address: &'a str) -> Option<Self> {
        let address = address.split("::").next()?;
        // A key may hold anything: the declaration starts behind the last module.
        let mut rest = address;
        while let Some(below) = rest.strip_prefix("module.") {
            let name_end = below.find(['.', '['])?;
            let after = below.get(name_end..)?;
            rest = match after.strip_prefix("[\"").and_then(|it| it.split_once("\"].")) {
                Some((_, behind)) => behind,
                None => after.split_once('.')?.1,
            };
        }
        let (block_type, named) = rest.split_once('.')?;
        let label_end = named.find('[').unwrap_or(named.len());
        let (label, key) = named.split_at(label_end);
        let whole = format!("{block_type}.{label}");
        let repeated = match key.get(..2) {
            Some("[\"") => Some(("[each.key]", format!("for_each = {whole}"))),
            Some(_) => Some(("[count.index]", format!("count = length({whole})"))),
            None => None,
        };
        block_type.starts_with("az").then_some(Self { block_type, label, repeated })
    }
}

/// A Terraform snippet for the resource at an address; as it is when the address is none of Terraform's.
pub fn made_out(snippet: &str, address: &str) -> String {
    let Some(declared) = Declared::of(address) else { return snippet.trim_end().to_owned() };
    let declares = snippet.trim_start().starts_with("resource \"");
    let index = declared.repeated.as_ref().map_or("", |it| it.0);
    let mut text = String::with_capacity(snippet.len());
    let mut rest = snippet;
    while let Some(at) = rest.find("this") {
        let (before, found) = rest.split_at(at);
        let after = found.get("this".len()..).unwrap_or("");
        let owner = before.strip_suffix('.').map(|it| it.rsplit(|it: char| !is_word(it)).next().unwrap_or(""));
        match owner.filter(|it| it.starts_with("az") && after.starts_with('.')) {
            // Another declaration of the same snippet is called `this` too.
            Some(owner) if snippet.contains(&format!("resource \"{owner}\" \"this\"")) => {
                text.extend([before, declared.label, index]);
            }
            Some(owner) => {
                text.push_str(before.get(..before.len() - owner.len() - 1).unwrap_or(""));
                text.extend([declared.block_type, ".", declared.label, index]);
            }
            None if before.ends_with('"') && after.starts_with('"') => text.extend([before, declared.label]),
            None => text.extend([before, "this"]),
        }
        rest = after;
    }
    text.push_str(rest);
    match &declared.repeated {
        Some((_, repeat)) if declares => {
            let lines = text.lines().map(|line| {
                let head = if line.starts_with("resource \"") { format!("  {repeat}\n\n") } else { String::new() };
                format!("{line}\n{head}")
            });
            lines.collect::<String>().trim_end().to_owned()
        }
        _ => text.trim_end().to_owned(),
    }
}

/// What people have to fill in: `subnet-id` of `<subnet-id>`; each once, in order.
pub fn holes(snippet: &str) -> Vec<&str> {
    let mut holes = Vec::new();
    for part in snippet.split('<').skip(1) {
        let Some((name, _)) = part.split_once('>') else { continue };
        let fine = name.starts_with(|it: char| it.is_ascii_lowercase())
            && name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
        if fine && !holes.contains(&name) {
            holes.push(name);
        }
    }
    holes
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

#[cfg(test)]
mod tests {
    use super::{holes, made_out};

    const LOCK: &str = "resource \"azurerm_management_lock\" \"this\" {\n  name  = \"keep-${azurerm_storage_account.this.name}\"\n  \
                        scope = azurerm_storage_account.this.id\n}\n";

    #[test]
    fn this_is_the_resource_at_hand() {
        let text = made_out(LOCK, "module.a[\"x.y\"].azurerm_storage_account.logs");
        assert!(text.starts_with("resource \"azurerm_management_lock\" \"logs\" {\n"), "{text}");
        assert!(text.contains("\"keep-${azurerm_storage_account.logs.name}\""), "{text}");
        let web = made_out("id = azurerm_linux_web_app.this.id", "azurerm_windows_web_app.portal::logs");
        assert_eq!(web, "id = azurerm_windows_web_app.portal.id");
        assert_eq!(made_out("a = \"b\"", "Microsoft.Web/sites x"), "a = \"b\"");
    }

    #[test]
    fn one_is_made_for_each_instance() {
        let text = made_out(LOCK, "azurerm_storage_account.logs[2]");
        assert!(text.contains("\" {\n  count = length(azurerm_storage_account.logs)\n\n  name"), "{text}");
        assert!(text.contains("scope = azurerm_storage_account.logs[count.index].id"), "{text}");
        let text = made_out(LOCK, "module.m.azurerm_storage_account.logs[\"a\"]");
        assert!(
            text.contains("for_each = azurerm_storage_account.logs\n") && text.contains("logs[each.key].id"),
            "{text}"
        );
    }

    #[test]
    fn holes_are_words_in_angle_brackets() {
        assert_eq!(
            holes("a = \"<subnet-id>\"\nb = \"<key-id>\"\nc = \"<subnet-id>\"\nif 1 < 2 and 3 > 2"),
            ["subnet-id", "key-id"]
        );
    }
}
