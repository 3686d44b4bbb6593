//! Reads a policy file: every fault with its place, and what is odd but allowed as a warning.

mod bounds;
mod condition;
mod sections;
mod statement;

use std::cell::RefCell;
use std::time::Duration;

use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Document;
use crate::config::document::Section;
use crate::config::document::Span;
use crate::policy::actions::Actions;
use crate::policy::actions::NoActions;
use crate::policy::model::CredentialSource;
use crate::policy::model::EFFECTS;
use crate::policy::model::Policy;
use crate::policy::model::SessionRule;
use crate::policy::pattern;
use crate::types::Effect;

/// Managed policies that STS takes with one call.
const MOST_POLICY_ARNS: usize = 10;

/// How thoroughly a policy is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Everything a decision depends on.
    Start,
    /// Also that actions exist, that regular expressions compile and find their examples.
    Check,
}

/// What the parts of the reader share.
struct Reading<'a> {
    actions: &'a dyn Actions,
    depth: Depth,
    warnings: RefCell<Vec<Fault>>,
}

impl Policy {
    /// Reads a policy for use; `origin` is the file name that messages show.
    ///
    /// # Errors
    /// Every fault found. Whether actions exist is not looked at: see [`Policy::check`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, Diagnostics> {
        read(text, origin, &NoActions, Depth::Start)
    }

    /// Reads a policy as thoroughly as can be: also against the actions that exist, and its regular expressions against
    /// their examples.
    ///
    /// # Errors
    /// Every fault found.
    pub fn check(text: &str, origin: &str, actions: &dyn Actions) -> Result<Self, Diagnostics> {
        read(text, origin, actions, Depth::Check)
    }
}

fn read(text: &str, origin: &str, actions: &dyn Actions, depth: Depth) -> Result<Policy, Diagnostics> {
    let (document, root) = Document::parse(text, origin)?;
    let reading = Reading { actions, depth, warnings: RefCell::default() };
    let mut top = Section::new(&document, &root, "the policy", 0..0);
    reading.version(&mut top);
    let policy = Policy {
        origin: origin.to_owned(),
        description: reading.sentence(&mut top, "description"),
        default: top.choice("default", EFFECTS).map_or(Effect::Deny, |effect| effect.value),
        session: reading.session(&mut top),
        guard: reading.guard(&mut top),
        limits: reading.limits(&mut top),
        statements: reading.statements(&mut top),
        commands: reading.commands(&mut top),
        masks: reading.masks(&mut top),
        records: reading.records(&mut top),
        egress: reading.egress(&mut top),
        alerts: reading.alerts(&mut top),
        warnings: Vec::new(),
    };
    top.finish();
    if document.is_sound() {
        Ok(Policy { warnings: reading.warnings.into_inner(), ..policy })
    } else {
        Err(document.into_diagnostics())
    }
}

impl Reading<'_> {
    fn version(&self, top: &mut Section<'_, '_>) {
        if !top.has("version") {
            top.missing("version", "begin the file with `version = 1`");
        }
        if let Some(version) = top.number("version", 0..=u64::MAX)
            && version.value != 1
        {
            top.document().fault(
                version.span,
                format!("this hoop reads policies of version 1, not {}", version.value),
                "write `version = 1`, or use a newer hoop".to_owned(),
            );
        }
    }

    fn session(&self, top: &mut Section<'_, '_>) -> SessionRule {
        let Some(mut section) = top.table("session", "[session]") else { return SessionRule::default() };
        let source = section.choice("source", CredentialSource::WORDS).map(|source| source.value);
        let role = section.text("role").map(|role| {
            let fields: Vec<&str> = role.value.splitn(6, ':').collect();
            let is_role = matches!(fields.as_slice(), ["arn", _, "iam", "", account, name]
                if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
                    && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
                && !pattern::is_pattern(role.value);
            if !is_role {
                section.document().fault(
                    role.span.clone(),
                    "this is not the ARN of a role",
                    "write it like \"arn:aws:iam::123456789012:role/agent\"".to_owned(),
                );
            }
            role.value.to_owned()
        });
        // AssumeRole takes 900 to 43,200 seconds.
        let range = Duration::from_secs(900)..=Duration::from_secs(43_200);
        let duration = section.duration("duration", range).map(|duration| duration.value);
        let source_identity = section.boolean("source_identity").map(|wanted| wanted.value);
        let policy_arns = section.texts("policy_arns");
        for arn in policy_arns.iter().flat_map(|arns| &arns.value) {
            if let Some(message) = managed_policy_fault(arn.value, role.as_deref()) {
                let fix = "write it like \"arn:aws:iam::aws:policy/ReadOnlyAccess\"".to_owned();
                section.document().fault(arn.span.clone(), message, fix);
            }
        }
        if let Some(arns) = policy_arns.as_ref().filter(|arns| arns.value.len() > MOST_POLICY_ARNS) {
            let message = format!("STS takes at most {MOST_POLICY_ARNS} managed policies");
            section.document().fault(arns.span.clone(), message, "take some out".to_owned());
        }
        section.finish();
        SessionRule {
            source,
            role,
            duration,
            policy_arns: policy_arns.map(owned).unwrap_or_default(),
            source_identity,
        }
    }

    /// Action patterns under `key`, in lower case; each must be well written and, when checking, match something.
    fn action_patterns(&self, section: &mut Section<'_, '_>, key: &'static str) -> Option<Vec<String>> {
        let patterns = section.texts(key)?;
        for pattern in &patterns.value {
            if let Some((message, fix)) = self.action_fault(pattern.value) {
                section.document().fault(pattern.span.clone(), message, fix);
            }
        }
        Some(patterns.value.iter().map(|pattern| pattern.value.to_ascii_lowercase()).collect())
    }

    fn action_fault(&self, action: &str) -> Option<(String, String)> {
        let quoted = shown(action);
        if action == "*" {
            return None;
        }
        let is_name = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*?".contains(&byte))
        };
        if !action.split_once(':').is_some_and(|(service, name)| is_name(service) && is_name(name)) {
            let fix = match action.split_once(['.', ' ', '/']) {
                Some((service, name)) if is_name(service) && is_name(name) => {
                    format!("write \"{}:{name}\"", service.to_ascii_lowercase())
                }
                _ => "write SERVICE:ACTION, such as \"s3:GetObject\", \"s3:Get*\" or \"*\"".to_owned(),
            };
            return Some((format!("`{quoted}` is not an action"), fix));
        }
        if self.depth != Depth::Check {
            return None;
        }
        if pattern::is_pattern(action) {
            return (self.actions.count(action) == Some(0)).then(|| {
                let fix = "look the names up: `hoopctl policy explain ACTION` knows them".to_owned();
                (format!("no known action matches `{quoted}`"), fix)
            });
        }
        (self.actions.is_known(action) == Some(false)).then(|| {
            let fix = match self.actions.suggest(action) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => "it must be spelt as in AWS's service authorization reference".to_owned(),
            };
            (format!("unknown action `{quoted}`"), fix)
        })
    }

    /// A free text for people: one line, bounded.
    fn sentence(&self, section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
        let text = section.text(key)?;
        let longest = 200;
        if text.value.chars().count() > longest || text.value.chars().any(char::is_control) {
            section.document().fault(
                text.span,
                format!("`{key}` is one line of at most {longest} characters"),
                "shorten it; comments (`#`) may be as long as you like".to_owned(),
            );
            return None;
        }
        Some(text.value.to_owned())
    }

    fn warn(&self, document: &Document<'_>, span: Span, message: String, fix: String) {
        self.warnings.borrow_mut().push(document.make_fault(span, message, fix));
    }
}

/// What is wrong with the ARN of a managed policy for sessions of `role`.
fn managed_policy_fault(arn: &str, role: Option<&str>) -> Option<&'static str> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", owner, name] = fields.as_slice() else {
        return Some("this is not the ARN of a managed policy");
    };
    let is_name = name.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
        && name.bytes().all(|byte| byte.is_ascii_graphic())
        && !pattern::is_pattern(name);
    let is_account = owner.len() == 12 && owner.bytes().all(|byte| byte.is_ascii_digit());
    if !is_name || !(*owner == "aws" || is_account) {
        return Some("this is not the ARN of a managed policy");
    }
    let role: Vec<&str> = role?.splitn(6, ':').collect();
    let fits = role.get(1) == Some(partition) && (*owner == "aws" || role.get(4) == Some(owner));
    (!fits).then_some("a managed policy must be AWS's, or in the account of the role")
}

/// The texts alone.
fn owned(texts: At<Vec<At<&str>>>) -> Vec<String> {
    texts.value.into_iter().map(|text| text.value.to_owned()).collect()
}

/// `policy.toml:52`
fn place(section: &Section<'_, '_>) -> String {
    let document = section.document();
    format!("{}:{}", document.origin(), document.line(section.span.start))
}

#[cfg(test)]
mod tests;
