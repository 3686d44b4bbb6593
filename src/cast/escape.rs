//! Text as the inside of a JSON string, at memory speed: plain stretches are found eight bytes at a time and
//! copied whole.

/// One bit in each byte of a word: the lowest, the highest.
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Appends `text` to `out` with `"`, `\` and control characters escaped; without the quotes around it.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + rest.len() / 16 + 8);
    loop {
        let plain = plain_prefix(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(&byte) = rest.get(plain) else { return };
        escape_byte(byte, out);
        rest = &rest[plain + 1..];
    }
}

/// How many bytes at the start need no escape.
fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let Ok(word) = <[u8; 8]>::try_from(word) else { break };
        let special = special_bits(u64::from_le_bytes(word));
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = words.remainder();
    at + tail.iter().position(|byte| is_special(*byte)).unwrap_or(tail.len())
}

/// The high bit of the lowest special byte is exact; those above it may be wrong (a borrow runs upwards).
fn special_bits(word: u64) -> u64 {
    let below_space = word.wrapping_sub(LOW * 0x20);
    let quote = (word ^ (LOW * u64::from(b'"'))).wrapping_sub(LOW);
    let backslash = (word ^ (LOW * u64::from(b'\\'))).wrapping_sub(LOW);
    (below_space | quote | backslash) & !word & HIGH
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let low = HEX[usize::from(byte & 15)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_control_character_is_escaped_wherever_it_stands() {
        for byte in (0..0x20_u8).chain([b'"', b'\\', 0x7f, b' ', b'!', b'#', b'[']) {
            for before in 0..9 {
                let text = format!("{}{}é tail of text", "a".repeat(before), char::from(byte));
                let json = format!("\"{}\"", escaped(&text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
                assert!(!json.bytes().any(|byte| byte < 0x20));
            }
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone_by_a_json_reader(text in any::<String>()) {
            let json = format!("\"{}\"", escaped(&text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
