//! `hoopctl config`: what is set, and by whom.

use std::io::Write;

use clap::Args;
use clap::Subcommand;
use serde_json::json;

use crate::config::keys::KEYS;
use crate::config::keys::Key;
use crate::config::load::Config;
use crate::config::load::Origin;
use crate::config::load::PROJECT_FILE;
use crate::config::load::Sources;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;

/// `hoopctl config …`
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every setting, its value and where it comes from
    List {
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
        /// Say what each setting means
        #[arg(long, conflicts_with = "json")]
        all: bool,
    },
    /// Show one setting's value, and nothing else
    #[command(after_help = "Example:\n  hoopctl config get approval.ttl")]
    Get {
        /// The setting, such as approval.ttl
        key: String,
    },
    /// Show which files are read, in order, and whether they are there
    Path,
}

/// Runs `hoopctl config` and gives the exit status.
///
/// # Errors
/// A configuration that cannot be read, an unknown key, or `out` failing.
pub fn run(args: &ConfigArgs, sources: &Sources, out: &mut dyn Write) -> Result<u8> {
    let text = match &args.command {
        ConfigCommand::List { json: true, .. } => list_as_json(&Config::load(sources)?),
        ConfigCommand::List { all, .. } => list(&Config::load(sources)?, *all),
        ConfigCommand::Get { key } => get(&Config::load(sources)?, key)?,
        ConfigCommand::Path => paths(sources),
    };
    out.write_all(text.as_bytes()).context(|| "cannot write the answer")?;
    Ok(0)
}

fn list(config: &Config, with_docs: bool) -> String {
    let lines: Vec<(String, &str, String)> = config
        .list()
        .map(|(key, entry)| {
            (format!("{} = {}", key.name, entry.value.to_toml()), key.doc, entry.origin.to_string())
        })
        .collect();
    let width = lines.iter().map(|(line, ..)| line.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (line, doc, origin) in lines {
        if with_docs {
            text.push_str(&format!("# {doc}\n{line}  # {origin}\n\n"));
        } else {
            text.push_str(&format!("{line:width$}  # {origin}\n"));
        }
    }
    text.push_str("\n# policies in force, all at once; the strictest decides:\n");
    for choice in config.policies() {
        let layer = format!("{:?}", choice.layer).to_lowercase();
        text.push_str(&format!("#   {}  ({layer}: {})\n", choice.policy, choice.origin));
    }
    for warning in config.warnings() {
        text.push_str(&format!("\nwarning: {warning}\n"));
    }
    text
}

fn list_as_json(config: &Config) -> String {
    let settings: serde_json::Map<String, serde_json::Value> = config
        .list()
        .map(|(key, entry)| {
            let value = match &entry.value {
                crate::config::keys::Value::Truth(truth) => json!(truth),
                other => json!(other.to_plain()),
            };
            (key.name.to_owned(), json!({"value": value, "source": source(&entry.origin)}))
        })
        .collect();
    let policies: Vec<serde_json::Value> = config
        .policies()
        .iter()
        .map(|choice| {
            let layer = format!("{:?}", choice.layer).to_lowercase();
            json!({"layer": layer, "policy": choice.policy, "source": source(&choice.origin)})
        })
        .collect();
    let warnings: Vec<String> = config.warnings().iter().map(ToString::to_string).collect();
    format!("{:#}\n", json!({"settings": settings, "policies": policies, "warnings": warnings}))
}

fn source(origin: &Origin) -> serde_json::Value {
    match origin {
        Origin::Default => json!({"kind": "default"}),
        Origin::File(path, line) => {
            json!({"kind": "file", "path": path.display().to_string(), "line": line})
        }
        Origin::Variable(name) => json!({"kind": "variable", "name": name}),
        Origin::Flag(flag) => json!({"kind": "flag", "name": flag}),
    }
}

fn get(config: &Config, key: &str) -> Result<String> {
    if let Some(entry) = config.entry(key) {
        return Ok(format!("{}\n", entry.value.to_plain()));
    }
    let error = Error::new(Kind::NotFound, format!("there is no setting `{}`", key.escape_debug()));
    Err(match Key::nearest(key) {
        Some(meant) => error.fix(format!("did you mean `{meant}`?")),
        None => error.fix("all settings: hoopctl config list"),
    })
}

fn paths(sources: &Sources) -> String {
    let in_folder =
        |folder: &Option<std::path::PathBuf>, name: &str| folder.as_ref().map(|dir| dir.join(name));
    let mut text = String::new();
    for (what, path) in [
        ("machine", in_folder(&sources.machine, "config.toml")),
        ("machine", in_folder(&sources.machine, "policy.toml")),
        ("user", in_folder(&sources.user, "config.toml")),
        ("user", in_folder(&sources.user, "policy.toml")),
        ("project", sources.project.clone()),
    ] {
        let (path, state) = match &path {
            Some(path) if path.exists() => (path.display().to_string(), "read"),
            Some(path) => (path.display().to_string(), "not there"),
            None => (format!("{PROJECT_FILE} in this folder or above"), "not there"),
        };
        text.push_str(&format!("{what:8} {path}  ({state})\n"));
    }
    let set: Vec<&str> = sources.variables.iter().map(|(name, _)| name.as_str()).collect();
    let variables = if set.is_empty() { "none set".to_owned() } else { set.join(", ") };
    let example = KEYS.first().map(Key::variable).unwrap_or_default();
    text.push_str(&format!("variable {example} and the like  ({variables})\n"));
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: ConfigArgs,
    }

    fn output(line: &[&str], sources: &Sources) -> Result<String> {
        let cli = Cli::try_parse_from(std::iter::once(&"config").chain(line)).unwrap();
        let mut out = Vec::new();
        run(&cli.args, sources, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_list_names_each_source() {
        let sources = Sources::default().flag("--region", "upstream.region", "eu-west-1");
        let text = output(&["list"], &sources).unwrap();
        assert!(text.contains("upstream.region = \"eu-west-1\""), "{text}");
        assert!(text.contains("# --region"), "{text}");
        assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), KEYS.len());
        let json: serde_json::Value =
            serde_json::from_str(&output(&["list", "--json"], &sources).unwrap()).unwrap();
        assert_eq!(json["settings"]["approval.ttl"], json!({"value": "5m", "source": {"kind": "default"}}));
        assert_eq!(json["policies"][0]["policy"], "guarded");
    }

    #[test]
    fn get_gives_the_bare_value_or_the_nearest_key() {
        assert_eq!(output(&["get", "approval.ttl"], &Sources::default()).unwrap(), "5m\n");
        let error = output(&["get", "aproval.ttl"], &Sources::default()).unwrap_err();
        assert_eq!(error.advice(), Some("did you mean `approval.ttl`?"));
    }
}
