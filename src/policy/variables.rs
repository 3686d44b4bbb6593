//! Policy variables: `${hoop:session}`, `${aws:RequestedRegion, 'none'}` in resources and in the values of conditions.

use std::borrow::Cow;

use crate::policy::key::Key;
use crate::policy::key::Own;
use crate::policy::request::Request;

const OPEN: &str = "${";

/// What a text with variables stands for in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expanded<'t> {
    /// This text.
    Text(Cow<'t, str>),
    /// Nothing: a variable has no value in this call.
    Absent,
    /// It cannot be told.
    Unknown,
}

/// Whether there are variables in it.
#[must_use]
pub fn any(text: &str) -> bool {
    text.contains(OPEN)
}

/// Looks whether all variables can be used.
///
/// # Errors
/// What is wrong with one, and what to write.
pub fn check(text: &str) -> Result<(), (String, String)> {
    for piece in Pieces(text) {
        if let Piece::Variable { name, .. } = piece {
            key(name)?;
        } else if let Piece::Open(rest) = piece {
            let fix = "write `${hoop:session}`; a dollar sign alone needs nothing".to_owned();
            return Err((format!("`{}` is not closed", rest.chars().take(40).collect::<String>()), fix));
        }
    }
    Ok(())
}

/// The text with `*` in the place of each variable, for checks of the rest.
#[must_use]
pub fn blanked(text: &str) -> Cow<'_, str> {
    if !any(text) {
        return Cow::Borrowed(text);
    }
    let blank = |piece| match piece {
        Piece::Text(text) | Piece::Open(text) => text,
        Piece::Variable { .. } => "*",
    };
    Cow::Owned(Pieces(text).map(blank).collect())
}

/// What the text stands for. As in IAM, `*` and `?` in a value mean themselves: since patterns cannot say that, a text
/// with such a value cannot be told where `is_pattern`.
#[must_use]
pub fn expand<'t>(text: &'t str, request: &Request<'_>, is_pattern: bool) -> Expanded<'t> {
    if !any(text) {
        return Expanded::Text(Cow::Borrowed(text));
    }
    let mut out = String::new();
    for piece in Pieces(text) {
        let (name, default) = match piece {
            Piece::Text(text) | Piece::Open(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Variable { name, default } => (name, default),
        };
        let Ok(key) = key(name) else { return Expanded::Unknown };
        let Some(values) = key.values(request) else { return Expanded::Unknown };
        let mut values = values.into_iter().flatten();
        match (values.next(), values.next(), default) {
            (Some(value), None, _) => {
                if is_pattern && crate::pattern::is_pattern(&value) {
                    return Expanded::Unknown;
                }
                out.push_str(&value);
            }
            (None, _, Some(default)) => out.push_str(default),
            (None, _, None) => return Expanded::Absent,
            (Some(_), Some(_), _) => return Expanded::Unknown,
        }
    }
    Expanded::Text(Cow::Owned(out))
}

fn key(name: &str) -> Result<Key, (String, String)> {
    match Key::parse(name) {
        Ok(Key::Foreign) => {
            let fix =
                "write the value out, or use one of `${hoop:session}`, `${hoop:user}`, `${aws:username}`"
                    .to_owned();
            Err((format!("only AWS knows `${{{name}}}`"), fix))
        }
        Ok(Key::Own(Own::Groups) | Key::TagKeys) => {
            Err((format!("`${{{name}}}` has several values"), "a variable has one value".to_owned()))
        }
        Ok(Key::Param(_)) => {
            let fix = "compare it in a condition".to_owned();
            Err((format!("`${{{name}}}`: a parameter is no variable"), fix))
        }
        Ok(key) => Ok(key),
        Err(_) if matches!(name, "*" | "?" | "$") => {
            let fix = "a `*` or `?` that means itself cannot be written; `$` alone means itself".to_owned();
            Err((format!("`${{{name}}}` is not known to hoop"), fix))
        }
        Err(bad) => Err((format!("`${{{name}}}`: {}", bad.message), bad.fix)),
    }
}

enum Piece<'t> {
    Text(&'t str),
    Variable {
        name: &'t str,
        default: Option<&'t str>,
    },
    /// A variable without an end.
    Open(&'t str),
}

struct Pieces<'t>(&'t str);

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        let rest = self.0;
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix(OPEN) else {
            let (text, rest) = rest.split_at(rest.find(OPEN).unwrap_or(rest.len()));
            self.0 = rest;
            return Some(Piece::Text(text));
        };
        let Some((inside, rest)) = after.split_once('}') else {
            self.0 = "";
            return Some(Piece::Open(rest));
        };
        self.0 = rest;
        let (name, default) = match inside.split_once(',') {
            Some((name, default)) => {
                let quoted = default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
                (name, quoted)
            }
            None => (inside, None),
        };
        Some(Piece::Variable { name: name.trim(), default })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::request::Principal;
    use crate::types::AccessLevel;

    #[test]
    fn variables_stand_for_what_the_call_tells() {
        let principal = Principal {
            user: "ana".to_owned(),
            session: "01J".to_owned(),
            arn: Some("arn:aws:iam::123456789012:user/team/ana".to_owned()),
            ..Principal::default()
        };
        let request =
            Request { region: "eu-central-1", ..Request::new("s3:GetObject", AccessLevel::Read, &principal) };
        let text = |text: &str| Expanded::Text(Cow::Owned(text.to_owned()));
        for (written, expanded) in [
            ("plain", text("plain")),
            ("a/${hoop:session}/b", text("a/01J/b")),
            ("${hoop:User}-${aws:username}", text("ana-ana")),
            ("${aws:RequestedRegion, 'none'}", text("eu-central-1")),
            ("${hoop:Agent, 'nobody'}", Expanded::Unknown),
            ("$5 and }", text("$5 and }")),
        ] {
            assert_eq!(expand(written, &request, true), expanded, "{written}");
            assert_eq!(check(written), Ok(()), "{written}");
        }
        let role =
            Principal { arn: Some("arn:aws:sts::1:assumed-role/a/b".to_owned()), ..Principal::default() };
        let request = Request { principal: &role, ..request };
        assert_eq!(expand("x${aws:username}", &request, true), Expanded::Absent);
        assert_eq!(expand("x${aws:username, 'anon'}", &request, true), text("xanon"));
        assert_eq!(expand("${hoop:session}", &request, true), Expanded::Unknown);
    }

    #[test]
    fn a_star_in_a_value_is_no_wildcard() {
        let principal = Principal { user: "a*".to_owned(), ..Principal::default() };
        let request = Request::new("s3:GetObject", AccessLevel::Read, &principal);
        assert_eq!(expand("${hoop:user}", &request, true), Expanded::Unknown);
        assert_eq!(expand("${hoop:user}", &request, false), Expanded::Text("a*".into()));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (written, part) in [
            ("${aws:SourceIp}", "only AWS knows"),
            ("${hoop:Group}", "several values"),
            ("${param:Bucket}", "no variable"),
            ("${hoop:sesion}", "unknown condition key"),
            ("${*}", "not known"),
            ("a${hoop:session", "not closed"),
        ] {
            let (message, _) = check(written).unwrap_err();
            assert!(message.contains(part), "{written}: {message}");
        }
    }
}
