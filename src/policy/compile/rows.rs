//! From hoop's statements to IAM's: what allows or asks is widened where IAM cannot say it, what denies is left out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::pattern;
use crate::policy::actions::ListedActions;
use crate::policy::arn;
use crate::policy::compile::document::Acts;
use crate::policy::compile::document::Conditions;
use crate::policy::compile::document::Row;
use crate::policy::compile::fold;
use crate::policy::condition::Condition;
use crate::policy::key::Key;
use crate::policy::key::Own;
use crate::policy::model::Policy;
use crate::policy::operator::Quantity;
use crate::policy::operator::Test;
use crate::policy::request::Principal;
use crate::policy::request::Request;
use crate::policy::statement::Patterns;
use crate::policy::statement::Statement;
use crate::policy::variables;
use crate::policy::variables::Expanded;
use crate::types::AccessLevel;
use crate::types::Effect;

/// Services whose calls AWS checks against the very ARNs that hoop reads from the request. Others check more resources than
/// the request names (the volumes and network interfaces of a new instance) or other ones (the key behind an alias).
const PLAIN: &[&str] = &["s3", "sqs", "secretsmanager"];

/// The operation of a call that was not identified.
const UNKNOWN: &str = "unknown";

/// One policy in IAM's words.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub allow: Vec<Row>,
    pub deny: Vec<Row>,
}

impl Rows {
    pub(super) fn of(
        policy: &Policy,
        principal: &Principal,
        actions: &ListedActions,
        left_out: &mut BTreeSet<String>,
    ) -> Self {
        let mut rows = Self { allow: Vec::new(), deny: Vec::new() };
        for statement in &policy.statements {
            let statement = &*with_known_variables(statement, principal);
            // Whoever is not known may be meant by what allows, and is not by what denies.
            let reading = if statement.effect == Effect::Deny { Effect::Allow } else { Effect::Ask };
            if statement.principal.fits(principal, reading).is_err() {
                continue;
            }
            match statement.effect {
                Effect::Deny => denied(statement, principal, actions, &mut rows.deny, left_out),
                Effect::Ask => rows.allow.push(Row::new(asked_acts(statement, actions))),
                Effect::Allow => allowed(statement, principal, actions, &mut rows.allow, left_out),
            }
        }
        if policy.default != Effect::Deny {
            rows.allow = vec![Row::new(Acts::All)];
        }
        rows
    }
}

/// What is asked matches what could not be told, too: no resource, access level or condition narrows it.
fn asked_acts(statement: &Statement, actions: &ListedActions) -> Acts {
    let Some(patterns) = &statement.actions else { return Acts::All };
    if patterns.inverted {
        let kept = patterns.list.iter().filter(|it| catches_unknown(it) && has_service(it));
        return not(kept.cloned().collect());
    }
    let mut only = BTreeSet::new();
    for wanted in &patterns.list {
        match wanted.split_once(':') {
            Some((service, _)) if catches_unknown(wanted) && has_service(wanted) => {
                only.insert(format!("{service}:*"));
            }
            _ if catches_unknown(wanted) => return Acts::All,
            _ => only.extend(with_services(wanted, actions)),
        }
    }
    Acts::Only(only)
}

fn allowed(
    statement: &Statement,
    principal: &Principal,
    actions: &ListedActions,
    rows: &mut Vec<Row>,
    left_out: &mut BTreeSet<String>,
) {
    // Nothing is allowed on the strength of a value that hoop does not know.
    if statement.conditions.iter().any(|it| it.key == Key::Foreign) {
        return;
    }
    let mut conditions = Conditions::new();
    for condition in &statement.conditions {
        match settled(condition, principal, statement.effect) {
            Some(true) => continue,
            Some(false) => return,
            None => {}
        }
        if !translate(condition, &mut conditions) {
            left_out.insert(format!("conditions on {}", family(&condition.key_text)));
        }
    }
    let acts = match &statement.actions {
        _ if !statement.access.is_empty() => Acts::Only(listed(statement, actions)),
        None => Acts::All,
        Some(patterns) if patterns.inverted => {
            not(patterns.list.iter().filter(|it| has_service(it)).cloned().collect())
        }
        Some(patterns) if patterns.list.iter().any(|it| it == "*" || it == "*:*") => Acts::All,
        Some(patterns) => {
            Acts::Only(patterns.list.iter().flat_map(|it| with_services(it, actions)).collect())
        }
    };
    let Some(patterns) = narrowing(statement) else {
        rows.push(Row { acts, resources: None, conditions });
        return;
    };
    let (plain, other) = split(acts, patterns);
    let resources = sayable(patterns, statement.effect);
    if other.is_some() || resources.is_none() {
        left_out.insert("resources of some services".to_owned());
    }
    rows.extend(plain.map(|acts| Row { acts, resources, conditions: conditions.clone() }));
    rows.extend(other.map(|acts| Row { acts, resources: None, conditions }));
}

fn denied(
    statement: &Statement,
    principal: &Principal,
    actions: &ListedActions,
    rows: &mut Vec<Row>,
    left_out: &mut BTreeSet<String>,
) {
    let mut conditions = Conditions::new();
    for condition in &statement.conditions {
        match settled(condition, principal, statement.effect) {
            Some(true) => continue,
            Some(false) => return,
            None => {}
        }
        // What only AWS knows counts as fulfilled, so hoop denies whatever it is.
        if condition.key != Key::Foreign && !translate(condition, &mut conditions) {
            left_out.insert(format!("conditions on {}", family(&condition.key_text)));
            return;
        }
    }
    let acts = match &statement.actions {
        None if !statement.access.is_empty() => Acts::Only(shortened(listed(statement, actions), actions)),
        Some(_) if !statement.access.is_empty() => Acts::Only(listed(statement, actions)),
        None => Acts::All,
        Some(patterns) if patterns.list.iter().any(|it| it == "*" || it == "*:*") => {
            match patterns.inverted {
                true => return,
                false => Acts::All,
            }
        }
        Some(patterns) => {
            let list = patterns.list.iter().flat_map(|it| with_services(it, actions)).collect();
            if patterns.inverted { not(list) } else { Acts::Only(list) }
        }
    };
    let Some(patterns) = narrowing(statement) else {
        rows.push(Row { acts, resources: None, conditions });
        return;
    };
    let (plain, other) = split(acts, patterns);
    let resources = sayable(patterns, statement.effect);
    if other.is_some() || resources.is_none() {
        left_out.insert("resources of some services".to_owned());
    }
    // Without its resources it would deny more than hoop does.
    if let (Some(acts), Some(resources)) = (plain, resources) {
        rows.push(Row { acts, resources: Some(resources), conditions });
    }
}

/// What a condition on the person, the program, the machine or the session comes to: the same for every call. `None`:
/// it is about something else, or that is not known.
fn settled(condition: &Condition, principal: &Principal, effect: Effect) -> Option<bool> {
    let keys = [
        Own::User,
        Own::Groups,
        Own::Issuer,
        Own::Verified,
        Own::Repository,
        Own::Agent,
        Own::Host,
        Own::Session,
    ];
    let is_settled = matches!(&condition.key, Key::Own(own) if keys.contains(own))
        && !condition.values.iter().any(|value| variables::any(value));
    if !is_settled {
        return None;
    }
    condition.verdict(&Request::new("", AccessLevel::Unknown, principal), effect)
}

/// The statement with those variables in its resources that stand for the same in every call of the session.
fn with_known_variables<'s>(statement: &'s Statement, principal: &Principal) -> Cow<'s, Statement> {
    let Some(patterns) =
        statement.resources.as_ref().filter(|it| it.list.iter().any(|it| variables::any(it)))
    else {
        return Cow::Borrowed(statement);
    };
    let request = Request::new("", AccessLevel::Unknown, principal);
    let known = |pattern: &String| {
        let lower = pattern.to_ascii_lowercase();
        // These have a value here, but another one in every call.
        let changes = ["aws:currenttime", "aws:epochtime", "aws:securetransport"];
        if changes.iter().any(|name| lower.contains(name)) {
            return pattern.clone();
        }
        match variables::expand(pattern, &request, true) {
            Expanded::Text(text) => text.into_owned(),
            Expanded::Absent | Expanded::Unknown => pattern.clone(),
        }
    };
    let resources = Patterns { list: patterns.list.iter().map(known).collect(), ..patterns.clone() };
    Cow::Owned(Statement { resources: Some(resources), ..statement.clone() })
}

/// An empty list of exceptions is everything; IAM knows no such list.
fn not(exceptions: BTreeSet<String>) -> Acts {
    if exceptions.is_empty() { Acts::All } else { Acts::Not(exceptions) }
}

/// The resources, where they leave something out.
fn narrowing(statement: &Statement) -> Option<&Patterns> {
    statement.resources.as_ref().filter(|it| it.inverted || !it.list.iter().any(|pattern| pattern == "*"))
}

/// The actions whose resources can be said in IAM, and the others.
fn split(acts: Acts, patterns: &Patterns) -> (Option<Acts>, Option<Acts>) {
    let is_plain = |service: Option<&str>| service.is_some_and(|it| PLAIN.contains(&it));
    match acts {
        Acts::Only(set) => {
            let (plain, other): (BTreeSet<_>, BTreeSet<_>) =
                set.into_iter().partition(|name| is_plain(name.split(':').next()));
            let some = |set: BTreeSet<String>| (!set.is_empty()).then_some(Acts::Only(set));
            (some(plain), some(other))
        }
        // Turned round, the resources of all other services are meant.
        acts if !patterns.inverted && patterns.list.iter().all(|it| is_plain(it.split(':').nth(2))) => {
            (Some(acts), None)
        }
        acts => (None, Some(acts)),
    }
}

/// The patterns as IAM writes them; `None`: it cannot.
fn sayable(patterns: &Patterns, effect: Effect) -> Option<Patterns> {
    // A secret that is asked for by name may have got another suffix since: what allows is widened by that, and so are the
    // exceptions of what denies; nothing else is.
    let widens = (effect == Effect::Allow) != patterns.inverted;
    // A `$` begins a variable, and STS takes characters up to U+00FF.
    let fits = |text: &String| !text.contains('$') && text.chars().all(|c| (' '..='\u{ff}').contains(&c));
    if !patterns.list.iter().all(fits) {
        return None;
    }
    let list = patterns.list.iter().map(|pattern| match pattern.rsplit_once('-') {
        Some((name, _)) if widens && pattern.contains(":secret:") && arn::has_suffix(pattern) => {
            format!("{name}-??????")
        }
        _ => pattern.clone(),
    });
    Some(Patterns { list: list.collect(), inverted: patterns.inverted })
}

/// Adds a condition that IAM decides exactly as hoop does; false where it might not. Times are not such: the call reaches
/// AWS later than hoop, after a question much later.
fn translate(condition: &Condition, conditions: &mut Conditions) -> bool {
    let key = match condition.key {
        Key::Own(Own::Region) => "aws:RequestedRegion",
        Key::Own(Own::Account) => "aws:PrincipalAccount",
        _ => return false,
    };
    let is_text = matches!(condition.operator.test, Test::Text | Test::TextIgnoringCase | Test::TextLike);
    let is_said = conditions.get(&condition.operator_text).is_some_and(|keys| keys.contains_key(key));
    if condition.operator.quantity != Quantity::ByEffect
        || !is_text
        || is_said
        || condition.values.iter().any(|value| value.contains('$') || !value.is_ascii())
    {
        return false;
    }
    let keys = conditions.entry(condition.operator_text.clone()).or_default();
    keys.insert(key.to_owned(), condition.values.clone());
    true
}

/// `param:A.B` and `param:C` are one family.
fn family(key: &str) -> &str {
    if key.starts_with("param:") { "parameters" } else { key }
}

/// The known actions that a statement with access levels is about.
fn listed(statement: &Statement, actions: &ListedActions) -> BTreeSet<String> {
    let meant = |name: &str| match &statement.actions {
        Some(patterns) => patterns.inverted != patterns.list.iter().any(|it| pattern::matches(it, name)),
        None => true,
    };
    let all = actions.all().filter(|(name, _, access)| statement.access.contains(access) && meant(name));
    all.map(|(name, _, _)| name.to_owned()).collect()
}

/// Denied levels as patterns that match no known action of another level. What is not known is denied with them.
fn shortened(mut names: BTreeSet<String>, actions: &ListedActions) -> BTreeSet<String> {
    let patterns: BTreeSet<String> = names.iter().map(|name| fold::verb(name, actions)).collect();
    for pattern in patterns {
        if actions.matching(&pattern).all(|(name, _, _)| names.contains(name)) {
            names.insert(pattern);
        }
    }
    Acts::pruned(&names)
}

fn has_service(action: &str) -> bool {
    action.split_once(':').is_some_and(|(service, _)| !pattern::is_pattern(service))
}

/// Whether the pattern is about operations that were not identified.
fn catches_unknown(action: &str) -> bool {
    pattern::matches(action.split_once(':').map_or(action, |(_, operation)| operation), UNKNOWN)
}

/// IAM wants every action's service written out: `*:Delete*` becomes one pattern for each service that has such actions.
fn with_services(action: &str, actions: &ListedActions) -> BTreeSet<String> {
    match action.split_once(':') {
        Some((_, operation)) if !has_service(action) => {
            let known = actions.all().filter(|(name, _, _)| pattern::matches(action, name));
            let services: BTreeSet<&str> = known.filter_map(|(name, _, _)| name.split(':').next()).collect();
            services.into_iter().map(|service| format!("{service}:{operation}")).collect()
        }
        _ => BTreeSet::from([action.to_owned()]),
    }
}
