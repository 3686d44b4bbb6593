//! The `[[statement]]` tables.

use std::collections::HashMap;
use std::time::Duration;

use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Section;
use crate::config::document::choose;
use crate::pattern;
use crate::policy::arn;
use crate::policy::model::ACCESS_LEVELS;
use crate::policy::model::EFFECTS;
use crate::policy::parse::Reading;
use crate::policy::parse::owned;
use crate::policy::statement::Patterns;
use crate::policy::statement::PrincipalRule;
use crate::policy::statement::Statement;
use crate::types::AccessLevel;
use crate::types::Approvers;
use crate::types::Effect;

/// People who may be required to agree; more than any organisation asks for.
const MOST_APPROVERS: u64 = 100;

/// How long a question may wait: a call that waits longer has long been given up by its client.
pub(super) const TTL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);

impl Reading<'_> {
    /// Reads all statements; a `sid` may stand only once.
    pub(super) fn statements(&self, top: &mut Section<'_, '_>) -> Vec<Statement> {
        let mut lines_by_sid: HashMap<&str, usize> = HashMap::new();
        let mut statements = Vec::new();
        for mut section in top.tables("statement", "a statement") {
            let document = section.document();
            let line = document.line(section.span.start);
            let sid = section.text("sid");
            if let Some(sid) = &sid {
                self.sid(&section, sid);
                if let Some(first) = lines_by_sid.insert(sid.value, line) {
                    let message = format!("a second statement called \"{}\"", shown(sid.value));
                    let fix =
                        format!("the first one begins at line {first}; give this one a name of its own");
                    document.fault(sid.span.clone(), message, fix);
                }
            }
            statements.push(self.statement(section, sid.map(|sid| sid.value.to_owned()), line));
        }
        statements
    }

    fn sid(&self, section: &Section<'_, '_>, sid: &At<&str>) {
        let fits = |c: char| c.is_alphanumeric() || " -_.:/".contains(c);
        if sid.value.is_empty() || sid.value.chars().count() > 64 || !sid.value.chars().all(fits) {
            section.document().fault(
                sid.span.clone(),
                "a sid is 1 to 64 letters, digits, spaces, or one of -_.:/",
                "write it like `sid = \"read-reports\"`".to_owned(),
            );
        }
    }

    fn statement(&self, mut section: Section<'_, '_>, sid: Option<String>, line: usize) -> Statement {
        if !section.has("effect") {
            section.missing("effect", "add `effect = \"allow\"`, \"ask\" or \"deny\"");
        }
        let said = section.choice("effect", EFFECTS).map(|effect| effect.value);
        let effect = said.unwrap_or(Effect::Deny);
        if !["action", "not_action", "access"].iter().any(|key| section.has(key)) {
            section.missing(
                "action",
                "add `action = [\"s3:Get*\"]`, or `access = [\"read\"]`, or `action = \"*\"`",
            );
        }
        let actions = self.either(&mut section, "action", "not_action", Self::action_patterns);
        let resources = self.either(&mut section, "resource", "not_resource", Self::resource_patterns);
        let statement = Statement {
            sid,
            line,
            effect,
            reason: self.sentence(&mut section, "reason"),
            principal: self.principal(&mut section),
            actions,
            access: self.access(&mut section),
            resources,
            conditions: self.conditions(&mut section, effect),
            approvers: self.approvers(&mut section, effect),
            ttl: section.duration("ttl", TTL).map(|ttl| ttl.value),
        };
        if let Some(effect) = said {
            only_for_ask(&section, effect);
        }
        self.warn_of_bare_secrets(&section, &statement);
        section.finish();
        statement
    }

    /// Patterns under `key`, or turned round under `not_key`.
    fn either(
        &self,
        section: &mut Section<'_, '_>,
        key: &'static str,
        not_key: &'static str,
        read: impl Fn(&Self, &mut Section<'_, '_>, &'static str) -> Option<Vec<String>>,
    ) -> Option<Patterns> {
        let both = section.has(key) && section.has(not_key);
        if both {
            let message = format!("`{key}` and `{not_key}` in one statement");
            section.document().fault(section.key_span(not_key), message, "keep one of them".to_owned());
        }
        let plain = read(self, section, key).map(|list| Patterns { list, inverted: false });
        let inverted = read(self, section, not_key).map(|list| Patterns { list, inverted: true });
        plain.or(inverted)
    }

    pub(super) fn resource_patterns(
        &self,
        section: &mut Section<'_, '_>,
        key: &'static str,
    ) -> Option<Vec<String>> {
        let patterns = section.texts(key)?;
        for pattern in &patterns.value {
            if let Err(bad) = arn::check(pattern.value) {
                let message = format!("bad ARN `{}`: {}", shown(pattern.value), bad.message);
                section.document().fault(pattern.span.clone(), message, bad.fix);
            }
        }
        Some(owned(patterns))
    }

    pub(super) fn access(&self, section: &mut Section<'_, '_>) -> Vec<AccessLevel> {
        let Some(words) = section.texts("access") else { return Vec::new() };
        words
            .value
            .iter()
            .filter_map(|word| choose(section.document(), "access", word, ACCESS_LEVELS))
            .collect()
    }

    pub(super) fn principal(&self, section: &mut Section<'_, '_>) -> PrincipalRule {
        let Some(mut table) = section.table("principal", "a principal") else {
            return PrincipalRule::default();
        };
        let mut names = |key| table.texts(key).map(owned).unwrap_or_default();
        let rule = PrincipalRule {
            users: names("user"),
            groups: names("group"),
            issuers: names("issuer"),
            repositories: names("repository"),
            agents: names("agent"),
            hosts: names("host"),
            roles: self.role_patterns(&mut table),
        };
        if rule == PrincipalRule::default() && table.entries().next().is_none() {
            table.document().fault(
                table.span.clone(),
                "the principal is empty",
                "name a `user`, `group`, `issuer`, `agent`, `repository`, `host` or `role`, or leave `principal` out".to_owned(),
            );
        }
        table.finish();
        rule
    }

    fn role_patterns(&self, table: &mut Section<'_, '_>) -> Vec<String> {
        let Some(patterns) = table.texts("role") else { return Vec::new() };
        for pattern in &patterns.value {
            let fits = |start: &str| pattern.value.starts_with(start);
            if pattern.value != "*" && !fits("arn:") {
                table.document().fault(
                    pattern.span.clone(),
                    format!("`{}` is not the ARN of a role", shown(pattern.value)),
                    "write it like \"arn:aws:iam::123456789012:role/deploy\" or \"arn:aws:iam::*:role/ci-*\""
                        .to_owned(),
                );
            } else if pattern.value.contains(":assumed-role/") {
                table.document().fault(
                    pattern.span.clone(),
                    format!("`{}` names a session of a role, not the role", shown(pattern.value)),
                    "write the role's own ARN: \"arn:aws:iam::123456789012:role/NAME\"".to_owned(),
                );
            }
        }
        owned(patterns)
    }

    pub(super) fn approvers(&self, section: &mut Section<'_, '_>, effect: Effect) -> Option<Approvers> {
        let mut table = section.table("approvers", "approvers")?;
        let users = table.texts("user").map(owned).unwrap_or_default();
        let groups = table.texts("group").map(owned).unwrap_or_default();
        let count = table.number("count", 1..=MOST_APPROVERS).map(|count| (count.value, count.span));
        let document = table.document();
        if !table.has("user") && !table.has("group") && effect == Effect::Ask {
            document.fault(
                table.span.clone(),
                "nobody could answer: the approvers name neither a user nor a group",
                "write `approvers = { group = [\"security\"] }`, or leave it out: then whoever sits at the \
                 terminal answers"
                    .to_owned(),
            );
        }
        let needed = count.as_ref().map_or(1, |(count, _)| *count);
        let named_people = groups.is_empty() && !users.iter().any(|user| pattern::is_pattern(user));
        if let Some((_, span)) = &count
            && named_people
            && !users.is_empty()
            && needed > users.len() as u64
        {
            let message = format!("{needed} people must agree, but only {} could answer", users.len());
            document.fault(
                span.clone(),
                message,
                "name more people, or a group, or lower `count`".to_owned(),
            );
        }
        table.finish();
        Some(Approvers { users, groups, count: usize::try_from(needed).unwrap_or(usize::MAX) })
    }

    fn warn_of_bare_secrets(&self, section: &Section<'_, '_>, statement: &Statement) {
        let Some(resources) = statement.resources.as_ref().filter(|_| statement.effect == Effect::Allow)
        else {
            return;
        };
        for resource in &resources.list {
            let is_secret = resource.split(':').nth(2) == Some("secretsmanager");
            if is_secret && !resource.ends_with(['*', '?']) && !arn::has_suffix(resource) {
                self.warn(
                    section.document(),
                    section.key_span("resource"),
                    format!(
                        "`{}` matches no secret: their ARNs end in six random characters",
                        shown(resource)
                    ),
                    format!("write \"{}-??????\"", shown(resource)),
                );
            }
        }
    }
}

/// Who answers and how long it may take mean something only where somebody is asked.
pub(super) fn only_for_ask(section: &Section<'_, '_>, effect: Effect) {
    if effect == Effect::Ask {
        return;
    }
    for key in ["approvers", "ttl"] {
        if section.has(key) {
            let message = format!("`{key}` in a statement that says {effect}: nobody is asked");
            let fix = format!("write `effect = \"ask\"`, or leave `{key}` out");
            section.document().fault(section.key_span(key), message, fix);
        }
    }
}
