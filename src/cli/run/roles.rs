//! Which role the session signs with, and the code that AWS may want for it.

use std::collections::HashMap;

use crate::cli::run::dialog;
use crate::creds::Wanted;
use crate::creds::code_wanted;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::policy::Choice;
use crate::policy::Principal;
use crate::policy::RoleRule;
use crate::policy::SessionRule;
use crate::types::Secret;

/// Roles that a message names.
const NAMED: usize = 10;

/// The roles of the session, its own first; none: what the AWS profile chain gives. Asks on the terminal where several fit
/// and a person `can_ask`.
///
/// # Errors
/// No role of the policy is for this person, or nobody said which.
pub(super) fn choose(
    session: &SessionRule,
    principal: &Principal,
    wanted: Option<&str>,
    can_ask: bool,
) -> Result<Vec<RoleRule>> {
    let mut roles = match session.choose(principal, wanted)? {
        Choice::None => return Ok(Vec::new()),
        Choice::Roles(roles) => return Ok(roles),
        Choice::Ask(roles) => roles,
    };
    if !can_ask {
        return Err(undecided(&roles));
    }
    let width = roles.iter().map(|role| role.name.chars().count()).max().unwrap_or_default();
    let lines: Vec<String> = roles.iter().map(|role| format!("{:width$}  {}", role.name, role.arn)).collect();
    let Some(at) = dialog::pick("hoop-run: with which role?", &lines)? else {
        return Err(Error::new(Kind::Usage, "no role was chosen").fix("choose one, or give it: --role NAME"));
    };
    roles[..=at].rotate_right(1);
    Ok(roles)
}

fn undecided(roles: &[RoleRule]) -> Error {
    let commands = roles.iter().take(NAMED).map(|role| format!("hoop-run --role {} …", role.name));
    let commands: Vec<String> = commands.collect();
    Error::new(
        Kind::Usage,
        format!("{} roles are for you, and there is no terminal to choose on", roles.len()),
    )
    .fix(format!("say which: {}", commands.join(" | ")))
}

/// The code of the device that AWS wants before it gives the session's credential; `None`: none is wanted.
///
/// # Errors
/// One is wanted, and there is nobody to ask.
pub(super) fn code(
    environment: &HashMap<String, String>,
    profile: Option<&str>,
    serial: Option<&str>,
    (given, can_ask): (Option<&str>, bool),
    now_unix: u64,
) -> Result<Option<Secret>> {
    let Some(Wanted { serial, purpose }) = code_wanted(environment, profile, serial, now_unix) else {
        return Ok(None);
    };
    let is_code = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let given = match given {
        Some(code) => Some(Secret::new(code)),
        None if can_ask => dialog::hidden(&format!("hoop-run: MFA code of {serial} for {purpose}"))?,
        None => None,
    };
    let error =
        || Error::new(Kind::Usage, format!("AWS wants a code of the MFA device {serial} for {purpose}"));
    match given {
        Some(code) if is_code(code.expose()) => Ok(Some(code)),
        Some(_) => Err(error().why("what was given is not a number of six digits").fix("give --mfa 123456")),
        None => Err(error().why("nobody gave one").fix("give it: --mfa CODE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_the_commands_are_listed() {
        let arns = ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/b"];
        let session = SessionRule { role: arns.map(str::to_owned).to_vec(), ..SessionRule::default() };
        let error = choose(&session, &Principal::default(), None, false).unwrap_err();
        assert!(error.advice().unwrap().contains("hoop-run --role a … | hoop-run --role b …"), "{error:?}");
        let chosen = choose(&session, &Principal::default(), Some("b"), false).unwrap();
        assert_eq!(chosen.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }
}
