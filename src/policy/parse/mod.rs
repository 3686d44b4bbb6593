//! Reads a policy file: every fault with its place, and what is odd but allowed as a warning.

mod bounds;
mod condition;
mod sections;
mod session;
mod statement;

use std::cell::RefCell;

use crate::config::diagnostic::Diagnostics;
use crate::config::diagnostic::Fault;
use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Document;
use crate::config::document::Section;
use crate::config::document::Span;
use crate::pattern;
use crate::policy::actions::Actions;
use crate::policy::actions::NoActions;
use crate::policy::model::EFFECTS;
use crate::policy::model::Policy;
use crate::types::Effect;

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
