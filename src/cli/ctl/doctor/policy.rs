//! The policies in force: where they stand, what is wrong with them, and what AWS itself enforces of them.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::finding::counted;
use super::finding::quoted;
use crate::config::diagnostic::Fault;
use crate::config::load::PolicyChoice;
use crate::config::load::PolicyLayer;
use crate::policy::PolicySet;
use crate::policy::Principal;
use crate::policy::actions::AwsActions;
use crate::policy::compile::LIMIT;
use crate::policy::load;
use crate::policy::model::Policy;

/// Faults told of one file; `hoopctl policy check` tells all.
const TOLD: usize = 5;

/// Who is asked about a group.
pub struct Groups<'a> {
    /// Whether this machine has a group of that name.
    pub is_local: &'a dyn Fn(&str) -> bool,
    /// Identity providers are configured, whose groups nobody knows before a login.
    pub has_provider: bool,
}

/// The policies that are chosen, and what `principal` gets of them.
#[must_use]
pub fn findings(choices: &[PolicyChoice], principal: &Principal, groups: &Groups<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut is_sound = true;
    for choice in choices {
        let layer = match choice.layer {
            PolicyLayer::Machine => "machine",
            PolicyLayer::User => "user",
            PolicyLayer::Project => "project",
        };
        match one(choice, layer, groups) {
            Ok(own) => found.extend(own),
            Err(faults) => {
                is_sound = false;
                found.extend(faults);
            }
        }
    }
    if is_sound {
        found.extend(session(choices, principal));
    }
    found
}

fn one(
    choice: &PolicyChoice,
    layer: &'static str,
    groups: &Groups<'_>,
) -> Result<Vec<Finding>, Vec<Finding>> {
    let check = format!("hoopctl policy check {}", quoted(&choice.policy));
    let (text, origin) = load::text_of(&choice.policy).map_err(|error| {
        let from = format!(" (named by {})", choice.origin);
        let finding = Finding::fault(layer, format!("{error}{from}: no session starts"));
        vec![match error.advice() {
            Some(advice) => finding.advice(advice).fix("hoopctl policy list"),
            None => finding.fix(format!("ls -l {}", quoted(&choice.policy))),
        }]
    })?;
    let policy = Policy::check(&text, &origin, &AwsActions).map_err(|diagnostics| {
        let all = diagnostics.faults();
        let mut found: Vec<Finding> = all
            .iter()
            .take(TOLD)
            .map(|fault| with_advice(Finding::fault(layer, placed(fault)), fault).fix(&check))
            .collect();
        if all.len() > TOLD {
            found.push(
                Finding::fault(layer, format!("{} more in {origin}", counted(all.len() - TOLD, "fault")))
                    .fix(&check),
            );
        }
        found
    })?;
    let statements = counted(policy.statements.len(), "statement");
    let mut found = vec![Finding::ok(
        layer,
        format!("{origin}: default {}, {statements} ({})", policy.default, choice.origin),
    )];
    for warning in policy.warnings.iter().take(TOLD) {
        found.push(with_advice(Finding::warning(layer, placed(warning)), warning).fix(&check));
    }
    found.extend(strangers(&policy, layer, groups).into_iter().map(|finding| finding.fix(&check)));
    let idle = policy.idle_sections();
    if !idle.is_empty() {
        let fact = format!("{origin}: {} checked, but not acted on by this version", idle.join(", "));
        found.push(Finding::note(layer, fact).fix(&check));
    }
    Ok(found)
}

fn placed(fault: &Fault) -> String {
    match &fault.place {
        Some(place) => format!("{}:{}:{}: {}", fault.origin, place.line, place.column, fault.message),
        None => format!("{}: {}", fault.origin, fault.message),
    }
}

fn with_advice(finding: Finding, fault: &Fault) -> Finding {
    match &fault.fix {
        Some(fix) => finding.advice(fix),
        None => finding,
    }
}

/// Groups that nobody can be in.
fn strangers(policy: &Policy, layer: &'static str, groups: &Groups<'_>) -> Vec<Finding> {
    if groups.has_provider {
        return Vec::new();
    }
    let mut named = BTreeSet::new();
    for statement in &policy.statements {
        let approvers = statement.approvers.iter().flat_map(|approvers| &approvers.groups);
        for group in statement.principal.groups.iter().chain(approvers) {
            if !group.contains(['*', '?', '$']) && !(groups.is_local)(group) {
                named.insert((group.as_str(), statement.line));
            }
        }
    }
    let told = named.iter().take(TOLD).map(|(group, line)| {
        let fact = format!(
            "{}:{line}: nobody is in the group `{group}`: this machine has none of that name, and no identity provider is configured",
            policy.origin
        );
        Finding::warning(layer, fact).advice("configure the provider that knows it, or correct the name")
    });
    told.collect()
}

/// What AWS enforces of them.
fn session(choices: &[PolicyChoice], principal: &Principal) -> Option<Finding> {
    const SUBJECT: &str = "at AWS";
    const COMPILE: &str = "hoopctl policy compile";
    let set = PolicySet::load(choices).ok()?;
    if !set.layers().iter().any(Policy::forbids) {
        return Some(Finding::ok(SUBJECT, "the policies forbid nothing that AWS could enforce, too"));
    }
    let rule = set.session();
    let roles: Vec<String> = rule.roles_for(principal).into_iter().map(|role| role.arn).collect();
    if roles.is_empty() {
        let fact = match rule.assumes_a_role() {
            false => {
                "only hoop enforces the policies: no [session] names a `role`, which AWS would narrow to them"
            }
            true => "none of the policies' roles is for whom this machine knows; a login may change that",
        };
        return Some(Finding::note(SUBJECT, fact).fix(COMPILE));
    }
    let role = roles.join(", ");
    let compiled = set.compile_with(principal, AwsActions::all(), LIMIT, &rule.policy_arns);
    let length = compiled.json.as_ref().map_or(0, |text| text.chars().count());
    let fact = format!("{role}: {length} of {LIMIT} characters of session policy; {}", compiled.line());
    Some(match compiled.left_out.is_empty() {
        true => Finding::ok(SUBJECT, fact),
        false => Finding::note(SUBJECT, fact).fix(COMPILE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;
    use crate::config::load::Origin;

    fn found(text: &str, has_provider: bool) -> Vec<Finding> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.toml");
        std::fs::write(&file, text).unwrap();
        let policy = file.display().to_string();
        let choice = PolicyChoice { layer: PolicyLayer::User, policy, origin: Origin::Default };
        let groups = Groups { is_local: &|name| name == "staff", has_provider };
        findings(&[choice], &Principal::default(), &groups)
    }

    const GROUPS: &str = "version = 1\ndefault = \"allow\"\n[[statement]]\neffect = \"ask\"\n\
        principal = { group = [\"staff\", \"agents\", \"team-*\"] }\naction = \"s3:GetObject\"\n\
        approvers = { group = [\"security\"] }\n";

    #[test]
    fn faults_have_their_place() {
        let found =
            found("version = 1\n[[statement]]\nefect = \"allow\"\naction = \"s3:GetObject\"\n", false);
        assert_eq!(found[0].state, State::Fault);
        assert!(found[0].fact.contains("policy.toml:3:1: unknown key `efect`"), "{found:?}");
        assert!(found[0].fix.as_ref().unwrap().starts_with("hoopctl policy check /"));
    }

    #[test]
    fn groups_that_nobody_is_in_are_told() {
        let facts = |has_provider| {
            let found = found(GROUPS, has_provider);
            found
                .iter()
                .filter(|it| it.state == State::Warning)
                .map(|it| it.fact.clone())
                .collect::<Vec<_>>()
                .join("\n")
        };
        let told = facts(false);
        assert!(told.contains("`agents`") && told.contains("`security`"), "{told}");
        assert!(!told.contains("`staff`") && !told.contains("team-"), "{told}");
        assert_eq!(facts(true), "");
    }

    #[test]
    fn what_aws_enforces_is_told() {
        let last = |text: &str| found(text, true).pop().unwrap();
        assert_eq!(last("version = 1\ndefault = \"allow\"\n").state, State::Ok);
        let deny =
            "version = 1\ndefault = \"deny\"\n[[statement]]\neffect = \"allow\"\naction = \"s3:GetObject\"\n";
        assert!(last(deny).fact.starts_with("only hoop enforces"));
        let role = "[session]\nsource = \"profile\"\nrole = \"arn:aws:iam::123456789012:role/agent\"\n";
        let told = last(&deny.replace("[[", &format!("{role}[[")));
        assert!(told.state == State::Ok && told.fact.contains("of 2048 characters"), "{told:?}");
    }
}
