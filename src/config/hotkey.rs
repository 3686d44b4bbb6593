//! A key that is pressed together with Ctrl, and the bytes that terminals send for it.

use std::fmt;
use std::str::FromStr;

/// Ctrl and another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotKey {
    /// What is pressed with Ctrl: a small letter, or one of `\ ] ^ _`.
    with: u8,
}

/// What cannot be had: Tab, Enter and the like send the same, and nobody is to lose Ctrl-C.
const TAKEN: &[u8] = b"cdhijmz";

impl HotKey {
    /// The byte that terminals send unless a program has asked for another form.
    #[must_use]
    pub fn byte(self) -> u8 {
        self.with & 0x1f
    }

    /// Whether `parameters` and the last byte of a CSI sequence are this key, pressed or repeated, in one of the forms that
    /// programs can ask for: `CSI 93;5u` (kitty) or `CSI 27;5;93~` (xterm's modifyOtherKeys).
    #[must_use]
    pub fn is_sequence(self, parameters: &[u8], last: u8) -> bool {
        let Ok(text) = str::from_utf8(parameters) else { return false };
        let mut parts = text.split(';');
        let mut next = || parts.next().unwrap_or_default();
        let (code, modifiers) = match last {
            b'u' => (next(), next()),
            b'~' if next() == "27" => {
                let modifiers = next();
                (next(), modifiers)
            }
            _ => return false,
        };
        let number = |text: &str| text.split(':').next().and_then(|number| number.parse::<u32>().ok());
        let is_released = modifiers.split(':').nth(1) == Some("3");
        // Caps and Num Lock (64, 128) may be on.
        let is_control = number(modifiers).is_some_and(|bits| bits.wrapping_sub(1) & !(64 | 128) == 4);
        is_control && !is_released && number(code) == Some(u32::from(self.with))
    }
}

impl Default for HotKey {
    /// Ctrl-].
    fn default() -> Self {
        Self { with: b']' }
    }
}

impl FromStr for HotKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let with = lower.strip_prefix("ctrl-").or_else(|| lower.strip_prefix('^')).unwrap_or_default();
        match with.as_bytes() {
            [letter] if TAKEN.contains(letter) => Err(format!("programs cannot do without Ctrl-{with}")),
            [with @ (b'a'..=b'z' | b'\\' | b']' | b'^' | b'_')] => Ok(Self { with: *with }),
            _ => Err("this is not a key pressed with Ctrl".to_owned()),
        }
    }
}

impl fmt::Display for HotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ctrl-{}", char::from(self.with).to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_every_form_that_terminals_send() {
        let key: HotKey = "ctrl-]".parse().unwrap();
        assert_eq!((key.byte(), key.to_string().as_str()), (0x1d, "Ctrl-]"));
        for (parameters, last) in
            [("93;5", b'u'), ("93;5:1", b'u'), ("93:125;69:2;93", b'u'), ("27;5;93", b'~'), ("93;133", b'u')]
        {
            assert!(key.is_sequence(parameters.as_bytes(), last), "{parameters}");
        }
        for (parameters, last) in [
            ("93;5:3", b'u'),
            ("93;6", b'u'),
            ("93", b'u'),
            ("27;5;94", b'~'),
            ("5", b'~'),
            ("", b'u'),
            ("93;5", b'R'),
        ] {
            assert!(!key.is_sequence(parameters.as_bytes(), last), "{parameters}");
        }
    }

    #[test]
    fn keys_that_programs_need_cannot_be_had() {
        for wrong in ["ctrl-c", "ctrl-m", "ctrl-[", "f12", "x", "", "ctrl-", "ctrl-aa", "ctrl-é"] {
            assert!(wrong.parse::<HotKey>().is_err(), "{wrong}");
        }
        assert_eq!("Ctrl-G".parse::<HotKey>().unwrap().byte(), 7);
        assert_eq!("^\\".parse::<HotKey>().unwrap().byte(), 0x1c);
    }
}
