//! `hoopctl mask`: find secrets in files, show what a session would show of them, list and check the rules.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::console::Console;
use super::mask_check;
use super::mask_explain;
use super::mask_scan;
use crate::cli::known_values;
use crate::cli::mask_rules;
use crate::config::load::Config;
use crate::config::load::Sources;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::mask;
use crate::mask::Engine;
use crate::policy::model::MaskRule;
use crate::policy::set::PolicySet;

/// The longest text that `try` reads. It is held in memory with what comes out.
const MOST_BYTES: u64 = 256 << 20;

/// `hoopctl mask …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: MaskCommand,
}

#[derive(Debug, clap::Subcommand)]
enum MaskCommand {
    Scan(mask_scan::Args),
    Try(TryArgs),
    Rules(RulesArgs),
    Check(mask_check::Args),
    Explain(mask_explain::Args),
}

/// Show a text as a session would show it: secrets hidden, everything else byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  env | hoopctl mask try
  hoopctl mask try --tags deploy.log
  git -c color.ui=always diff | hoopctl mask try

Without --tags secrets become stars, as on a terminal: as many as they have bytes,
after their public beginning (ghp_, AKIA). With it they become what stands in API
answers and in the record: hoopmask:KIND:TAG.")]
struct TryArgs {
    /// The text; without it or with `-`, standard input.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show tags instead of stars.
    #[arg(long)]
    tags: bool,
    #[command(flatten)]
    chosen: Chosen,
}

/// List the rules, and whether each is in force.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl mask rules
  hoopctl mask rules --json | jq -r 'select(.pack == \"aws\") | .id'

Rules are switched by `mask.packs` and `mask.without` of the configuration; policies
and files named by `mask.rules` add rules: see `hoopctl config list`.")]
struct RulesArgs {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    chosen: Chosen,
}

/// Which rules, where it is not the configuration's.
#[derive(Debug, clap::Args)]
pub struct Chosen {
    /// The packs of rules in force, apart by commas, instead of the configuration's: `default, pii`.
    #[arg(long, value_name = "PACKS")]
    packs: Option<String>,
    /// Take the rules of this file or policy too; may be given several times.
    #[arg(long, value_name = "FILE")]
    rules: Vec<String>,
}

impl Chosen {
    /// The engine with the rules of the configuration, of the policies in force, and of these.
    pub fn engine(&self, sources: &Sources) -> Result<(Engine, Vec<MaskRule>)> {
        let config = Config::load(sources)?;
        let mut rules = mask_rules::mask_rules(&config, &PolicySet::load(config.policies())?)?;
        for file in &self.rules {
            rules.extend(mask_rules::rules_of_file(file)?);
        }
        let packs = self.packs.as_deref().map(words);
        let engine = mask_rules::engine(&config, packs, &rules)?;
        // What is to be said of its lines is said where a session starts.
        known_values::learn_files(&engine, &config, |name| std::env::var(name).ok())?;
        Ok((engine, rules))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Does it; gives the exit status.
pub fn run(args: &Args, sources: &Sources, console: &mut Console<'_>) -> Result<u8> {
    match &args.command {
        MaskCommand::Scan(args) => mask_scan::run(args, sources, console),
        MaskCommand::Try(args) => show(args, sources, console),
        MaskCommand::Rules(args) => list(args, sources, console),
        MaskCommand::Check(args) => mask_check::run(args, console),
        MaskCommand::Explain(args) => mask_explain::run(args, console),
    }
}

/// Reads a file or, for `-`, standard input; at most `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let taken = if path.as_os_str() == "-" {
        std::io::stdin().take(most + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
    };
    taken.map_err(|cause| Error::io(format!("cannot read {}", path.display()), &cause))?;
    if bytes.len() as u64 > most {
        return Err(Error::new(Kind::NotFound, format!("{} is too large", path.display()))
            .why(format!("at most {} MiB are read at once", most >> 20))
            .fix("cut it into parts, such as with `split --line-bytes=64M`"));
    }
    Ok(bytes)
}

fn show(args: &TryArgs, sources: &Sources, console: &mut Console<'_>) -> Result<u8> {
    let engine = std::sync::Arc::new(args.chosen.engine(sources)?.0);
    let text = read(args.file.as_deref().unwrap_or(Path::new("-")), MOST_BYTES)?;
    let mut shown = Vec::with_capacity(text.len());
    if args.tags {
        let text =
            String::from_utf8(text).unwrap_or_else(|wrong| wrong.into_bytes().escape_ascii().to_string());
        shown.extend_from_slice(engine.text(&text).as_bytes());
    } else {
        let mut stream = engine.stream();
        stream.push(&text, &mut shown);
        stream.finish(&mut shown);
    }
    console.bytes(&shown)?;
    Ok(0)
}

fn list(args: &RulesArgs, sources: &Sources, console: &mut Console<'_>) -> Result<u8> {
    let (engine, user) = args.chosen.engine(sources)?;
    let mut rows = Vec::new();
    for rule in mask::builtin_rules() {
        let is_on = engine.has_rule(rule.id);
        if args.json {
            console.json(&json!({
                "id": rule.id, "kind": rule.kind, "pack": rule.pack, "confidence": rule.confidence.as_str(),
                "tier": rule.tier.as_str(), "on": is_on, "prefix": rule.prefix, "after": rule.after,
            }))?;
        }
        let on = if is_on { "on" } else { "off" };
        rows.push(
            [rule.id, rule.pack, on, rule.kind, rule.confidence.as_str(), rule.tier.as_str()]
                .map(str::to_owned)
                .to_vec(),
        );
    }
    for rule in user {
        let ways = [
            ("field", !rule.fields.is_empty()),
            ("column", !rule.columns.is_empty()),
            ("regex", rule.regex.is_some()),
        ];
        let ways: Vec<&str> = ways.iter().filter(|(_, has)| *has).map(|(way, _)| *way).collect();
        if args.json {
            console.json(&json!({
                "id": rule.name, "kind": rule.name, "pack": "own", "confidence": "high", "tier": "credential", "on": true,
                "fields": rule.fields, "columns": rule.columns, "regex": rule.regex,
            }))?;
        }
        let name = crate::term::safe(&rule.name).to_string();
        rows.push(vec![name, "own".into(), "on".into(), ways.join(", "), "high".into(), "credential".into()]);
    }
    if !args.json {
        console.table(&["RULE", "PACK", "", "FINDS", "CONFIDENCE", "TIER"], &[], &rows)?;
    }
    Ok(0)
}
