//! The keys a person can be asked to press: `ctrl-]`, `ctrl-g`, `f12`.

/// Whether the text names a key that a terminal sends in one unmistakable piece: `ctrl-` with a letter or one of
/// `]^_`, or `f1` to `f12`. Those that programs cannot do without (`ctrl-c`, `ctrl-d`, `ctrl-h` … `ctrl-m`, `ctrl-z`) are not.
#[must_use]
pub fn is_key(text: &str) -> bool {
    if let Some(key) = text.strip_prefix("ctrl-") {
        let mut chars = key.chars();
        return match (chars.next(), chars.next()) {
            (Some(c @ 'a'..='z'), None) => !"cdhijmqsz".contains(c),
            (Some(']' | '^' | '_'), None) => true,
            _ => false,
        };
    }
    text.strip_prefix('f').is_some_and(|number| {
        number.parse::<u8>().is_ok_and(|n| (1..=12).contains(&n)) && !number.starts_with(['0', '+'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unmistakable_keys_are_keys() {
        for key in ["ctrl-]", "ctrl-g", "f12", "f1"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["ctrl-c", "ctrl-m", "ctrl-gg", "ctrl-", "a", "f0", "f13", "f01", "", "Ctrl-g"] {
            assert!(!is_key(key), "{key}");
        }
    }
}
