//! `hoopctl policy compile`: what AWS enforces of the policies, and what it cannot.

use std::io;
use std::io::Write;

use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::cli::ctl::policy::Context;
use crate::config::load::Config;
use crate::error::Result;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::actions::AwsActions;
use crate::policy::compile::LIMIT;
use crate::policy::load;

/// `hoopctl policy compile …`
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// Compile this policy instead of those in force; may be given several times
    #[arg(long, value_name = "NAME|FILE")]
    policy: Vec<String>,
    /// The program that acts for the person; without it, rules about programs only widen the document
    #[arg(long)]
    agent: Option<String>,
    /// The longest document, in characters
    #[arg(long, default_value_t = LIMIT, value_name = "CHARACTERS")]
    limit: usize,
    /// The document, its length and what only hoop enforces, as JSON
    #[arg(long)]
    json: bool,
}

/// The text for standard output; without `--json`, what only hoop enforces is told on standard error.
pub fn run(args: &CompileArgs, context: &Context<'_>) -> Result<String> {
    let set = if args.policy.is_empty() {
        PolicySet::load(Config::load(context.sources)?.policies())?
    } else {
        PolicySet::new(args.policy.iter().map(|policy| load::open(policy)).collect::<Result<_>>()?)
    };
    let principal = Principal { agent: args.agent.clone(), ..context.principal.clone() };
    let session = set.session();
    let limit = args.limit.min(LIMIT);
    let compiled = set.compile_with(&principal, AwsActions::all(), limit, &session.policy_arns);
    let length = compiled.json.as_ref().map(|text| text.chars().count());
    if args.json {
        let document: Option<Value> =
            compiled.json.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let answer = json!({"role": session.role.first(), "document": document, "characters": length,
                            "policy_arns": compiled.policy_arns, "hoop_only": compiled.left_out});
        return Ok(format!("{answer:#}\n"));
    }
    let mut line = match length {
        Some(length) => format!("{length} of {LIMIT} characters"),
        None => "no session policy: it would forbid nothing".to_owned(),
    };
    if !compiled.policy_arns.is_empty() {
        line.push_str(&format!(", with {}", compiled.policy_arns.join(", ")));
    }
    line.push_str(&format!("; {}", compiled.line()));
    if !session.assumes_a_role() {
        line.push_str("; without a `role` in [session], AWS is given none of it");
    }
    say(&line);
    Ok(compiled.json.map(|text| format!("{text}\n")).unwrap_or_default())
}

/// For the person; whoever reads the document gets it alone. A closed standard error is no failure.
fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
