//! What an export says about itself: what was masked, when, and by which rules.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

/// What was masked in what is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The packs of rules of a second pass, at the export; empty: there was none.
    pub packs: Vec<String>,
    /// How often each rule of the second pass hit in what is exported.
    pub rules: BTreeMap<String, u64>,
    /// How often each rule hit when the session was recorded, where its audit log tells.
    pub recorded: BTreeMap<String, u64>,
}

impl Statement {
    /// Whether there was a second pass.
    #[must_use]
    pub fn is_second_pass(&self) -> bool {
        !self.packs.is_empty()
    }

    /// The statement in words, on one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let recorded = match self.recorded.is_empty() {
            true => String::new(),
            false => format!("; masked when recorded: {}", counted(&self.recorded)),
        };
        if !self.is_second_pass() {
            return format!("exported by hoop as recorded{recorded}");
        }
        let hits = if self.rules.is_empty() { "nothing found".to_owned() } else { counted(&self.rules) };
        format!(
            "masked again by hoop at export with the rule packs {}: {hits}; typed input and exact bytes are left out{recorded}",
            self.packs.join(", ")
        )
    }

    /// The statement for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut object = json!({"recorded": self.recorded});
        if self.is_second_pass() {
            object["export"] =
                json!({"packs": self.packs, "rules": self.rules, "left_out": ["typed input", "exact bytes"]});
        }
        object
    }
}

/// `email 3, phone 1`.
fn counted(rules: &BTreeMap<String, u64>) -> String {
    rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect::<Vec<_>>().join(", ")
}
