//! IAM's condition operators, one value against one value.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

use crate::config::diagnostic::nearest;
use crate::pattern;
use crate::policy::variables;

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Texts as they are.
    Text,
    /// Texts without regard to case.
    TextIgnoringCase,
    /// Texts with `*` and `?`.
    TextLike,
    /// Numbers.
    Number(Order),
    /// Times.
    Date(Order),
    /// `true` and `false`.
    Truth,
    /// Bytes, in base64.
    Bytes,
    /// Addresses within a range.
    Address,
    /// ARNs, field by field, with `*` and `?`.
    Arn,
    /// Whether the key is there at all.
    Absent,
}

/// How two numbers or times are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
}

/// How several values of a key count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// One is enough where the rule denies or asks; all must fit where it allows.
    ByEffect,
    /// `ForAnyValue:`
    Any,
    /// `ForAllValues:`
    All,
}

/// A condition operator, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What is compared.
    pub test: Test,
    /// Whether the outcome is turned round: `StringNotEquals`.
    pub negated: bool,
    /// Whether a missing key fits: `…IfExists`.
    pub if_exists: bool,
    /// How several values count.
    pub quantity: Quantity,
}

/// The operators without prefix and suffix: name, test, whether it is negated.
pub const OPERATORS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::Text, false),
    ("StringNotEquals", Test::Text, true),
    ("StringEqualsIgnoreCase", Test::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::TextIgnoringCase, true),
    ("StringLike", Test::TextLike, false),
    ("StringNotLike", Test::TextLike, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::AtMost), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Number(Order::AtLeast), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::AtMost), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::AtLeast), false),
    ("Bool", Test::Truth, false),
    ("BinaryEquals", Test::Bytes, false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Absent, false),
];

impl Operator {
    /// Reads an operator's name.
    ///
    /// # Errors
    /// The nearest name that exists, with its prefix and suffix.
    pub fn parse(name: &str) -> Result<Self, Option<String>> {
        let (quantity, prefix, rest) = match name.split_once(':') {
            None => (Quantity::ByEffect, "", name),
            Some(("ForAnyValue", rest)) => (Quantity::Any, "ForAnyValue:", rest),
            Some(("ForAllValues", rest)) => (Quantity::All, "ForAllValues:", rest),
            Some((word, rest)) => {
                let meant = nearest(word, ["ForAnyValue", "ForAllValues"]);
                return Err(meant.map(|meant| format!("{meant}:{rest}")));
            }
        };
        let (base, suffix) = match rest.strip_suffix("IfExists") {
            Some(base) if base != "Null" => (base, "IfExists"),
            _ => (rest, ""),
        };
        match OPERATORS.iter().find(|(name, _, _)| *name == base) {
            // Whether a key is there is asked of the key, not of its values.
            Some((_, Test::Absent, _)) if quantity != Quantity::ByEffect => Err(Some("Null".to_owned())),
            Some(&(_, test, negated)) => Ok(Self { test, negated, if_exists: !suffix.is_empty(), quantity }),
            None => {
                let meant = nearest(base, OPERATORS.iter().map(|(name, _, _)| *name));
                Err(meant.map(|meant| format!("{prefix}{meant}{suffix}")))
            }
        }
    }
}

impl Test {
    /// Whether `wanted`, from a policy, is a value this test can compare with.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(self, wanted: &str) -> Result<(), (&'static str, &'static str)> {
        // What a variable stands for is seen when there is a call.
        if variables::any(wanted) {
            return Ok(());
        }
        let fits = match self {
            Self::Text | Self::TextIgnoringCase | Self::TextLike => return Ok(()),
            Self::Number(_) => number(wanted).is_some(),
            Self::Date(_) => date(wanted).is_some(),
            Self::Truth | Self::Absent => truth(wanted).is_some(),
            Self::Bytes => bytes(wanted).is_some(),
            Self::Address => Range::from_str(wanted).is_ok(),
            Self::Arn => wanted == "*" || wanted.splitn(6, ':').count() == 6,
        };
        if fits {
            return Ok(());
        }
        Err(match self {
            Self::Number(_) => ("this is not a number", "write a number, such as 10"),
            Self::Date(_) => ("this is not a time", "write it like \"2026-01-31T08:00:00Z\""),
            Self::Truth | Self::Absent => ("this is neither true nor false", "write true or false"),
            Self::Bytes => ("this is not base64", "write the bytes in base64, such as \"aG9vcA==\""),
            Self::Address => ("this is not an address or range", "write it like \"203.0.113.0/24\""),
            _ => ("an ARN has six fields", "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"),
        })
    }

    /// Whether `found`, from a call, fits `wanted`, from a policy; `None`: it cannot be said.
    #[must_use]
    pub fn fits(self, wanted: &str, found: &str) -> Option<bool> {
        match self {
            Self::Text => Some(wanted == found),
            Self::TextIgnoringCase => Some(wanted.to_lowercase() == found.to_lowercase()),
            Self::TextLike => Some(pattern::matches(wanted, found)),
            Self::Number(order) => Some(order.holds(compare_numbers(found, wanted)?)),
            Self::Date(order) => Some(order.holds(date(found)?.partial_cmp(&date(wanted)?)?)),
            Self::Truth => Some(truth(found)? == truth(wanted)?),
            Self::Bytes => Some(bytes(found)? == bytes(wanted)?),
            Self::Address => Range::from_str(wanted).ok()?.holds(&Range::from_str(found).ok()?),
            Self::Arn => arn(wanted, found),
            Self::Absent => None,
        }
    }
}

impl Order {
    fn holds(self, found_to_wanted: Ordering) -> bool {
        match self {
            Self::Equal => found_to_wanted.is_eq(),
            Self::Less => found_to_wanted.is_lt(),
            Self::AtMost => found_to_wanted.is_le(),
            Self::Greater => found_to_wanted.is_gt(),
            Self::AtLeast => found_to_wanted.is_ge(),
        }
    }
}

/// Whole numbers are compared exactly: beyond 2^53 neighbours are the same number to a `f64`.
fn compare_numbers(found: &str, wanted: &str) -> Option<Ordering> {
    let whole = |text: &str| text.trim().parse::<i128>().ok();
    match (whole(found), whole(wanted)) {
        (Some(found), Some(wanted)) => Some(found.cmp(&wanted)),
        _ => number(found)?.partial_cmp(&number(wanted)?),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, CONFIG).decode(text.trim()).ok()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `true` or `false`, in any case.
#[must_use]
pub fn truth(text: &str) -> Option<bool> {
    match () {
        () if text.eq_ignore_ascii_case("true") => Some(true),
        () if text.eq_ignore_ascii_case("false") => Some(false),
        () => None,
    }
}

/// A time as seconds since the Unix epoch: ISO 8601, a date alone, or the seconds themselves.
fn date(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_duration().as_secs_f64());
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.contains('-')
    {
        return day
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|time| time.timestamp().as_duration().as_secs_f64());
    }
    number(text)
}

/// `None` where what was found is no ARN.
fn arn(wanted: &str, found: &str) -> Option<bool> {
    if wanted == "*" {
        return Some(true);
    }
    let wanted: Vec<&str> = wanted.splitn(6, ':').collect();
    let found: Vec<&str> = found.splitn(6, ':').collect();
    if found.len() != 6 || found.first() != Some(&"arn") {
        return None;
    }
    let fits = wanted.len() == found.len()
        && wanted.iter().zip(&found).all(|(wanted, found)| pattern::matches(wanted, found));
    Some(fits)
}

/// A range of addresses; one address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u128,
    last: u128,
    is_v4: bool,
}

impl FromStr for Range {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(bits.parse::<u32>().map_err(|_| ())?))
            }
            Some(_) => return Err(()),
            None => (text.trim(), None),
        };
        let (number, width, is_v4) = match address.parse::<IpAddr>().map_err(|_| ())? {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32, true),
            IpAddr::V6(v6) => (v6.to_bits(), 128, false),
        };
        let bits = bits.unwrap_or(width);
        // `::ffff:10.0.0.1` is 10.0.0.1 by another name.
        let (number, width, is_v4, bits) = match !is_v4 && number >> 32 == 0xffff && bits >= 96 {
            true => (number & u128::from(u32::MAX), 32, true, bits - 96),
            false => (number, width, is_v4, bits),
        };
        let free = width.checked_sub(bits).ok_or(())?;
        let mask = if free == 0 { 0 } else { u128::MAX >> (128 - free) };
        Ok(Self { first: number & !mask, last: number | mask, is_v4 })
    }
}

impl Range {
    /// Whether `other` lies within; `None` where it only overlaps.
    fn holds(&self, other: &Self) -> Option<bool> {
        if self.is_v4 != other.is_v4 || other.last < self.first || other.first > self.last {
            return Some(false);
        }
        (self.first <= other.first && other.last <= self.last).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_by_the_rules_of_their_operator() {
        for (operator, wanted, found, expected) in [
            ("StringEquals", "a", "A", Some(false)),
            ("StringEqualsIgnoreCase", "a", "A", Some(true)),
            ("StringLike", "a*", "abc", Some(true)),
            ("NumericLessThan", "10", "9.5", Some(true)),
            ("NumericGreaterThanEquals", "10", "10", Some(true)),
            ("NumericEquals", "10", "ten", None),
            ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", Some(true)),
            ("DateGreaterThan", "2026-01-01", "1767225601", Some(true)),
            ("DateGreaterThan", "2026-01-01", "soon", None),
            ("Bool", "true", "TRUE", Some(true)),
            ("Bool", "true", "1", None),
            ("IpAddress", "203.0.113.0/24", "203.0.113.9", Some(true)),
            ("IpAddress", "203.0.113.0/24", "203.0.114.9", Some(false)),
            ("IpAddress", "203.0.113.0/24", "0.0.0.0/0", None),
            ("IpAddress", "0.0.0.0/0", "0.0.0.0/0", Some(true)),
            ("IpAddress", "::/0", "10.0.0.1", Some(false)),
            ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::111122223333:role/abc", Some(true)),
            ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:s3:::role/abc", Some(false)),
            // A wildcard does not cross a colon, but in the last field.
            ("ArnLike", "arn:aws:*:role/a", "arn:aws:iam::1:role/a", Some(false)),
            ("ArnLike", "arn:aws:sns:*:*:a*", "arn:aws:sns:eu-west-1:1:a:b:c", Some(true)),
            ("ArnEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a", Some(true)),
            ("ArnEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/A", Some(false)),
            ("ArnLike", "arn:aws:iam::1:role/a", "a", None),
            ("ArnLike", "*", "a", Some(true)),
            // Beyond 2^53 a float knows no neighbours.
            ("NumericEquals", "9007199254740993", "9007199254740992", Some(false)),
            ("NumericLessThanEquals", "9007199254740992", "9007199254740993", Some(false)),
            ("NumericEquals", "10", "10.0", Some(true)),
            ("NumericEquals", "10", "1e1", Some(true)),
            ("NumericLessThan", "-1", "-1.5", Some(true)),
            ("NumericEquals", "10", "", None),
            ("NumericEquals", "10", "NaN", None),
            ("NumericLessThan", "10", "-inf", None),
            ("NumericEquals", "16", "0x10", None),
            ("DateEquals", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", Some(true)),
            ("DateEquals", "2026-01-01", "2026-01-01T00:00:00.000Z", Some(true)),
            ("DateLessThanEquals", "2026-01-01T00:00:00Z", "1767225600", Some(true)),
            ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", Some(true)),
            ("DateEquals", "2026-01-01", "2026-13-01", None),
            ("DateEquals", "2026-01-01", "", None),
            ("Bool", "False", "fALSE", Some(true)),
            ("Bool", "true", "", None),
            ("Bool", "true", "yes", None),
            ("BinaryEquals", "aG9vcA==", "aG9vcA", Some(true)),
            ("BinaryEquals", "aG9vcA==", "aG9vcQ==", Some(false)),
            ("BinaryEquals", "aG9vcA==", "hoop!", None),
            ("IpAddress", "2001:db8::/32", "2001:DB8:0::1", Some(true)),
            ("IpAddress", "2001:db8::/32", "2001:db9::1", Some(false)),
            ("IpAddress", "2001:db8::1", "2001:db8::1", Some(true)),
            ("IpAddress", "2001:db8::/33", "2001:db8::/32", None),
            ("IpAddress", "10.0.0.0/8", "::ffff:10.1.2.3", Some(true)),
            ("IpAddress", "::ffff:10.0.0.0/104", "10.1.2.3", Some(true)),
            ("IpAddress", "10.0.0.7/8", "10.9.9.9", Some(true)),
            ("IpAddress", "10.0.0.0/8", "010.0.0.1", None),
            ("IpAddress", "10.0.0.0/8", "10.0.0.1/+8", None),
            ("IpAddress", "10.0.0.0/8", "10.0.0.1/33", None),
            ("IpAddress", "10.0.0.0/8", "fe80::1%eth0", None),
            ("IpAddress", "0.0.0.0/0", "::1", Some(false)),
        ] {
            let test = Operator::parse(operator).unwrap().test;
            assert_eq!(test.fits(wanted, found), expected, "{operator} {wanted} {found}");
        }
    }

    #[test]
    fn operators_have_prefixes_and_suffixes() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.quantity, Quantity::Any);
        assert!(operator.negated && operator.if_exists);
        assert_eq!(Operator::parse("ForAnyValue:StringLyke"), Err(Some("ForAnyValue:StringLike".to_owned())));
        assert_eq!(
            Operator::parse("ForAllValue:StringLike"),
            Err(Some("ForAllValues:StringLike".to_owned()))
        );
        assert_eq!(Operator::parse("stringequals"), Err(Some("StringEquals".to_owned())));
        assert_eq!(Operator::parse("NullIfExists"), Err(None));
        assert_eq!(Operator::parse("ForAnyValue:Null"), Err(Some("Null".to_owned())));
        assert_eq!(Test::Bytes.check("no base64!").unwrap_err().0, "this is not base64");
    }
}
