//! Every operation as botocore sends it, made by its own serializers from its own models, is identified with its
//! parameters; every host of its endpoint rules is known; the tables are what their sources give. Needs what
//! `scripts/setup.sh test` installs.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "identify/command.rs"]
mod command;
#[path = "identify/hosts.rs"]
mod hosts;
#[path = "identify/operations.rs"]
mod operations;
#[path = "identify/tables.rs"]
mod tables;
