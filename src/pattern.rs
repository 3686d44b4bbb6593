//! Patterns with `*` (any text, also none) and `?` (one character), as IAM has them: a `*` crosses every separator.

/// Table cells [`can_meet`] fills before it gives up and says yes; about a millisecond's work.
const MEET_CELLS: usize = 1 << 18;

/// Whether the pattern matches the whole text. Characters are compared as they are; bring both to lower case to ignore it.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    walk(pattern.as_bytes(), text.as_bytes(), |wanted, found| wanted == b'?' || wanted == found)
}

/// Whether the pattern matches everything that `text`, which may be a pattern itself, stands for.
///
/// Used where a rule allows: an unknown part of an ARN (`*`, `?`) is covered only by a wildcard at least as wide.
#[must_use]
pub fn covers(pattern: &str, text: &str) -> bool {
    walk(pattern.as_bytes(), text.as_bytes(), |wanted, found| {
        wanted == found || wanted == b'?' && found != b'*'
    })
}

/// The usual walk with one place to come back to: the last `*`. A `*` in the text is matched by a `*` only.
fn walk(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            // `?` is one character, not one byte.
            Some(b'?') if same(b'?', text[t]) => {
                p += 1;
                t += 1;
                while t < text.len() && (text[t] & 0xc0) == 0x80 {
                    t += 1;
                }
            }
            Some(&wanted) if wanted != b'?' && same(wanted, text[t]) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = back else { return false };
                back = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|&rest| rest == b'*')
}

/// Whether some text is matched by both patterns.
///
/// Used where a rule denies or asks and the ARN has unknown parts. Patterns so long that this would take noticeable
/// time are said to meet.
#[must_use]
pub fn can_meet(one: &str, other: &str) -> bool {
    if !starts_agree(one.chars(), other.chars()) || !starts_agree(one.chars().rev(), other.chars().rev()) {
        return false;
    }
    if one.len().saturating_mul(other.len()) > MEET_CELLS {
        return true;
    }
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    // row[j]: whether one[i..] and other[j..] can meet; filled from the end.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some('*'), None) => below[j],
                (None, Some('*')) => row[j + 1],
                (Some('*'), Some(_)) | (Some(_), Some('*')) => below[j] || row[j + 1],
                (Some(&a), Some(&b)) if a == b || a == '?' || b == '?' => below[j + 1],
                _ => false,
            };
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// Whether the literal starts, up to the first `*` of either, are compatible: the cheap first look.
fn starts_agree(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> bool {
    one.zip(other).take_while(|(a, b)| *a != '*' && *b != '*').all(|(a, b)| a == b || a == '?' || b == '?')
}

/// Whether the text has a wildcard.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'*' | b'?'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything:at/all", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("s3:?etObject", "s3:GetObject", true),
            ("s3:?etObject", "s3:etObject", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("a?c", "aéc", true),
            ("", "", true),
            ("", "a", false),
            ("arn:aws:s3:::reports/*", "arn:aws:s3:::reports/2026/07.csv", true),
            ("arn:aws:s3:::reports", "arn:aws:s3:::reports/2026", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn an_unknown_part_is_covered_only_by_a_wildcard() {
        assert!(covers("instance/*", "instance/*"));
        assert!(covers("*", "instance/*"));
        assert!(covers("db-??????", "db-??????"));
        assert!(covers("db-*", "db-??????"));
        assert!(!covers("instance/i-1", "instance/*"));
        assert!(!covers("instance/?", "instance/*"));
        assert!(!covers("db-AbCdEf", "db-??????"));
    }

    #[test]
    fn patterns_meet_where_one_text_fits_both() {
        assert!(can_meet("instance/i-1", "instance/*"));
        assert!(can_meet("db-AbCdEf", "db-??????"));
        assert!(can_meet("*prod", "prod*"));
        assert!(can_meet("a*c", "*b*"));
        assert!(!can_meet("volume/*", "instance/*"));
        assert!(!can_meet("db-AbCdE", "db-??????"));
        assert!(can_meet(&"a*".repeat(2_000), &"*a".repeat(2_000)), "too long: yes");
    }

    proptest! {
        #[test]
        fn what_covers_also_meets_and_what_matches_covers(pattern in "[ab*?]{0,8}", text in "[ab*?]{0,8}") {
            if covers(&pattern, &text) {
                prop_assert!(can_meet(&pattern, &text));
            }
            if !is_pattern(&text) {
                prop_assert_eq!(matches(&pattern, &text), covers(&pattern, &text));
                prop_assert_eq!(matches(&pattern, &text), can_meet(&pattern, &text));
            }
        }

        #[test]
        fn a_text_fitting_both_means_they_meet(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if matches(&one, &text) && matches(&other, &text) {
                prop_assert!(can_meet(&one, &other));
            }
        }

        #[test]
        fn covering_means_every_text_of_the_other_matches(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            if covers(&one, &other) && matches(&other, &text) {
                prop_assert!(matches(&one, &text));
            }
        }
    }
}
