//! Values that are known, in the forms in which programs write them.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;

use super::words::Words;
use crate::sys::locked;

/// The shortest value that is looked for: shorter ones would hide half of every screen.
pub const SHORTEST: usize = 6;
/// The longest piece of a value that is looked for; a longer value is looked for in pieces.
const PIECE: usize = 512;
/// Values beyond this number are no longer learnt.
const MOST: usize = 4096;
/// Bytes of a needle that are looked up.
const HEAD: usize = 4;

/// Whether `value` is fit to be looked for everywhere.
pub fn is_fit(value: &str) -> bool {
    let trimmed = value.trim();
    trimmed.len() >= SHORTEST
        && !Words::NeverLearnt.list().iter().any(|stop| trimmed.eq_ignore_ascii_case(stop))
        && !trimmed.bytes().all(|byte| byte == trimmed.as_bytes()[0])
        && !trimmed.starts_with("hoopmask:")
        && !super::benign::value(trimmed.as_bytes(), true)
}

/// Whether `value` says something: it is neither empty, nor a number, nor filled in elsewhere.
pub fn is_value(value: &str) -> bool {
    let trimmed = value.trim();
    !trimmed.is_empty()
        && trimmed.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !matches!(trimmed, "true" | "false" | "null" | "none")
        && !super::benign::placeholder(trimmed.as_bytes())
        && !trimmed.starts_with("hoopmask:")
        && (trimmed.len() < SHORTEST
            || Words::NeverLearnt.list().iter().any(|stop| trimmed.eq_ignore_ascii_case(stop)))
}

/// One form of a known value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needle {
    /// What stands in the text.
    pub bytes: Arc<[u8]>,
    /// What sort of secret it is.
    pub kind: Arc<str>,
}

/// All known values.
#[derive(Clone, Debug, Default)]
pub struct Exact {
    needles: Vec<Needle>,
    known: HashSet<Arc<[u8]>>,
    /// Needles by the hash of their first bytes, sorted.
    heads: Vec<(u32, u32)>,
    /// One bit for each head's hash.
    table: Vec<u64>,
    /// Hashes of the beginnings that are shorter than a head.
    starts: HashSet<(usize, u32)>,
}

impl Exact {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Learns `value` in all its forms; whether anything was new.
    pub fn add(&mut self, kind: &str, value: &str) -> bool {
        is_fit(value) && self.add_told(kind, value)
    }

    /// Learns `value`, of which somebody said that it is a secret, in all its forms; whether anything was new.
    pub fn add_told(&mut self, kind: &str, value: &str) -> bool {
        if value.len() < SHORTEST || self.needles.len() >= MOST * 8 {
            return false;
        }
        let kind: Arc<str> = kind.into();
        let before = self.needles.len();
        for form in forms(value) {
            for piece in form.chunks(PIECE).filter(|piece| piece.len() >= SHORTEST) {
                self.insert(piece, &kind);
            }
        }
        if self.needles.len() == before {
            return false;
        }
        self.index();
        true
    }

    fn insert(&mut self, bytes: &[u8], kind: &Arc<str>) {
        let bytes: Arc<[u8]> = bytes.into();
        if self.known.insert(Arc::clone(&bytes)) {
            // It stays in memory to the end; where it cannot be held there, nothing is lost but that.
            let _ = locked::hold(&bytes);
            for length in 1..HEAD {
                self.starts.insert((length, head(&bytes[..length])));
            }
            self.needles.push(Needle { bytes, kind: Arc::clone(kind) });
        }
    }

    fn index(&mut self) {
        let heads = self.needles.iter().enumerate();
        self.heads = heads
            .filter_map(|(number, needle)| Some((head(&needle.bytes[..HEAD]), u32::try_from(number).ok()?)))
            .collect();
        self.heads.sort_unstable();
        // One bit in sixteen is set at most, so that few places are looked at in vain.
        let bits = (self.heads.len() * 16).next_power_of_two().max(1 << 12);
        self.table = vec![0; bits / 64];
        for (head, _) in &self.heads {
            let slot = slot(*head, bits);
            self.table[slot / 64] |= 1 << (slot % 64);
        }
    }

    /// The first place in `bytes`, at `from` or later, where a needle may begin.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let bits = self.table.len() * 64;
        if bits == 0 {
            return None;
        }
        let rest = bytes.get(from..)?;
        rest.windows(HEAD)
            .position(|window| {
                let Ok(four) = <[u8; HEAD]>::try_from(window) else { return false };
                let slot = slot(u32::from_be_bytes(four), bits);
                self.table[slot / 64] >> (slot % 64) & 1 == 1
            })
            .map(|at| from + at)
    }

    /// The needles that may begin `bytes`.
    pub fn at<'e>(&'e self, bytes: &[u8]) -> impl Iterator<Item = &'e Needle> + 'e {
        let wanted = bytes.get(..HEAD).map(head);
        let first = self.heads.partition_point(|(head, _)| Some(*head) < wanted);
        self.heads[first..]
            .iter()
            .take_while(move |(head, _)| Some(*head) == wanted)
            .map(|(_, number)| &self.needles[*number as usize])
    }

    /// How many of the last bytes of `bytes` may begin a needle, where fewer than a head have come.
    pub fn partial(&self, bytes: &[u8]) -> usize {
        (1..HEAD.min(bytes.len() + 1))
            .rev()
            .find(|length| self.starts.contains(&(*length, head(&bytes[bytes.len() - length..]))))
            .unwrap_or(0)
    }
}

/// Up to four bytes as a number.
fn head(bytes: &[u8]) -> u32 {
    bytes.iter().take(HEAD).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn slot(head: u32, bits: usize) -> usize {
    ((u64::from(head.wrapping_mul(0x9e37_79b1)) * bits as u64) >> 32) as usize
}

/// The forms in which a value turns up: as it is; escaped for JSON once and twice, for URLs, XML and shells; in base64 at
/// each of the three offsets, also of the wide letters that PowerShell encodes; in hexadecimal; line by line.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let value = value.trim_end_matches(['\r', '\n']);
    let mut forms = vec![value.as_bytes().to_vec()];
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        quoted[1..quoted.len().max(2) - 1].to_owned()
    };
    let once = json(value);
    // Some writers escape slashes, and some what HTML gives a meaning.
    let html = once.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    for text in [once.clone(), once.replace('/', "\\/"), html] {
        forms.push(json(&text).into_bytes());
        forms.push(text.into_bytes());
    }
    for upper in [true, false] {
        let text = percent(value, upper);
        forms.push(text.replace("%20", "+").into_bytes());
        // A slash may stay as it is, and an encoded text may be encoded again.
        forms.push(text.replace(if upper { "%2F" } else { "%2f" }, "/").into_bytes());
        forms.push(text.replace('%', "%25").into_bytes());
        forms.push(text.into_bytes());
    }
    for apostrophe in ["'", "&apos;", "&#39;", "&#x27;"] {
        forms.push(xml(value).replace('\'', apostrophe).into_bytes());
    }
    forms.push(xml(value).replace("&quot;", "&#34;").replace('\'', "&#39;").into_bytes());
    forms.push(value.replace('\'', "'\\''").into_bytes());
    forms.push(value.replace('\'', "'\"'\"'").into_bytes());
    forms.push(escaped(value, "\\'").into_bytes());
    forms.push(escaped(value, "\\\"$`").into_bytes());
    forms.push(escaped(value, " \t\\'\"`$&|;<>(){}[]*?!#~").into_bytes());
    base64_forms(value.as_bytes(), &mut forms);
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    base64_forms(&wide, &mut forms);
    if value.len() >= 8 {
        forms.push(hex::encode(value).into_bytes());
        forms.push(hex::encode_upper(value).into_bytes());
    }
    if value.contains('\n') {
        forms.push(value.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes());
        let lines = value.lines().map(str::trim_end).filter(|line| line.len() >= 16);
        forms.extend(lines.map(|line| line.as_bytes().to_vec()));
    }
    let mut seen = HashSet::new();
    forms.retain(|form| form.len() >= SHORTEST && seen.insert(form.clone()));
    forms
}

/// Base64 of whatever holds `bytes`, at each of the three offsets: only letters that depend on nothing else.
fn base64_forms(bytes: &[u8], forms: &mut Vec<Vec<u8>>) {
    for lead in 0..3usize {
        let mut padded = vec![0; lead];
        padded.extend_from_slice(bytes);
        // Whole groups of three bytes that hold nothing but the value.
        let first = if lead == 0 { 0 } else { 4 };
        let whole = padded.len() / 3 * 4;
        for text in [STANDARD.encode(&padded), URL_SAFE.encode(&padded)] {
            // The letter that mixes in the byte after the value is unknown; padded ends count only as a whole.
            if let Some(piece) = text.get(first..whole).filter(|piece| piece.len() >= 8) {
                forms.push(piece.as_bytes().to_vec());
            }
        }
    }
}

/// `value` with a backslash before each letter of `which`.
fn escaped(value: &str, which: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        if which.contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

fn percent(value: &str, upper: bool) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else if upper {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

fn xml(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_all_its_forms() {
        let value = "Fal\"con/2019+amber&co";
        let mut exact = Exact::default();
        assert!(exact.add("secret", value));
        assert!(!exact.add("secret", value));
        let base64 = STANDARD.encode(format!("user:{value}!"));
        let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for form in [
            value,
            "Fal\\\"con/2019+amber&co",
            "Fal\\\\\\\"con/2019+amber&co",
            "Fal\\\"con\\/2019+amber&co",
            "Fal\\\"con/2019+amber\\u0026co",
            "Fal%22con%2F2019%2Bamber%26co",
            "Fal%22con%2f2019%2bamber%26co",
            "Fal%2522con%252F2019%252Bamber%2526co",
            "Fal&quot;con/2019+amber&amp;co",
            "Fal&#34;con/2019+amber&amp;co",
            "Fal\\\"con/2019+amber\\&co",
            &hex::encode(value),
            &hex::encode_upper(value),
            &URL_SAFE.encode(value),
            &STANDARD.encode(wide),
            &base64,
        ] {
            let bytes = form.as_bytes();
            let mut from = 0;
            let mut found = false;
            while let Some(at) = exact.find(bytes, from) {
                found |= exact.at(&bytes[at..]).any(|needle| bytes[at..].starts_with(&needle.bytes));
                from = at + 1;
            }
            assert!(found, "{form}");
        }
    }

    #[test]
    fn common_words_and_short_values_are_not_learnt() {
        let mut exact = Exact::default();
        for value in
            ["", "abc", "12345", "production", "eu-west-1", "true", "aaaaaaaaaa", "hoopmask:secret:abcdefgh"]
        {
            assert!(!exact.add("secret", value), "{value}");
        }
        assert!(exact.is_empty());
    }

    #[test]
    fn a_beginning_of_a_needle_waits() {
        let mut exact = Exact::default();
        exact.add("secret", "qx7-Falcon");
        assert_eq!(exact.partial(b"abc q"), 1);
        assert_eq!(exact.partial(b"abc qx7"), 3);
        assert_eq!(exact.partial(b"abc "), 0);
    }
}
