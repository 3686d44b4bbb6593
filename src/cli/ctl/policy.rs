//! `hoopctl policy`: check, explain, show and list policies.

use std::io::Write;

use clap::Args;
use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use crate::cli::ctl::policy_compile;
use crate::cli::saying;
use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::load::Config;
use crate::config::load::Sources;
use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::actions::Actions;
use crate::policy::builtin::BUILTINS;
use crate::policy::explain::Explanation;
use crate::policy::explain::LayerExplanation;
use crate::policy::load;
use crate::policy::model::Policy;
use crate::policy::request::Principal;
use crate::policy::request::Request;
use crate::policy::role::Role;
use crate::policy::set::PolicySet;
use crate::policy::statement::Statement;
use crate::types::AccessLevel;

/// `hoopctl policy …`
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check policy files: every fault with its place, or a summary
    #[command(
        after_help = "Example:\n  hoopctl policy check policy.toml\n\nExit status: 0 all sound, 1 a fault"
    )]
    Check {
        /// Policy files, or names of built-in policies
        #[arg(required = true)]
        files: Vec<String>,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Say how a call would be decided, and because of which statements
    #[command(
        after_help = "Examples:\n  hoopctl policy explain s3:DeleteObject arn:aws:s3:::billing/07.csv\n  \
                      hoopctl policy explain --policy readonly ssm:GetParameter --param WithDecryption=true"
    )]
    Explain(Box<ExplainArgs>),
    /// Print the session policy that AWS enforces with it, as far as IAM can say it
    #[command(
        after_help = "Example:\n  hoopctl policy compile --policy policy.toml\n\nThe document goes to standard output, what only hoop \
                      enforces to standard error. With a `role` in the policy's [session], hoop-run gives the document to \
                      sts:AssumeRole by itself, together with the `policy_arns` of [session] where the document is too long \
                      without them; without a role AWS enforces nothing of the policy."
    )]
    Compile(policy_compile::CompileArgs),
    /// Print a policy's text
    Show {
        /// Name of a built-in policy, or a file
        name: String,
    },
    /// List the built-in policies
    List {
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The IAM action, such as s3:GetObject
    action: String,
    /// ARNs the call touches; none: the action has no resource
    resources: Vec<String>,
    /// Decide by this policy instead of those in force; may be given several times
    #[arg(long, value_name = "NAME|FILE")]
    policy: Vec<String>,
    /// The region of the call
    #[arg(long, default_value = "", hide_default_value = true)]
    region: String,
    /// The account of the call
    #[arg(long, default_value = "", hide_default_value = true)]
    account: String,
    /// The person who calls; without it, you
    #[arg(long)]
    user: Option<String>,
    /// A group the person is in; may be given several times
    #[arg(long)]
    group: Vec<String>,
    /// The program that acts for the person
    #[arg(long)]
    agent: Option<String>,
    /// Who vouches for the person: an OIDC issuer, a SAML entity ID; hoop has checked it
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
    /// Where the program works: `github.com/shop/web`, or a folder
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// ARN of the role that the call is made with; a session of the role will do
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// What the action does: list, read, write, tagging, permissions; without it, what hoop knows of the action
    #[arg(long, value_parser = access_level)]
    access: Option<AccessLevel>,
    /// A parameter of the call; the value is JSON or a text
    #[arg(long, value_name = "PATH=VALUE", value_parser = parameter)]
    param: Vec<(String, Value)>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What the subcommand needs from its surroundings.
pub struct Context<'a> {
    /// Where the configuration comes from.
    pub sources: &'a Sources,
    /// The actions there are.
    pub actions: &'a dyn Actions,
    /// Who is at the terminal.
    pub principal: Principal,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// Runs `hoopctl policy` and gives the exit status: 1 where a checked file is wrong.
///
/// # Errors
/// A policy that cannot be opened, or `out` failing.
pub fn run(args: &PolicyArgs, context: &Context<'_>, out: &mut dyn Write) -> Result<u8> {
    let (text, status) = match &args.command {
        PolicyCommand::Check { files, json } => {
            // It quotes what is wrong.
            let (text, status) = check(files, *json, context.actions)?;
            (saying::masked(&text), status)
        }
        PolicyCommand::Explain(args) => (explain(args, context)?, 0),
        PolicyCommand::Compile(args) => (policy_compile::run(args, context)?, 0),
        PolicyCommand::Show { name } => (load::text_of(name)?.0, 0),
        PolicyCommand::List { json } => (list(*json), 0),
    };
    out.write_all(text.as_bytes()).context(|| "cannot write the answer")?;
    Ok(status)
}

fn list(as_json: bool) -> String {
    if as_json {
        let all: Vec<Value> =
            BUILTINS.iter().map(|it| json!({"name": it.name, "summary": it.summary})).collect();
        return format!("{:#}\n", json!(all));
    }
    BUILTINS.iter().map(|builtin| format!("{:10} {}\n", builtin.name, builtin.summary)).collect()
}

fn check(files: &[String], as_json: bool, actions: &dyn Actions) -> Result<(String, u8)> {
    let mut texts = Vec::new();
    let mut documents = Vec::new();
    let mut status = 0;
    for file in files {
        let (text, origin) = load::text_of(file)?;
        let outcome = Policy::check(&text, &origin, actions);
        if outcome.is_err() {
            status = 1;
        }
        if as_json {
            documents.push(outcome_as_json(&origin, &outcome, actions));
        } else {
            texts.push(match &outcome {
                Ok(policy) => summary(policy, actions),
                Err(faults) => {
                    format!("{faults}\n\n{origin}: {} wrong\n", counted(faults.faults().len(), "place"))
                }
            });
        }
    }
    let text = if as_json { format!("{:#}\n", json!(documents)) } else { texts.join("\n") };
    Ok((text, status))
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn summary(policy: &Policy, actions: &dyn Actions) -> String {
    let mut text = format!("{}: ok, default {}", policy.origin, policy.default);
    for (number, noun) in [
        (policy.statements.len(), "statement"),
        (policy.commands.len(), "command rule"),
        (policy.masks.len(), "mask rule"),
        (policy.records.len(), "record rule"),
        (policy.egress.len(), "egress rule"),
        (policy.alerts.len(), "alert"),
    ] {
        if number > 0 || noun == "statement" {
            text.push_str(&format!(", {}", counted(number, noun)));
        }
    }
    text.push('\n');
    for section in policy.idle_sections() {
        text.push_str(&format!("  note: {section} is checked, but not acted on by this version\n"));
    }
    if policy.forbids() && !policy.session.assumes_a_role() {
        text.push_str(
            "  note: AWS itself enforces none of it, only hoop does: no [session] names a `role`\n",
        );
    }
    for statement in &policy.statements {
        let sid = statement.sid.as_deref().unwrap_or("(no sid)");
        text.push_str(&format!("  line {:<4} {:5} {sid}: ", statement.line, statement.effect));
        let mut parts: Vec<String> = patterns(statement, actions)
            .into_iter()
            .map(|(pattern, known)| match known {
                Some(1) => pattern,
                Some(known) => format!("{pattern} ({known} actions)"),
                None => pattern,
            })
            .collect();
        if statement.actions.as_ref().is_some_and(|actions| actions.inverted) {
            parts.insert(0, "all but".to_owned());
        }
        if !statement.access.is_empty() {
            let levels: Vec<&str> = statement.access.iter().map(|level| level.as_str()).collect();
            parts.push(format!("access {}", levels.join(", ")));
        }
        text.push_str(&parts.join(", "));
        text.push('\n');
    }
    for warning in &policy.warnings {
        text.push_str(&format!("\nwarning: {warning}\n"));
    }
    text
}

fn patterns(statement: &Statement, actions: &dyn Actions) -> Vec<(String, Option<usize>)> {
    let list = statement.actions.iter().flat_map(|actions| &actions.list);
    list.map(|pattern| (pattern.clone(), actions.count(pattern))).collect()
}

fn outcome_as_json(origin: &str, outcome: &Result<Policy, Diagnostics>, actions: &dyn Actions) -> Value {
    let faults = |faults: &[Fault]| -> Vec<Value> {
        let place = |fault: &Fault| fault.place.as_ref().map(|place| (place.line, place.column));
        faults
            .iter()
            .map(|fault| {
                let (line, column) = place(fault).unzip();
                json!({"line": line, "column": column, "message": fault.message, "fix": fault.fix})
            })
            .collect()
    };
    match outcome {
        Err(diagnostics) => json!({"file": origin, "ok": false, "faults": faults(diagnostics.faults())}),
        Ok(policy) => {
            let statements: Vec<Value> = policy
                .statements
                .iter()
                .map(|statement| {
                    let actions: Vec<Value> = patterns(statement, actions)
                        .into_iter()
                        .map(|(pattern, known)| json!({"pattern": pattern, "known": known}))
                        .collect();
                    json!({"sid": statement.sid, "line": statement.line, "effect": statement.effect, "actions": actions,
                           "access": statement.access})
                })
                .collect();
            json!({"file": origin, "ok": true, "default": policy.default, "statements": statements,
                   "warnings": faults(&policy.warnings)})
        }
    }
}

fn explain(args: &ExplainArgs, context: &Context<'_>) -> Result<String> {
    if !args.action.contains(':') {
        return Err(Error::new(Kind::Usage, format!("`{}` is not an action", args.action.escape_debug()))
            .fix("write SERVICE:ACTION, such as s3:GetObject"));
    }
    if context.actions.is_known(&args.action) == Some(false) && args.access.is_none() {
        let error =
            Error::new(Kind::NotFound, format!("there is no action `{}`", args.action.escape_debug()));
        return Err(match context.actions.suggest(&args.action) {
            Some(meant) => error.fix(format!("did you mean `{meant}`?")),
            None => error.fix("give `--access LEVEL` to explain it all the same"),
        });
    }
    let set = if args.policy.is_empty() {
        PolicySet::load(Config::load(context.sources)?.policies())?
    } else {
        PolicySet::new(args.policy.iter().map(|policy| load::open(policy)).collect::<Result<_>>()?)
    };
    let principal = Principal {
        user: args.user.clone().unwrap_or_else(|| context.principal.user.clone()),
        groups: if args.group.is_empty() { context.principal.groups.clone() } else { args.group.clone() },
        agent: args.agent.clone().or_else(|| context.principal.agent.clone()),
        host: context.principal.host.clone(),
        role: args.role.as_deref().map_or(Role::Unknown, Role::of_identity),
        arn: args.role.clone(),
        verified: args.issuer.is_some(),
        issuer: args.issuer.clone(),
        repository: args.repository.clone(),
        session: String::new(),
        ..context.principal.clone()
    };
    let none = vec!["*".to_owned()];
    let params = args.param.iter().fold(json!({}), |mut params, (path, value)| {
        put(&mut params, path, value);
        params
    });
    let access = args.access.unwrap_or_else(|| context.actions.access(&args.action));
    let mut request = Request::new(&args.action, access, &principal);
    request.resources = if args.resources.is_empty() { &none } else { &args.resources };
    request.region = &args.region;
    request.account = &args.account;
    request.params = &params;
    request.now = context.now;
    request.actions = context.actions;
    let explanation = set.explain(&request);
    Ok(if args.json { explanation_as_json(&explanation) } else { explanation_as_text(&explanation, access) })
}

fn explanation_as_text(explanation: &Explanation, access: AccessLevel) -> String {
    let decision = &explanation.decision;
    let on = if decision.resource == "*" { String::new() } else { format!(" on {}", decision.resource) };
    let mut text = format!("{}{on}, which is {access}: {}\n", decision.action, decision.effect);
    text.push_str(&format!("  why: {}\n", decision.reason));
    if !decision.advice.is_empty() {
        text.push_str(&format!("  fix: {}\n", decision.advice));
    }
    for layer in &explanation.layers {
        text.push_str(&format!("\n{}: {}\n", layer.origin, layer.decision.effect));
        for trace in &layer.statements {
            let matched = if trace.matched { "matches" } else { "-" };
            let sid = trace.sid.as_deref().unwrap_or(&trace.origin);
            text.push_str(&format!("  {matched:8} {:5} {sid}: {}\n", trace.effect, trace.why));
        }
        let is_default = layer.statements.iter().all(|trace| !trace.matched);
        if is_default {
            text.push_str(&format!("  no statement matches: {}\n", layer.decision.reason));
        }
    }
    text
}

fn explanation_as_json(explanation: &Explanation) -> String {
    let layer = |layer: &LayerExplanation| {
        let statements: Vec<Value> = layer
            .statements
            .iter()
            .map(|trace| {
                json!({"sid": trace.sid, "origin": trace.origin, "effect": trace.effect, "matched": trace.matched,
                       "why": trace.why})
            })
            .collect();
        json!({"policy": layer.origin, "effect": layer.decision.effect, "statements": statements})
    };
    let decision = &explanation.decision;
    let layers: Vec<Value> = explanation.layers.iter().map(layer).collect();
    let answer = json!({
        "action": decision.action,
        "resource": decision.resource,
        "effect": decision.effect,
        "sid": decision.sid,
        "origin": decision.origin,
        "reason": decision.reason,
        "advice": decision.advice,
        "layers": layers,
    });
    format!("{answer:#}\n")
}

fn access_level(word: &str) -> Result<AccessLevel, String> {
    let levels = crate::policy::model::ACCESS_LEVELS;
    let found = levels.iter().find(|(name, _)| *name == word).map(|(_, level)| *level);
    found.ok_or_else(|| "it is one of list, read, write, tagging, permissions".to_owned())
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (path, value) = text.split_once('=').ok_or("write PATH=VALUE")?;
    if path.is_empty() || path.split('.').any(str::is_empty) || path.contains(['[', ']']) {
        return Err("a path is names joined by dots; give lists as JSON: 'Names=[\"a\"]'".to_owned());
    }
    Ok((path.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))))
}

/// Sets a value below names joined by dots.
fn put(params: &mut Value, path: &str, value: &Value) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if !params.is_object() {
        *params = json!({});
    }
    let Some(members) = params.as_object_mut() else { return };
    let member = members.entry(name).or_insert(Value::Null);
    match rest {
        Some(rest) => put(member, rest, value),
        None => *member = value.clone(),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
