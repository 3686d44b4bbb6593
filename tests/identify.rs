//! Every operation as botocore sends it, made by its own serializers from its own models, is identified with its
//! parameters; the tables are what the models and the reference give. Needs what `scripts/setup.sh test` installs.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "identify/operations.rs"]
mod operations;
