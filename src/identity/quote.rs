//! The words of an identity provider, or of whoever answers in its name, on their way to the person: bounded, without
//! control characters, without secrets.

use crate::mask::Engine;

/// Characters that are quoted.
const LONGEST: usize = 300;

/// `text` as it can be shown. `secrets` are those that it could give back to us.
pub(super) fn quoted(text: &str, secrets: &[&str]) -> String {
    // Bounded first: masking megabytes of a hostile answer would take its time. A secret may be cut in two: what follows
    // the cut is not shown, what stands before it is shown only up to the limit, and the margin holds any secret whole.
    let margin = secrets.iter().map(|secret| secret.len()).max().unwrap_or_default() + 4 * LONGEST;
    let end = (0..=text.len().min(margin)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let mut text = text.get(..end).unwrap_or_default().to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "‹secret›");
    }
    let text = Engine::builtin().text(&text).into_owned();
    let mut shown = String::new();
    for c in text.chars() {
        if shown.chars().count() >= LONGEST {
            shown.push('…');
            break;
        }
        match c {
            '\n' | '\t' | '\r' => shown.push(' '),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                shown.push('\u{fffd}');
            }
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_neither_steers_nor_tells() {
        let jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhbmEiLCJhdWQiOiJob29wIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        let said = quoted(&format!("bad\u{1b}[2J {jwt} code=abcd-1234-secret\n"), &["abcd-1234-secret"]);
        assert!(
            !said.contains('\u{1b}') && !said.contains("eyJzdWIi") && !said.contains("abcd-1234"),
            "{said}"
        );
        assert!(quoted(&"x".repeat(10_000_000), &[]).chars().count() <= LONGEST + 1);
        let secret = "s".repeat(5_000);
        assert!(!quoted(&format!("{secret} tail"), &[&secret]).contains("sss"));
    }
}
