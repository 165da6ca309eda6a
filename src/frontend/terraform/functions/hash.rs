//! Hashes and ids made of text: `md5`, `sha*`, `base64sha*`, their `file` forms, `uuidv5`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::args::{Answer, Call};
use super::filesystem::read;
use crate::value::Value;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    let input = |call: &Call<'_>| -> Result<Arc<str>, Value> {
        if call.name.starts_with("file") { read(call, 0) } else { call.text(0) }
    };
    let done = |hash: fn(&[u8]) -> Vec<u8>, write: fn(&[u8]) -> String| {
        input(call).map(|text| call.value(write(&hash(text.as_bytes()))))
    };
    Some(match call.name {
        "md5" | "filemd5" => done(|text| Md5::digest(text).to_vec(), hex),
        "sha1" | "filesha1" => done(|text| Sha1::digest(text).to_vec(), hex),
        "sha256" | "filesha256" => done(|text| Sha256::digest(text).to_vec(), hex),
        "sha512" | "filesha512" => done(|text| Sha512::digest(text).to_vec(), hex),
        "base64sha256" | "filebase64sha256" => done(|text| Sha256::digest(text).to_vec(), |hash| STANDARD.encode(hash)),
        "base64sha512" | "filebase64sha512" => done(|text| Sha512::digest(text).to_vec(), |hash| STANDARD.encode(hash)),
        "uuidv5" => uuid_of_name(call),
        "bcrypt" | "uuid" => Ok(call.runtime()),
        "rsadecrypt" => Ok(call.not_evaluated("decryption")),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn uuid_of_name(call: &Call<'_>) -> Answer {
    let (namespace, name) = (call.text(0)?, call.text(1)?);
    let namespace = match &*namespace {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let Some(namespace) = uuid_bytes(namespace) else { return Err(call.invalid("the namespace is not a UUID")) };
    let digest = Sha1::new().chain_update(namespace).chain_update(name.as_bytes()).finalize();
    let mut bytes: Vec<u8> = digest.iter().copied().take(16).collect();
    if let Some(version) = bytes.get_mut(6) {
        *version = (*version & 0x0f) | 0x50;
    }
    if let Some(variant) = bytes.get_mut(8) {
        *variant = (*variant & 0x3f) | 0x80;
    }
    let digits = hex(&bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or(""));
    Ok(call.value(groups.join("-")))
}

fn uuid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    (0..32).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}
