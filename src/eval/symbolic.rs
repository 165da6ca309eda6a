//! What can be said of a text of which the symbol is known: whether it could be like a pattern at all.
//!
//! In: a symbol (known text, each unknown part in braces) and a pattern. Out: false where no value of the parts would do.
//! Tenant and subscription ids are GUIDs, login endpoints are those of Azure's clouds; every other part may be any text.

/// The login endpoints of Azure's clouds that are open: Azure/go-autorest 13ddd342, `autorest/azure/environments.go`, read 2026-11-22.
const LOGIN_ENDPOINTS: [&str; 3] =
    ["https://login.microsoftonline.com/", "https://login.microsoftonline.us/", "https://login.chinacloudapi.cn/"];

/// One place of a symbolic text.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// This character, in lower case.
    Known(char),
    /// A character of a GUID.
    OfGuid,
    /// Any text.
    Any,
}

/// Whether some text of this symbol is like the pattern, in which `*` is any text.
pub(super) fn could_be_like(symbol: &str, pattern: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    LOGIN_ENDPOINTS.iter().any(|endpoint| fits(&places(symbol, endpoint), &pattern))
}

fn places(symbol: &str, endpoint: &str) -> Vec<Place> {
    let known = |text: &str| text.to_lowercase().chars().map(Place::Known).collect::<Vec<_>>();
    let mut places = Vec::new();
    let mut rest = symbol;
    while let Some((text, after)) = rest.split_once('{') {
        places.extend(known(text));
        let (part, after) = after.split_once('}').unwrap_or((after, ""));
        match part.to_lowercase() {
            part if is_guid(&part) => places.extend([Place::OfGuid; 36]),
            part if part == "environment().authentication.loginendpoint" => places.extend(known(endpoint)),
            _ => places.push(Place::Any),
        }
        rest = after;
    }
    places.extend(known(rest));
    places
}

/// True for what Azure itself makes a GUID; a variable or parameter may hold any text, whatever it is called.
fn is_guid(part: &str) -> bool {
    let of_azure = [
        "tenant()",
        "subscription()",
        "data.azurerm_client_config.",
        "data.azurerm_subscription.",
        "data.azuread_client_config.",
    ];
    let id = ["tenantid", "tenant_id", "subscriptionid", "subscription_id"];
    let owner = part.rsplit_once("data.").map_or(part, |(before, _)| part.get(before.len()..).unwrap_or(part));
    of_azure.iter().any(|it| owner.starts_with(it)) && id.iter().any(|it| part.rsplit('.').next() == Some(it))
}

/// Glob matching over sets: for each place of the text, which places of the pattern may come next.
fn fits(text: &[Place], pattern: &[char]) -> bool {
    let mut open = vec![false; pattern.len().saturating_add(1)];
    mark(&mut open, 0, pattern);
    for place in text {
        let mut next = vec![false; open.len()];
        for at in (0..open.len()).filter(|at| open.get(*at) == Some(&true)) {
            let wanted = pattern.get(at).copied();
            match place {
                // Any text may take up every further place of the pattern, or none.
                Place::Any => (at..open.len()).for_each(|to| mark(&mut next, to, pattern)),
                _ if wanted == Some('*') => mark(&mut next, at, pattern),
                _ if wanted.is_some_and(|wanted| may_be(*place, wanted)) => {
                    mark(&mut next, at.saturating_add(1), pattern);
                }
                _ => {}
            }
        }
        open = next;
    }
    open.last() == Some(&true)
}

/// Opens a place of the pattern, and what follows a star there, which may be nothing.
fn mark(open: &mut [bool], at: usize, pattern: &[char]) {
    let mut at = at;
    loop {
        if let Some(it) = open.get_mut(at) {
            *it = true;
        }
        if pattern.get(at) != Some(&'*') {
            return;
        }
        at = at.saturating_add(1);
    }
}

fn may_be(place: Place, wanted: char) -> bool {
    match place {
        Place::Known(it) => it == wanted,
        Place::OfGuid => wanted.is_ascii_hexdigit() || wanted == '-',
        Place::Any => true,
    }
}

#[cfg(test)]
mod tests {
    use super::could_be_like;

    #[test]
    fn a_tenant_id_is_a_guid_and_a_parameter_any_text() {
        let cases = [
            ("https://login.microsoftonline.com/{tenant().tenantId}", "*/common*", false),
            ("https://login.microsoftonline.com/{data.azurerm_client_config.current.tenant_id}", "*/common*", false),
            (
                "https://login.microsoftonline.com/{module.a.data.azurerm_client_config.it.tenant_id}",
                "*/common*",
                false,
            ),
            ("{environment().authentication.loginEndpoint}{subscription().tenantId}", "*/organizations*", false),
            ("{environment().authentication.loginEndpoint}common", "*/common*", true),
            ("https://login.microsoftonline.com/{tenant().tenantId}/v2.0", "*/v2*", true),
            ("https://login.microsoftonline.com/{tenant().tenantId}", "*/abc*", true),
            ("https://login.microsoftonline.com/{parameters('tenantId')}", "*/common*", true),
            ("https://login.microsoftonline.com/{var.tenant_id}", "*/common*", true),
            ("{data.azurerm_client_config.current.tenant_id}", "*", true),
            ("{data.azurerm_key_vault_secret.it.tenant_id}", "common", true),
        ];
        for (symbol, pattern, could) in cases {
            assert_eq!(could_be_like(symbol, pattern), could, "{symbol} like {pattern}");
        }
    }
}
