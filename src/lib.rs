//! Lints Azure infrastructure-as-code against HIPAA, before it is deployed.
//!
//! # The data path
//!
//! ```text
//! discover  files of a run, grouped into units: root modules, templates, documents
//!    |
//! parse     text -> spanned syntax            (hcl, json, yaml; no meaning yet)
//!    |
//! frontend  syntax -> resources               (terraform, arm, yaml; knows no policy)
//!    |
//! model     resources -> graph                (the waist: all that the two halves share)
//!    |
//! eval      policies x graph -> outcomes      (policy: YAML files, compiled; knows no front end)
//!    |
//! finding   outcomes -> findings -> report    (text, json, ...)
//!    |
//! fix       findings -> changes -> edits      (eval says what must change, the front ends where)
//! ```
//!
//! # Modules in reading order
//!
//! Imports go downwards only, `frontend` and `policy` never meet; `tests/tidy.rs` holds this.

pub mod source;
pub mod truth;

pub mod edit;

pub mod diagnostic;
pub mod value;

pub mod model;

pub mod azure;

pub mod parse;

pub mod policy;

pub mod eval;

pub mod examples;

pub mod frontend;

pub mod config;
pub mod glob;
pub mod snippet;

pub mod finding;

pub mod fix;

pub mod suppress;

pub mod report;

pub mod discover;

pub mod lint;

pub mod lsp;

pub mod cli;
