//! CBOR bodies (RFC 8949) as JSON: what smithy's rpc-v2-cbor uses of it. Bounded in depth; bytes become base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;

/// How deep a body may nest; AWS shapes stay under 20.
const DEEPEST: u8 = 64;

/// Reads one CBOR item that is the whole body; nothing stands for an empty map. `None` if it is malformed or gives a
/// member twice.
#[must_use]
pub fn parse(body: &[u8]) -> Option<Value> {
    if body.is_empty() {
        return Some(Value::Object(Map::new()));
    }
    let mut reader = Reader { rest: body };
    let value = reader.value(DEEPEST)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Major type, the five low bits, and the argument (`None`: of indefinite length).
    fn head(&mut self) -> Option<(u8, u8, Option<u64>)> {
        let first = self.byte()?;
        let (major, low) = (first >> 5, first & 31);
        let argument = match low {
            0..=23 => Some(u64::from(low)),
            24..=27 => Some(self.take(1 << (low - 24))?.iter().fold(0, |n, b| n << 8 | u64::from(*b))),
            31 => None,
            _ => return None,
        };
        Some((major, low, argument))
    }

    fn at_break(&mut self) -> bool {
        let found = self.rest.first() == Some(&0xff);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn value(&mut self, depth: u8) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let (major, low, argument) = self.head()?;
        match major {
            0 => argument.map(Value::from),
            // -1 - n; beyond 64 bits it is no longer an exact integer in JSON.
            1 => Some(
                i64::try_from(argument?).map_or(Value::from(-(argument? as f64)), |n| Value::from(-1 - n)),
            ),
            2 => Some(Value::from(STANDARD.encode(self.string(2, argument)?))),
            3 => String::from_utf8(self.string(3, argument)?).ok().map(Value::from),
            4 => self.list(argument, depth),
            5 => self.map(argument, depth),
            // A tag, such as 1 for a time: the value inside tells enough.
            6 => argument.and_then(|_| self.value(depth)),
            _ => match (low, argument) {
                (20, _) => Some(Value::Bool(false)),
                (21, _) => Some(Value::Bool(true)),
                (22 | 23, _) => Some(Value::Null),
                (25, Some(bits)) => Some(half(bits).into()),
                (26, Some(bits)) => Some(f64::from(f32::from_bits(bits as u32)).into()),
                (27, Some(bits)) => Some(f64::from_bits(bits).into()),
                _ => None,
            },
        }
    }

    fn string(&mut self, major: u8, length: Option<u64>) -> Option<Vec<u8>> {
        let Some(length) = length else {
            let mut whole = Vec::new();
            while !self.at_break() {
                let (kind, _, length) = self.head()?;
                if kind != major {
                    return None;
                }
                whole.extend_from_slice(self.take(length?)?);
            }
            return Some(whole);
        };
        Some(self.take(length)?.to_vec())
    }

    fn list(&mut self, length: Option<u64>, depth: u8) -> Option<Value> {
        let mut list = Vec::new();
        while self.more(length, list.len()) {
            list.push(self.value(depth)?);
        }
        Some(Value::Array(list))
    }

    fn map(&mut self, length: Option<u64>, depth: u8) -> Option<Value> {
        let mut map = Map::new();
        while self.more(length, map.len()) {
            let Value::String(name) = self.value(depth)? else { return None };
            let value = self.value(depth)?;
            if map.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Value::Object(map))
    }

    fn more(&mut self, length: Option<u64>, have: usize) -> bool {
        length.map_or_else(|| !self.at_break(), |length| (have as u64) < length)
    }
}

/// A half-precision number.
fn half(bits: u64) -> f64 {
    let exponent = (bits >> 10 & 31) as i32;
    let mantissa = (bits & 1023) as f64;
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_usual_types_are_read() {
        let body = b"\xbf\x61a\x01\x61b\x82\x20\xf5\x61c\xa1\x61d\x42hi\x61e\xc1\xfb\x3f\xf8\0\0\0\0\0\0\x61f\xf9\x3c\x00\xff";
        let want = json!({"a": 1, "b": [-1, true], "c": {"d": "aGk="}, "e": 1.5, "f": 1.0});
        assert_eq!(parse(body), Some(want));
    }

    #[test]
    fn odd_bodies_are_refused() {
        for body in [
            &b"\xa2\x61a\x01\x61a\x02"[..],
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x01\x01",
            b"\xa1\x01\x01",
            b"\x5f",
        ] {
            assert_eq!(parse(body), None);
        }
        assert_eq!(parse(&[0x81; 100_000]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(body: Vec<u8>) {
            let _ = parse(&body);
        }
    }
}
