//! Finds the policies in force: built-in by name, or files.

use std::path::Path;

use crate::config::load::PolicyChoice;
use crate::config::load::PolicyLayer;
use crate::config::load::read_bounded;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::builtin::BUILTINS;
use crate::policy::builtin::Builtin;
use crate::policy::model::Policy;
use crate::policy::set::PolicySet;

impl PolicySet {
    /// Loads the policies the configuration names, the machine's first.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, or a name that no built-in policy has. Nothing is left out silently: with
    /// a policy missing, no session starts.
    pub fn load(choices: &[PolicyChoice]) -> Result<Self> {
        let mut set = Self::new(Vec::new());
        for choice in choices {
            let policy = open(&choice.policy)?;
            set = match choice.layer {
                PolicyLayer::Project => set.with_project(policy),
                PolicyLayer::Machine | PolicyLayer::User => set.with(policy),
            };
        }
        Ok(set)
    }
}

/// Opens a policy: the name of a built-in one, or the path of a file (anything with a `/` or a `.`).
///
/// # Errors
/// No such name, a file that cannot be read, or every fault in it.
pub fn open(name_or_path: &str) -> Result<Policy> {
    let (text, origin) = text_of(name_or_path)?;
    Ok(Policy::parse(&text, &origin)?)
}

/// The text of a policy and what messages call it.
///
/// # Errors
/// No such name, or a file that cannot be read.
pub fn text_of(name_or_path: &str) -> Result<(String, String)> {
    if let Some(builtin) = Builtin::find(name_or_path) {
        return Ok((builtin.text.to_owned(), format!("built-in {name_or_path}")));
    }
    if !name_or_path.contains(['/', '.']) && !Path::new(name_or_path).exists() {
        let names: Vec<&str> = BUILTINS.iter().map(|builtin| builtin.name).collect();
        let error =
            Error::new(Kind::NotFound, format!("no policy is called `{}`", name_or_path.escape_debug()));
        return Err(match crate::config::diagnostic::nearest(name_or_path, names.iter().copied()) {
            Some(meant) => error.fix(format!("did you mean `{meant}`?")),
            None => error.fix(format!("use one of {}, or the path of a file", names.join(", "))),
        });
    }
    let path = Path::new(name_or_path);
    Ok((read_bounded(path, "policy")?, path.display().to_string()))
}
