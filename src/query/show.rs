//! Writing a query so that parsing it gives the same again.

use std::fmt;

use jiff::Timestamp;

use super::Node;
use super::Query;
use super::Term;
use super::Text;
use super::fields::Field;
use super::fields::Sort;
use super::value::Bounds;
use super::value::Test;

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => node.fmt(f),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = |node: &Self, f: &mut fmt::Formatter<'_>| match node {
            Self::All(_) | Self::Any(_) => write!(f, "({node})"),
            node => node.fmt(f),
        };
        let list = |nodes: &[Self], between: &str, f: &mut fmt::Formatter<'_>| {
            for (at, node) in nodes.iter().enumerate() {
                if at > 0 {
                    f.write_str(between)?;
                }
                inner(node, f)?;
            }
            Ok(())
        };
        match self {
            Self::All(nodes) => list(nodes, " ", f),
            Self::Any(nodes) => list(nodes, " or ", f),
            Self::Not(node) => {
                f.write_str("not ")?;
                inner(node, f)
            }
            Self::Text(text) => text.fmt(f),
            Self::Field(term) => term.fmt(f),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        match is_plain(&self.words) {
            true => write!(f, "{}{star}", self.words),
            false => write!(f, "{}{star}", quoted(&self.words)),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.field.info();
        write!(f, "{}:", info.name)?;
        match &self.test {
            Test::Is(pattern) | Test::Has(pattern) => match is_bare(&pattern.0) {
                true => f.write_str(&pattern.0),
                false => f.write_str(&quoted(&pattern.0)),
            },
            Test::Begins(id) => f.write_str(id),
            Test::Last => f.write_str("last"),
            Test::Word(word) => f.write_str(word),
            Test::Other(status) => write!(f, "!{status}"),
            Test::Within(bounds) if info.sort == Sort::Length => lengths(*bounds, f),
            Test::Within(bounds) => range(*bounds, |number| number.to_string(), f),
            Test::Moment(at) => {
                let moment = i64::try_from(*at).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
                write!(f, "{}", moment.unwrap_or_default())
            }
        }
    }
}

fn lengths(bounds: Bounds, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // `>5s` is kept as `5.000001s` and more.
    let is_whole = |number: i64| number % 1_000 == 0;
    match (bounds.low, bounds.high) {
        // One length alone means at least that.
        (Some(low), Some(high)) if low == high => write!(f, "{0}..{0}", length(low)),
        (Some(low), None) if !is_whole(low) && is_whole(low - 1) => write!(f, ">{}", length(low - 1)),
        (None, Some(high)) if !is_whole(high) && is_whole(high + 1) => write!(f, "<{}", length(high + 1)),
        _ => range(bounds, length, f),
    }
}

fn range(bounds: Bounds, show: impl Fn(i64) -> String, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (bounds.low, bounds.high) {
        (Some(low), Some(high)) if low == high => f.write_str(&show(low)),
        (Some(low), Some(high)) => write!(f, "{}..{}", show(low), show(high)),
        (Some(low), None) => write!(f, ">={}", show(low)),
        (None, Some(high)) if high < 0 => write!(f, "<{}", show(high + 1)),
        (None, high) => write!(f, "<={}", show(high.unwrap_or(i64::MAX))),
    }
}

/// A length of time in the largest unit that is exact.
fn length(micros: i64) -> String {
    const UNITS: [(&str, i64); 5] =
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];
    let unit = UNITS.into_iter().find(|(_, size)| micros % size == 0).filter(|_| micros > 0);
    match unit {
        Some((unit, size)) => format!("{}{unit}", micros / size),
        None => format!("{micros}us"),
    }
}

/// Whether a word can stand without quotes and means the same.
fn is_plain(words: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || "._/@#%+=,~&$-".contains(letter);
    let is_field = words.split_once(':').is_some_and(|(name, _)| {
        Field::named(name).is_some() || name.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    words.starts_with(char::is_alphanumeric)
        && words.chars().all(|letter| is_word(letter) || letter == ':')
        && !is_field
        && !["and", "or", "not", "AND", "OR", "NOT"].contains(&words)
}

/// The same for a value.
fn is_bare(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with('"')
        && value.chars().all(|letter| !letter.is_whitespace() && !"()".contains(letter))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::FIELDS;
    use super::super::Now;
    use super::super::Trouble;
    use super::super::paint;
    use super::super::parse;
    use super::super::typing;

    fn now() -> Now {
        Now { unix_micros: 1_763_726_400_000_000, zone: TimeZone::UTC }
    }

    fn shown(text: &str) -> String {
        parse(text, &now()).unwrap_or_else(|trouble| panic!("{text}: {trouble:?}")).to_string()
    }

    fn trouble(text: &str) -> Trouble {
        parse(text, &now()).unwrap_err()
    }

    #[test]
    fn words_fields_and_groups_are_told_apart() {
        for (text, wanted) in [
            ("", ""),
            ("error  quota", "error quota"),
            ("a and b or c", "(a b) or c"),
            ("a (b or c) -d", "a (b or c) not d"),
            ("not (a b)", "not (a b)"),
            ("not not a", "a"),
            ("\"access denied\"*", "\"access denied\"*"),
            ("s3:GetObject deny*", "s3:GetObject deny*"),
            ("d*\"* e** \"f *\"* \"g* *\"", "d* e* f g*"),
            ("\"or\" AND \"x", "\"or\" x"),
            ("main() (foo(1) or b)", "\"main()\" (\"foo(1)\" or b)"),
            ("--force -rf", "\"--force\" not rf"),
            ("user:Ana exit:!0 took:>5s", "user:Ana exit:!0 took:>5s"),
            ("took:5s took:<100ms took:1m..2h", "took:>=5s took:<100ms took:1m..2h"),
            ("took:60s..1m took:0m..0h", "took:1m..1m took:0us..0us"),
            ("status:4xx status:>=500 exit:0", "status:400..499 status:>=500 exit:0"),
            ("command:\"git push\" title:\"a\\\"b\"", "command:\"git push\" title:a\"b"),
            ("session:01kahx3v session:last", "session:01KAHX3V session:last"),
            ("after:2025-11-20 before:1d", "after:2025-11-20T00:00:00Z before:2025-11-20T12:00:00Z"),
            ("after:today", "after:2025-11-21T00:00:00Z"),
            ("action:s3:Get* resource:arn:aws:s3:::b/*", "action:s3:Get* resource:arn:aws:s3:::b/*"),
            ("http://x.y/z 12:30 states:StartExecution", "\"http://x.y/z\" 12:30 \"states:StartExecution\""),
            ("a -- => b", "a b"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
            assert_eq!(shown(wanted), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, there, why, fix) in [
            ("a usr:ana", "usr:", "there is no field `usr:`", "did you mean `user:`"),
            ("decision:denied", "denied", "none of its values", "did you mean `deny`?"),
            (
                "approval:yes",
                "yes",
                "none of its values",
                "granted, denied, expired, nobody, withdrawn, used, waiting",
            ),
            ("x took:5 make", "5", "no length of time", "took:>5s"),
            ("exit:x", "x", "no exit status", "!0"),
            ("after:soon", "soon", "not a time", "2026-07-01"),
            ("status:many", "many", "no number or range", "status:400..499"),
            ("user: ana", "user:", "needs a value right after it", "user:ana"),
            ("command:**", "**", "not only `*`", "git push"),
            ("session:a/b", "a/b", "session id", "session:01KAHX"),
            ("(a b", "(", "not closed", ")"),
            ("a )", ")", "nothing is open", "quotes"),
            ("a or", "", "must follow `or`", "quotes"),
            ("or a", "or", "must stand before", "quotes"),
            ("()", ")", "nothing in this group", ""),
            ("-- =>", "-- =>", "no letter or digit", "user:ana"),
        ] {
            let found = trouble(text);
            assert_eq!(&text[found.range.clone()], there, "{text}");
            assert!(found.why.contains(why) && found.fix.contains(fix), "{text}: {found:?}");
        }
        assert_eq!(trouble("é中 took:5").pointed("é中 took:5"), "é中 took:5\n         ^");
        assert!(trouble(&"(".repeat(100)).why.contains("groups"));
        assert!(trouble(&"a ".repeat(4_000)).why.contains("longer"));
    }

    fn field() -> impl Strategy<Value = String> {
        let values = [
            "x", "a*b", "\"a b\"", "3", "400..499", ">5s", "<=100ms", "!0", "2d", "deny", "granted", "last",
            "4xx",
        ];
        (0..FIELDS.len(), 0..values.len(), any::<bool>()).prop_map(move |(field, value, is_example)| {
            match is_example {
                true => FIELDS[field].example.to_owned(),
                false => format!("{}:{}", FIELDS[field].name, values[value]),
            }
        })
    }

    fn query() -> impl Strategy<Value = String> {
        let leaf =
            prop_oneof![field(), "[a-z]{1,6}\\*?", "\"[a-zA-Z0-9 :()\\\\-]{1,9}\"\\*?", "[ -~é中]{0,8}"];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" ")),
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" or ")),
                inner.clone().prop_map(|part| format!("({part})")),
                inner.prop_map(|part| format!("not {part}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_understood_as_the_same(text in query()) {
            if let Ok(query) = parse(&text, &now()) {
                let printed = query.to_string();
                prop_assert_eq!(parse(&printed, &now()), Ok(query), "{} -> {}", text, printed);
            }
        }

        #[test]
        fn nothing_typed_breaks_anything(text in prop_oneof![query(), "\\PC{0,40}", "[()\"*:a-z \\\\!<>.-]{0,30}"], cursor in 0_usize..60) {
            if let Err(trouble) = parse(&text, &now()) {
                prop_assert!(text.get(trouble.range.clone()).is_some(), "{:?}", trouble);
                prop_assert!(!trouble.why.is_empty());
                prop_assert_eq!(trouble.pointed(&text).lines().count(), 2);
            }
            let parts = paint(&text);
            let mut end = 0;
            for (range, _) in &parts {
                prop_assert!(range.start >= end && range.end > range.start && text.get(range.clone()).is_some());
                end = range.end;
            }
            let found = typing(&text, cursor);
            prop_assert!(text.get(found.range).is_some());
        }
    }
}
