//! Values that a person lists to be masked: one a line, `NAME=value` as in dotenv files, or `env:NAME`.

use std::fmt;

use zeroize::Zeroizing;

use super::Engine;
use super::exact;
use super::exact::Exact;
use super::words::Words;

/// What a listed value is called in masks.
const KIND: &str = "listed";

/// A line whose value is not looked for everywhere. The value itself is never told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// Its line, from 1.
    pub line: usize,
    /// Why not.
    pub why: Unfit,
}

/// Why a value is not looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It would hide half of every screen.
    Short,
    /// It is a word or a number that is everywhere.
    Common,
    /// There are too many before it.
    Full,
    /// There is no variable of this name, or it is empty.
    Unset(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "shorter than {} letters", exact::SHORTEST),
            Self::Common => f.write_str("a word or a number that is everywhere"),
            Self::Full => f.write_str("there are too many values before it"),
            Self::Unset(name) => write!(f, "the variable {} is not set", name.escape_debug()),
        }
    }
}

/// One line of a list.
struct Entry {
    line: usize,
    /// The name in front of it, where there is one.
    name: Option<String>,
    value: Zeroizing<String>,
}

impl Engine {
    /// Learns the values of a list. `variable` looks a variable of the environment up.
    ///
    /// A line is a value; `NAME=value`, `export NAME=value`, with quotes and over several lines as dotenv files have it; or
    /// `env:NAME`. Empty lines and lines that begin with `#` say nothing. What begins and ends with the same quote is a
    /// value without them, whatever stands in it.
    ///
    /// Gives the lines whose values are not looked for. A setting such as `PORT=8080`, whose name says nothing of a secret
    /// and whose value is no secret either, is none of them: dotenv files have many.
    pub fn learn_list(&self, list: &str, variable: impl Fn(&str) -> Option<String>) -> Vec<Unlisted> {
        let mut unlisted = Vec::new();
        for mut entry in entries(list) {
            if let (None, Some(name)) = (&entry.name, entry.value.strip_prefix("env:")) {
                let name = name.trim().to_owned();
                let Some(value) = variable(&name).filter(|value| !value.is_empty()) else {
                    unlisted.push(Unlisted { line: entry.line, why: Unfit::Unset(name) });
                    continue;
                };
                entry.value = Zeroizing::new(value);
            }
            self.learn_password_of(&entry.value);
            let plain = entry.name.as_ref().is_some_and(|name| !self.is_sensitive_name(name));
            let unfit = match plain {
                true if !entry.value.contains('\n') && !exact::is_fit(&entry.value) => continue,
                _ => unfit(&entry.value),
            };
            match unfit {
                Some(why) => unlisted.push(Unlisted { line: entry.line, why }),
                None => {
                    let mut is_full = false;
                    self.learn_with(|known| {
                        is_full = known.is_full();
                        known.add_told(KIND, &entry.value)
                    });
                    if is_full {
                        unlisted.push(Unlisted { line: entry.line, why: Unfit::Full });
                    }
                }
            }
        }
        unlisted
    }

    /// Learns the password of a URL such as `postgres://app:password@host/db`, which programs also use alone.
    pub(super) fn learn_password_of(&self, url: &str) {
        let password = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split(['/', '?', '#', '\n']).next()?.rsplit_once('@'))
            .and_then(|(user, _)| user.split_once(':'))
            .map(|(_, password)| password);
        let Some(password) = password.filter(|password| exact::is_fit(password)) else { return };
        let plain = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        for form in [password, &plain] {
            self.learn_with(|known: &mut Exact| known.add(KIND, form));
        }
    }
}

/// Why a value that a person named is not looked for. Only what would hide half of every screen is refused.
fn unfit(value: &str) -> Option<Unfit> {
    let value = value.trim();
    if value.len() < exact::SHORTEST {
        return Some(Unfit::Short);
    }
    let words = Words::NeverLearnt.list().iter().chain(Words::Benign.list());
    let is_word = words.into_iter().any(|word| value.eq_ignore_ascii_case(word));
    let is_number = value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_one_letter = value.bytes().all(|byte| byte == value.as_bytes()[0]);
    (is_word || is_number || is_one_letter || value.starts_with("hoopmask:")).then_some(Unfit::Common)
}

fn entries(list: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut lines = list.strip_prefix('\u{feff}').unwrap_or(list).lines().enumerate();
    while let Some((index, text)) = lines.next() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, written) = match named(text) {
            Some((name, written)) => (Some(name.to_owned()), written),
            None => (None, text),
        };
        let quote = written.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
        let Some(quote) = quote else {
            let written = if name.is_some() { without_remark(written) } else { written };
            entries.push(Entry { line: index + 1, name, value: Zeroizing::new(written.to_owned()) });
            continue;
        };
        let mut whole = Zeroizing::new(written[1..].to_owned());
        let mut end = closing(&whole, quote);
        // The quote is closed on a later line; or never, and the line is a value that begins with a quote.
        if end.is_none() && name.is_some() {
            let mut further = lines.clone();
            let mut longer = whole.clone();
            while end.is_none() {
                let Some((_, next)) = further.next() else { break };
                longer.push('\n');
                end = closing(next, quote).map(|at| longer.len() + at);
                longer.push_str(next);
            }
            if end.is_some() {
                whole = longer;
                lines = further;
            }
        }
        let value = match end {
            Some(end) => unescaped(&whole[..end], quote),
            None => written.to_owned(),
        };
        entries.push(Entry { line: index + 1, name, value: Zeroizing::new(value) });
    }
    entries
}

/// `NAME=value`. Padding of base64 is no value.
fn named(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let is_name = |name: &str| {
        name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    let value = value.trim();
    (is_name(name) && !value.trim_start_matches('=').is_empty()).then_some((name, value))
}

/// What stands in front of ` # remark`.
fn without_remark(value: &str) -> &str {
    value.find(" #").or_else(|| value.find("\t#")).map_or(value, |at| value[..at].trim_end())
}

/// Where the quote stands that ends `text`.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| {
        if escaped {
            escaped = false;
        } else if letter == '\\' && quote == '"' {
            escaped = true;
        } else if letter == quote {
            return Some(at);
        }
        None
    })
}

/// The escapes of double quotes.
fn unescaped(text: &str, quote: char) -> String {
    if quote != '"' {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some(other @ ('"' | '\\' | '$' | '`')) => plain.push(other),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(list: &str) -> (Engine, Vec<Unlisted>) {
        let engine = Engine::builtin();
        let unlisted =
            engine.learn_list(list, |name| (name == "FROM_ENV").then(|| "quail-Harbour-77".to_owned()));
        (engine, unlisted)
    }

    fn hides(engine: &Engine, text: &str) -> bool {
        engine.text(text) != text
    }

    #[test]
    fn values_are_learnt_as_they_are_listed() {
        let (engine, unlisted) = learnt(
            "# secrets\n\nplover nest 41\n  export API=\"heron \\\"Lake\\\" 9\"   \nenv:FROM_ENV\nPLAIN=stork-River8 # of the team\n\
             KEY='-----BEGIN\nfirst-line-of-a-key\nsecond-line-of-a-key'\n\"NAME=all-of-this\"\nZ3JlYmUtTWFyc2gtMDE=\n",
        );
        assert_eq!(unlisted, []);
        for text in [
            "say plover nest 41 now",
            "x heron \"Lake\" 9 x",
            r#"{"x":"heron \"Lake\" 9"}"#,
            "is quail-Harbour-77",
            "at stork-River8!",
            "log: first-line-of-a-key",
            "log: second-line-of-a-key",
            "then NAME=all-of-this",
            "is Z3JlYmUtTWFyc2gtMDE=",
        ] {
            assert!(hides(&engine, text), "{text}");
        }
        assert!(
            !hides(&engine, "of the team") && !hides(&engine, "# secrets") && !hides(&engine, "all-of-this")
        );
    }

    #[test]
    fn what_would_hide_everything_is_told_by_its_line_alone() {
        let (engine, unlisted) = learnt(
            "test\n123456\nproduction\nDB_PASSWORD=abc\nPORT=8080\nNODE_ENV=production\nenv:NONE\nxxxxxxxx\nsommer\n",
        );
        let told: Vec<String> = unlisted.iter().map(|one| format!("{}: {}", one.line, one.why)).collect();
        assert_eq!(
            told,
            [
                "1: shorter than 6 letters",
                "2: a word or a number that is everywhere",
                "3: a word or a number that is everywhere",
                "4: shorter than 6 letters",
                "7: the variable NONE is not set",
                "8: a word or a number that is everywhere",
            ]
        );
        assert!(!hides(&engine, "production on 8080, test 123456") && hides(&engine, "a sommer day"));
    }

    #[test]
    fn the_password_of_a_url_is_a_value_of_its_own() {
        let (engine, _) = learnt("DATABASE_URL=postgres://app:Curlew%21Fen9@db.internal:5432/x\n");
        for text in ["Curlew%21Fen9", "Curlew!Fen9", "postgres://app:Curlew%21Fen9@db.internal:5432/x"] {
            assert!(hides(&engine, &format!("it is {text} there")), "{text}");
        }
        assert!(!hides(&engine, "db.internal:5432"));
    }
}
