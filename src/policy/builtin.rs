//! The policies that come with hoop.

use crate::policy::model::Policy;

/// The built-in policies: name, one line about it, and its text.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "guarded",
        summary: "lists and reads pass; secrets, changes and permissions are asked; switching off the audit is denied",
        text: include_str!("builtin/guarded.toml"),
    },
    Builtin {
        name: "readonly",
        summary: "lists and reads pass, but no secrets; everything else is denied",
        text: include_str!("builtin/readonly.toml"),
    },
    Builtin {
        name: "observe",
        summary: "everything passes and is recorded",
        text: include_str!("builtin/observe.toml"),
    },
];

/// The policy in force where nobody chose one.
pub const DEFAULT: &str = "guarded";

/// A policy that comes with hoop.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// What `--policy` takes.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

impl Builtin {
    /// The built-in policy of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        BUILTINS.iter().find(|builtin| builtin.name == name)
    }
}

impl Policy {
    /// A built-in policy: `guarded`, `readonly` or `observe`.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let builtin = Builtin::find(name)?;
        Self::parse(builtin.text, &format!("built-in {name}")).ok()
    }
}
