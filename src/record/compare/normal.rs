//! What is different in every run, taken out of a text: times, random names, numbers.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use regex::Regex;

/// What stands for a time, a random name, a number.
const TIME: &str = "‹time›";
const ID: &str = "‹id›";
const NUMBER: &str = "‹n›";

/// Digits from which a number by itself is thought to be a process, a counter, a size.
const LONG_NUMBER: usize = 5;
/// Digits of an AWS account, which never is.
const ACCOUNT: usize = 12;
/// Letters and digits from which a mixture of both is thought to be random; of hexadecimal digits fewer are enough.
const RANDOM: usize = 12;
const HEXADECIMAL: usize = 8;
/// Changes between letters and digits that make a mixture.
const CHANGES: usize = 3;

/// How much is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// Times, random names and long numbers: what two runs of one thing never have in common.
    Volatile,
    /// All numbers too: for finding what belongs together.
    Coarse,
}

/// Times and UUIDs as they are written, then any run of letters and digits. The alternatives are tried in this order.
static PIECES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let time = r"(?:[T _][0-2]\d[:\-]?[0-5]\d(?:[:\-]?[0-5]\d(?:[.,]\d+)?)?(?:Z|[+\-]\d\d:?\d\d)?)?";
    let pieces = [
        r"(?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)"
            .to_owned(),
        format!(r"(?P<dashed>\b(?:19|20)\d\d-[01]\d-[0-3]\d{time}\b)"),
        r"(?P<slashed>\b(?:19|20)\d\d/[01]\d(?:/[0-3]\d(?:/[0-2]\d)?)?\b)".to_owned(),
        r"(?P<packed>\b(?:19|20)\d\d[01]\d[0-3]\d(?:[T_\-]?[0-2]\d[0-5]\d[0-5]\d(?:\d{3})?Z?)?\b)".to_owned(),
        r"(?P<clock>\b[0-2]\d:[0-5]\d:[0-5]\d(?:[.,]\d+)?\b)".to_owned(),
        r"(?P<epoch>\b1\d{9}(?:\d{3})?\b)".to_owned(),
        // Names as Python's tempfile and mktemp(1) make them.
        r"(?P<temporary>/tmp[a-z0-9_]{8}\b)".to_owned(),
        r"(?P<mktemp>/tmp\.[0-9A-Za-z]{6,12}\b)".to_owned(),
        r"(?P<word>[0-9A-Za-z]+)".to_owned(),
    ];
    Regex::new(&format!("(?-u){}", pieces.join("|"))).ok()
});

/// `text` with a sign for each piece that is taken out.
pub(super) fn normal(text: &str, grain: Grain) -> Cow<'_, str> {
    // Words without a digit are never taken out, but for names of temporary files.
    let has_pieces = text.bytes().any(|byte| byte.is_ascii_digit()) || text.contains("/tmp");
    let Some(pieces) = PIECES.as_ref().filter(|_| has_pieces) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::new();
    let mut done = 0;
    for found in pieces.captures_iter(text) {
        let Some(piece) = found.get(0) else { continue };
        let sign = match found.name("word") {
            Some(word) => self::word(word.as_str(), grain),
            None if found.name("uuid").is_some() => Some(Cow::Borrowed(ID)),
            None if found.name("temporary").is_some() => Some(Cow::Owned(format!("/tmp{ID}"))),
            None if found.name("mktemp").is_some() => Some(Cow::Owned(format!("/tmp.{ID}"))),
            None => Some(Cow::Borrowed(TIME)),
        };
        if let Some(sign) = sign {
            out.push_str(&text[done..piece.start()]);
            out.push_str(&sign);
            done = piece.end();
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// What stands for a run of letters and digits; none: it stays.
fn word(word: &str, grain: Grain) -> Option<Cow<'static, str>> {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    if digits == word.len() {
        let is_long = digits >= LONG_NUMBER && digits != ACCOUNT;
        return (is_long || grain == Grain::Coarse && digits != ACCOUNT).then_some(Cow::Borrowed(NUMBER));
    }
    let all_in = |letters: RangeInclusive<u8>| {
        word.bytes().all(|byte| byte.is_ascii_digit() || letters.contains(&byte))
    };
    let is_hexadecimal = all_in(b'a'..=b'f') || all_in(b'A'..=b'F');
    let two = word.as_bytes().windows(2);
    let changes = two.filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    if is_hexadecimal && word.len() >= HEXADECIMAL || word.len() >= RANDOM && changes >= CHANGES {
        return Some(Cow::Borrowed(ID));
    }
    (grain == Grain::Coarse).then(|| Cow::Owned(without_numbers(word)))
}

fn without_numbers(word: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    for c in word.chars() {
        if c.is_ascii_digit() {
            if !in_number {
                out.push_str(NUMBER);
            }
            in_number = true;
        } else {
            in_number = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_each_run_is_taken_out() {
        for (text, wanted) in [
            ("backup-2026-07-01T10:12:13Z.tar", "backup-‹time›.tar"),
            ("reports/2026/07/31.csv", "reports/‹time›.csv"),
            ("log-20260701T101213Z", "log-‹time›"),
            ("log.1763695080", "log.‹time›"),
            ("at 10:12:13.500 sharp", "at ‹time› sharp"),
            ("run 7b0e9c1a-3f52-4f0e-9a53-0c2f6a1d8e77 now", "run ‹id› now"),
            ("terminate i-0abc1234def567890", "terminate i-‹id›"),
            ("cat /tmp/tmpab3d_x9z/a", "cat /tmp/tmp‹id›/a"),
            ("cat /tmp/tmpabcdefgh", "cat /tmp/tmp‹id›"),
            ("cat /tmp/tmp.Xy4BcDeFgH", "cat /tmp/tmp.‹id›"),
            ("cat /tmp/tmp.XyZBcDeFgH/a", "cat /tmp/tmp.‹id›/a"),
            ("session 01KAHX3VQ2W6T8Y4ZC5M7N9P0R", "session ‹id›"),
            ("kill 48213", "kill ‹n›"),
            ("git checkout 9fceb02d0ae5", "git checkout ‹id›"),
        ] {
            assert_eq!(normal(text, Grain::Volatile), wanted, "{text}");
        }
    }

    #[test]
    fn what_means_something_stays() {
        for text in [
            "",
            "aws s3 ls",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "arn:aws:iam::123456789012:role/deploy",
            "python3.11 -m pip",
            "--max-items 20",
            "t3.micro",
            "eu-west-1",
            "deadbeef",
            "localhost:8080",
            "世界 ٣٤٥٦٧",
        ] {
            assert_eq!(normal(text, Grain::Volatile), text);
        }
    }

    #[test]
    fn numbers_do_not_keep_apart_what_belongs_together() {
        for (text, wanted) in [
            ("part-0007.csv", "part-‹n›.csv"),
            ("sleep 5", "sleep ‹n›"),
            ("worker12b", "worker‹n›b"),
            ("arn:aws:iam::123456789012:role/a1", "arn:aws:iam::123456789012:role/a‹n›"),
        ] {
            assert_eq!(normal(text, Grain::Coarse), wanted, "{text}");
        }
    }
}
