//! The other lists: `[[command]]`, `[[mask]]`, `[[record]]`, `[[egress]]`, `[[alert]]`.

use std::time::Duration;

use regex::Regex;
use regex::RegexBuilder;

use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Document;
use crate::config::document::Section;
use crate::policy::model::AlertAction;
use crate::policy::model::AlertRule;
use crate::policy::model::CommandEffect;
use crate::policy::model::CommandRule;
use crate::policy::model::EFFECTS;
use crate::policy::model::EgressRule;
use crate::policy::model::HostPattern;
use crate::policy::model::MaskRule;
use crate::policy::model::RecordLevel;
use crate::policy::model::RecordRule;
use crate::policy::parse::Depth;
use crate::policy::parse::Reading;
use crate::policy::parse::owned;
use crate::policy::parse::place;
use crate::policy::parse::statement::TTL;
use crate::policy::parse::statement::only_for_ask;
use crate::policy::path::Path;
use crate::types::Effect;

/// Bytes a compiled regular expression may take; the default of the regex crate is ten times that.
const REGEX_BYTES: usize = 1024 * 1024;

impl Reading<'_> {
    /// Reads the `[[command]]` tables.
    pub(super) fn commands(&self, top: &mut Section<'_, '_>) -> Vec<CommandRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("command", "a [[command]]") {
            require(&mut section, "effect", "add `effect = \"deny\"`");
            require(&mut section, "pattern", "add `pattern = [\"aws configure*\"]`");
            let effect = section
                .choice("effect", CommandEffect::WORDS)
                .map_or(CommandEffect::Deny, |effect| effect.value);
            let patterns = section.texts("pattern");
            for pattern in patterns.iter().flat_map(|patterns| &patterns.value) {
                if pattern.value.trim().is_empty() {
                    let fix = "write a command line, such as \"aws configure*\"".to_owned();
                    section.document().fault(pattern.span.clone(), "the pattern is empty", fix);
                }
            }
            let reason = self.sentence(&mut section, "reason");
            let examples = section.texts("examples");
            let counter_examples = section.texts("counter_examples");
            let rule = CommandRule {
                origin: place(&section),
                effect,
                patterns: patterns.map(owned).unwrap_or_default(),
                reason,
                examples: examples.clone().map(owned).unwrap_or_default(),
                counter_examples: counter_examples.clone().map(owned).unwrap_or_default(),
            };
            let document = section.document();
            for example in examples.iter().flat_map(|examples| &examples.value) {
                if !rule.is_for(example.value) {
                    let fix = "a pattern is for the whole line: end it with `*` where more may follow";
                    document.fault(example.span.clone(), "no pattern matches this example", fix.to_owned());
                }
            }
            for example in counter_examples.iter().flat_map(|examples| &examples.value) {
                if rule.is_for(example.value) {
                    let message = "a pattern matches this counter-example";
                    document.fault(example.span.clone(), message, "correct one of them".to_owned());
                }
            }
            rules.push(rule);
            section.finish();
        }
        rules
    }

    /// Reads the `[[mask]]` tables.
    pub(super) fn masks(&self, top: &mut Section<'_, '_>) -> Vec<MaskRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("mask", "a [[mask]]") {
            if !["field", "column", "regex", "restore"].iter().any(|key| section.has(key)) {
                section.missing("field", "say what to mask: `field = [\"Item.ssn\"]`, `column` or `regex`");
            }
            let name = self.sentence(&mut section, "name");
            let actions = self.action_patterns(&mut section, "action").unwrap_or_default();
            let fields = section.texts("field");
            for field in fields.iter().flat_map(|fields| &fields.value) {
                if let Err(reason) = Path::parse(field.value) {
                    let message = format!("wrong path `{}`: {reason}", shown(field.value));
                    let fix = "write it like \"Items[].ssn\"".to_owned();
                    section.document().fault(field.span.clone(), message, fix);
                }
            }
            let columns = section.texts("column").map(owned).unwrap_or_default();
            let restore = section.boolean("restore");
            if restore.as_ref().is_some_and(|restore| restore.value) && !section.has("action") {
                section.missing(
                    "action",
                    "say in which calls masks are put back: `action = \"lambda:UpdateFunctionConfiguration\"`",
                );
            }
            let regex = section.text("regex");
            let examples = section.texts("examples");
            let counter_examples = section.texts("counter_examples");
            if let Some(regex) = &regex {
                self.regex(section.document(), regex, examples.as_ref(), counter_examples.as_ref());
            }
            let origin = place(&section);
            rules.push(MaskRule {
                name: name.unwrap_or_else(|| origin.clone()),
                origin,
                actions,
                fields: fields.map(owned).unwrap_or_default(),
                columns,
                regex: regex.map(|regex| regex.value.to_owned()),
                restore: restore.is_some_and(|restore| restore.value),
                examples: examples.map(owned).unwrap_or_default(),
                counter_examples: counter_examples.map(owned).unwrap_or_default(),
            });
            section.finish();
        }
        rules
    }

    fn regex(
        &self,
        document: &Document<'_>,
        text: &At<&str>,
        examples: Option<&At<Vec<At<&str>>>>,
        counter_examples: Option<&At<Vec<At<&str>>>>,
    ) {
        // Compiling takes longer than everything else at the start; the mask engine does it when it needs to.
        if self.depth != Depth::Check {
            return;
        }
        let regex: Regex = match RegexBuilder::new(text.value).size_limit(REGEX_BYTES).build() {
            Ok(regex) => regex,
            Err(cause) => {
                let words = cause.to_string();
                let last = words.lines().last().unwrap_or_default();
                let reason = shown(last.strip_prefix("error: ").unwrap_or(last));
                let fix = "single quotes keep backslashes: regex = 'id-\\d+'".to_owned();
                document.fault(text.span.clone(), format!("bad regular expression: {reason}"), fix);
                return;
            }
        };
        if regex.is_match("") {
            let fix = "make it need at least one character: `+` instead of `*`".to_owned();
            document.fault(text.span.clone(), "the regular expression matches the empty text", fix);
        }
        for example in examples.iter().flat_map(|examples| &examples.value) {
            if !regex.is_match(example.value) {
                let message = "the regular expression finds nothing in this example";
                document.fault(example.span.clone(), message, "correct one of them".to_owned());
            }
        }
        for example in counter_examples.iter().flat_map(|examples| &examples.value) {
            if regex.is_match(example.value) {
                let message = "the regular expression finds something in this counter-example";
                document.fault(example.span.clone(), message, "correct one of them".to_owned());
            }
        }
    }

    /// Reads the `[[record]]` tables.
    pub(super) fn records(&self, top: &mut Section<'_, '_>) -> Vec<RecordRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("record", "a [[record]]") {
            require(&mut section, "action", "add `action = [\"cloudwatch:GetMetricData\"]`");
            require(&mut section, "level", "add `level = \"summary\"`");
            let actions = self.action_patterns(&mut section, "action").unwrap_or_default();
            let level =
                section.choice("level", RecordLevel::WORDS).map_or(RecordLevel::Full, |level| level.value);
            let resources = self.resource_patterns(&mut section, "resource").unwrap_or_default();
            let principal = self.principal(&mut section);
            rules.push(RecordRule { actions, resources, principal, level });
            section.finish();
        }
        rules
    }

    /// Reads the `[[egress]]` tables.
    pub(super) fn egress(&self, top: &mut Section<'_, '_>) -> Vec<EgressRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("egress", "an [[egress]]") {
            require(&mut section, "host", "add `host = [\"api.anthropic.com:443\"]`");
            require(&mut section, "effect", "add `effect = \"allow\"`");
            let said = section.choice("effect", EFFECTS).map(|effect| effect.value);
            let effect = said.unwrap_or(Effect::Deny);
            let texts = section.texts("host");
            let mut hosts = Vec::new();
            for text in texts.iter().flat_map(|texts| &texts.value) {
                match host_pattern(text.value) {
                    Ok(host) => hosts.push(host),
                    Err((message, fix)) => section.document().fault(text.span.clone(), message, fix),
                }
            }
            let rule = EgressRule {
                origin: place(&section),
                effect,
                hosts,
                reason: self.sentence(&mut section, "reason"),
                approvers: self.approvers(&mut section, effect),
                ttl: section.duration("ttl", TTL).map(|ttl| ttl.value),
            };
            if let Some(effect) = said {
                only_for_ask(&section, effect);
            }
            rules.push(rule);
            section.finish();
        }
        rules
    }

    /// Reads the `[[alert]]` tables.
    pub(super) fn alerts(&self, top: &mut Section<'_, '_>) -> Vec<AlertRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("alert", "an [[alert]]") {
            require(&mut section, "action", "add `action = [\"secretsmanager:GetSecretValue\"]`");
            require(&mut section, "more_than", "add `more_than = 5`: so many calls are still well");
            require(&mut section, "within", "add `within = \"1m\"`");
            let origin = place(&section);
            let name = self.sentence(&mut section, "name").unwrap_or_else(|| origin.clone());
            let actions = self.action_patterns(&mut section, "action").unwrap_or_default();
            let more_than = section.number("more_than", 0..=1_000_000).map_or(0, |number| number.value);
            let range = Duration::from_secs(1)..=Duration::from_secs(7 * 86_400);
            let within = section.duration("within", range).map_or(Duration::ZERO, |within| within.value);
            let then =
                section.choice("then", AlertAction::WORDS).map_or(AlertAction::Note, |then| then.value);
            rules.push(AlertRule { name, origin, actions, more_than, within, then });
            section.finish();
        }
        rules
    }
}

fn require(section: &mut Section<'_, '_>, key: &'static str, advice: &str) {
    if !section.has(key) {
        section.missing(key, advice);
    }
}

/// Reads `HOST` or `HOST:PORT`; an IPv6 address stands in brackets.
fn host_pattern(text: &str) -> Result<HostPattern, (String, String)> {
    let quoted = shown(text);
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split('/').next().unwrap_or_default();
        let port = if scheme == "http" { 80 } else { 443 };
        let fix = if host.contains(':') {
            format!("write \"{}\"", shown(host))
        } else {
            format!("write \"{}:{port}\"", shown(host))
        };
        return Err((format!("`{quoted}` is a URL; a host is wanted"), fix));
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => (address, after.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => {
            let fix = "a port is a number from 1 to 65535; without one, every port is meant".to_owned();
            return Err((format!("`{quoted}` has no valid port"), fix));
        }
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*?:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(fits) {
        let fix = "write it like \"api.anthropic.com:443\" or \"*.example.org\"".to_owned();
        return Err((format!("`{quoted}` is not a host"), fix));
    }
    Ok(HostPattern { host: host.trim_end_matches('.').to_ascii_lowercase(), port })
}
