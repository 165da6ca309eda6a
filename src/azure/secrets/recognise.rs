//! Texts that are plainly secrets, and texts that only stand for one.
//!
//! In: a text, perhaps with the name of the setting that it fills. Out: a judgement; when in doubt, not a secret.
//! Knows formats, not services. No regular expressions: this runs over every string of every resource.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// True for a text that names a secret kept elsewhere, that a pipeline replaces before the deployment, or a public key.
pub fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let Some(first) = text.bytes().next() else { return false };
    let starts: &[&str] = match first.to_ascii_lowercase() {
        b'@' => &["@microsoft.keyvault(", "@appsettingref("],
        b's' => &["secretref:", "ssh-rsa ", "ssh-ed25519 "],
        b'$' => &["${", "$("],
        b'#' => &["#{"],
        b'{' => &["{{"],
        b'_' => &["__"],
        b'<' | b'%' | b'[' => return true,
        b'k' => &["keyvault:"],
        b'p' => &["privatesettingsref:"],
        b'g' => &["gen-"],
        b'e' => &["ecdsa-sha2"],
        _ => &[],
    };
    // `?sv=XXXX-XX-XX&sig=...` of an example: every letter and digit is crossed out.
    let letters = || text.bytes().filter(u8::is_ascii_alphanumeric);
    let marked = |it: u8| matches!(it, b'x' | b'X' | b'*' | b'.' | b'-');
    let crossed_out = text.len() >= 8
        && letters().all(|it| matches!(it, b'x' | b'X'))
        && (text.bytes().all(marked) || letters().count() >= 4);
    let head = |start: &str| text.as_bytes().get(..start.len());
    crossed_out || starts.iter().any(|start| head(start).is_some_and(|it| it.eq_ignore_ascii_case(start.as_bytes())))
}

/// True for a text whose form says that it is a secret, whatever it is called.
pub fn is_secret(text: &str) -> bool {
    text.len() >= 16
        && (is_private_key(text)
            || is_connection_string(text)
            || is_shared_access_signature(text)
            || has_password_in_url(text)
            || is_known_token(text)
            || is_account_key(text))
}

/// True when the name of a setting says that its value is a secret, and the value can be one.
pub fn names_secret(name: &str, text: &str) -> bool {
    // Asked of every string of every resource: most names end in other letters than those below.
    let mut letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase());
    let (last, before) = (letters.next(), letters.next());
    let ends = [b"rd", b"wd", b"se", b"et", b"ey", b"en"];
    if !ends.iter().any(|[first, second]| last == Some(*second) && before == Some(*first)) {
        return false;
    }
    let passwords = ["password", "passwd", "pwd", "passphrase"];
    if passwords.iter().any(|end| ends_folded(name, end)) {
        return text.len() >= 4 && !is_placeholder(text) && !is_plain(text) && folded(text) != folded(name);
    }
    let keys = [
        "secret",
        "secretkey",
        "apikey",
        "accesskey",
        "accountkey",
        "sharedkey",
        "privatekey",
        "signingkey",
        "encryptionkey",
        "authtoken",
        "accesstoken",
        "bearertoken",
        "clientsecret",
        "instrumentationsecret",
    ];
    keys.iter().any(|end| ends_folded(name, end)) && is_plausible(text)
}

/// True for a text that can be a secret: long enough, mixed, and not a word, an address, an id or a placeholder.
pub fn is_plausible(text: &str) -> bool {
    if is_secret(text) {
        return true;
    }
    let has = |test: fn(char) -> bool| text.chars().any(test);
    let mixed = has(|it| it.is_ascii_digit()) && has(|it| it.is_ascii_alphabetic())
        || has(|it| it.is_ascii_punctuation() && !"-_./:,@".contains(it)) && has(|it| it.is_ascii_alphanumeric());
    text.len() >= 8
        && mixed
        && !text.chars().any(char::is_whitespace)
        && !text.contains("://")
        && !text.starts_with(['/', '{', '\\'])
        && !is_guid(text)
        && !is_dotted_name(text)
        && !is_plain(text)
        && !is_placeholder(text)
        && !is_lower_words(text)
}

/// True for a text that a person left for somebody to fill in.
pub fn is_placeholder(text: &str) -> bool {
    let lower = folded(text);
    let marks = [
        "placeholder",
        "changeme",
        "changeit",
        "changethis",
        "replaceme",
        "replacethis",
        "replacewith",
        "setme",
        "todo",
        "tobedefined",
        "tobeset",
        "tbd",
        "dummy",
        "example",
        "yourpassword",
        "yoursecret",
        "yourkey",
        "redacted",
        "notused",
        "notset",
        "undefined",
        "manuallyset",
        "updateme",
        "fillme",
        "insert",
        "sample",
    ];
    let same = lower.chars().next().is_some_and(|first| lower.chars().all(|it| it == first));
    lower.is_empty() || same || marks.iter().any(|mark| lower.contains(mark)) || is_reference(text)
}

fn is_private_key(text: &str) -> bool {
    static BEGIN: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("-----BEGIN "));
    BEGIN
        .find(text.as_bytes())
        .and_then(|at| text.get(at..))
        .is_some_and(|rest| rest.lines().next().is_some_and(|line| line.contains("PRIVATE KEY-----")))
}

/// `...;AccountKey=...`, `Password=...;` and their kind, with a value that is written out.
fn is_connection_string(text: &str) -> bool {
    text.contains(';')
        && text.split(';').any(|part| {
            let Some((key, value)) = part.split_once('=') else { return false };
            let key = folded(key);
            let value = value.trim().trim_matches(['"', '\'']);
            let keys = ["accountkey", "sharedaccesskey", "sharedsecretvalue", "primarykey"];
            let long = keys.contains(&key.as_str()) && value.len() >= 20 && !is_emulator(value);
            let password = ["password", "pwd"].contains(&key.as_str()) && value.len() >= 4;
            (long || password) && !is_placeholder(value) && !is_reference(value) && !value.contains(['{', '<', '$'])
        })
}

/// `?sv=...&se=...&sig=...`.
fn is_shared_access_signature(text: &str) -> bool {
    // It has two parts at least.
    if memchr::memchr2(b'?', b'&', text.as_bytes()).is_none() {
        return false;
    }
    let has =
        |key: &str| text.split(['?', '&']).any(|part| part.strip_prefix(key).is_some_and(|value| value.len() > 1));
    let signature = text.split(['?', '&']).find_map(|part| part.strip_prefix("sig="));
    signature.is_some_and(|value| value.len() >= 20 && !value.contains(['{', '<', '$'])) && (has("se=") || has("sv="))
}

/// `postgres://user:password@host`.
fn has_password_in_url(text: &str) -> bool {
    if !text.contains('@') {
        return false;
    }
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme = scheme.rsplit(|it: char| !it.is_ascii_alphanumeric() && it != '+').next().unwrap_or("");
    let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or("");
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    !scheme.is_empty() && password.len() >= 4 && !password.contains(['{', '<', '$']) && !is_placeholder(password)
}

fn is_known_token(text: &str) -> bool {
    let text = text.trim();
    if !text.bytes().all(|it| it.is_ascii_graphic()) {
        return false;
    }
    let prefixes = [
        ("ghp_", 40),
        ("gho_", 40),
        ("ghs_", 40),
        ("github_pat_", 60),
        ("glpat-", 26),
        ("xoxb-", 40),
        ("xoxp-", 40),
        ("sk_live_", 24),
        ("SG.", 60),
        ("dapi", 36),
        ("npm_", 40),
        ("AKIA", 20),
        ("dop_v1_", 64),
        ("hvs.", 90),
    ];
    prefixes.iter().any(|(prefix, least)| text.starts_with(prefix) && text.len() >= *least && is_token_text(text))
        || is_entra_secret(text)
        || is_json_web_token(text)
}

fn is_token_text(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it))
}

/// Three characters, a digit, `Q~`, then 31 to 34 more: how Entra writes client secrets.
fn is_entra_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    (37..=40).contains(&bytes.len())
        && bytes.get(3).is_some_and(u8::is_ascii_digit)
        && bytes.get(4..6) == Some(b"Q~")
        && bytes.iter().all(|it| it.is_ascii_alphanumeric() || b"_.~-".contains(it))
}

fn is_json_web_token(text: &str) -> bool {
    text.starts_with("eyJ")
        && text.split('.').count() == 3
        && text.split('.').all(|part| part.len() >= 16 && is_token_text(part))
}

/// 64 bytes in base64: the keys of storage, Cosmos DB and Batch.
fn is_account_key(text: &str) -> bool {
    text.len() == 88
        && text.ends_with("==")
        && text.bytes().take(86).all(|it| it.is_ascii_alphanumeric() || it == b'+' || it == b'/')
        && !is_emulator(text)
}

/// The keys that the storage and Cosmos DB emulators document: no secrets.
fn is_emulator(text: &str) -> bool {
    text.starts_with("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u")
        || text.starts_with("C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5")
}

/// Whether what [`folded`] makes of the text ends so.
fn ends_folded(text: &str, end: &str) -> bool {
    let mut folded = text.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase());
    end.bytes().rev().all(|it| folded.next() == Some(it))
}

fn folded(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// Numbers, booleans, the words of a switch (`useSharedPassword: Enabled`) and nothing.
fn is_plain(text: &str) -> bool {
    ["true", "false", "null", "none", "yes", "no", "enabled", "disabled"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
        || text.bytes().all(|it| it.is_ascii_digit() || it == b'.')
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, it)| match at {
            8 | 13 | 18 | 23 => it == b'-',
            _ => it.is_ascii_hexdigit(),
        })
}

/// `db.example.net`, `someone@example.net`, `10.0.0.0/24`, `10.0.0.1:443`.
fn is_dotted_name(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._@/:".contains(&it))
}

/// `my-secret-name-2`: words in lower case joined by dashes, as names of things are.
fn is_lower_words(text: &str) -> bool {
    text.contains(['-', '_'])
        && text.split(['-', '_']).all(|word| {
            let digits = word.trim_start_matches(|it: char| it.is_ascii_lowercase());
            digits.len() <= 2 && digits.bytes().all(|it| it.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::{is_placeholder, is_plausible, is_reference, is_secret, names_secret};

    #[test]
    fn forms_of_secrets_are_recognised() {
        let key = "q7Zk".repeat(21) + "Ab==";
        let secrets = [
            format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key};EndpointSuffix=core.windows.net"),
            "Server=tcp:x.database.windows.net;User ID=sa;Password=Winter2024x;Encrypt=true".into(),
            "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=7Jk3hs82hdkq0s9dkwoqpz1="
                .into(),
            "https://x.blob.core.windows.net/c?sv=2022-11-02&se=2030-01-01&sig=abcdefghijklmnopqrstuvwx".into(),
            "postgres://app:Winter2024x@db.local:5432/app".into(),
            format!("-----BEGIN RSA {} KEY-----\nMIIE", "PRIVATE"),
            format!("ghp_{}", "a1B2".repeat(9)),
            "aB18Q~".to_owned() + &"x9".repeat(17),
            key.clone(),
        ];
        for secret in &secrets {
            assert!(is_secret(secret), "{secret}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        let texts = [
            "https://example.net/a/long/address?version=2024-01-01",
            "Server=tcp:x.database.windows.net;Authentication=Active Directory Default;Encrypt=true",
            "Server=x;User ID=sa;Password={your_password};",
            "Server=x;User ID=sa;Password=<password>;Encrypt=true",
            "postgres://app:${DB_PASSWORD}@db.local:5432/app",
            "-----BEGIN CERTIFICATE-----\nMIIE",
            "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;",
        ];
        for text in texts {
            assert!(!is_secret(text), "{text}");
        }
    }

    #[test]
    fn a_name_makes_a_secret_of_a_value_that_can_be_one() {
        let cases = [
            ("DB_PASSWORD", "postgres", true),
            ("DB_PASSWORD", "changeme", false),
            ("DB_PASSWORD", "false", false),
            ("useSharedPassword", "Enabled", false),
            ("ConnectionStrings__Password", "S3cret!x", true),
            ("API_KEY", "9f8e7d6c5b4a3210", true),
            ("API_KEY", "my-api-key-name", false),
            ("CLIENT_SECRET", "https://kv.vault.azure.net/secrets/x", false),
            ("SECRET_NAME", "S3cretx12", false),
            ("AccessToken", "00000000-0000-0000-0000-000000000000", false),
        ];
        for (name, text, expected) in cases {
            assert_eq!(names_secret(name, text), expected, "{name} {text}");
        }
    }

    #[test]
    fn placeholders_and_references_are_no_secrets() {
        for text in [
            "@Microsoft.KeyVault(SecretUri=https://x)",
            "#{password}#",
            "$(password)",
            "<password>",
            "{{ password }}",
            "XXXxxxXX",
            "?xx=XXXX-XX&xxx=XXxx%xX",
        ] {
            assert!(is_reference(text), "{text}");
        }
        for text in ["!$%&/()?", "x!2xxxxx"] {
            assert!(!is_reference(text), "{text}");
        }
        for text in ["", "xxxxxxxx", "CHANGE_ME", "placeholder", "TODO: set"] {
            assert!(is_placeholder(text), "{text}");
        }
        assert!(!is_plausible("db.postgres.database.azure.com"));
        assert!(is_plausible("Winter2024!x"));
    }
}
