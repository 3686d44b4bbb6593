//! Whether what stands on the screen asks for a secret: the second sign, beside a terminal that does not echo, that what
//! is typed now is no record's business. Programs that read keys themselves (a wizard that shows stars) have the
//! terminal in a mode in which it never echoes, so its modes tell nothing.

use std::sync::LazyLock;

use regex::Regex;
use vte::Params;
use vte::Parser;
use vte::Perform;

/// As much of a line as a question may have.
const MOST: usize = 512;

/// A question, with the cursor behind it, or behind the stars of what was typed so far.
static QUESTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?: pass[\ -]?(?:word|phrase|code)\b | \bpin\b | \bsecrets?\b | token\b | \botp\b | one[\ -]time | \bmfa\b
          | verification\ code | credentials?\b | (?:api|access|private|secret)[\ _-]?key\b )
        [^:?]{0,120} [:?] \s* [*•●✱]* \s* (?: \[ (?:input\ is\ )? hidden \] )? \s* $",
    )
    .ok()
});

/// Follows the line that the cursor is on.
#[derive(Default)]
pub struct Asked {
    parser: Parser,
    line: Line,
}

#[derive(Default)]
struct Line {
    text: String,
    /// The cursor stands at its beginning: what comes next is written over it.
    begins_anew: bool,
}

impl Asked {
    /// Follows what the program writes, as the byte layer of the mask lets it through.
    pub fn follow(&mut self, written: &[u8]) {
        self.parser.advance(&mut self.line, written);
    }

    /// Whether the last line is a question for a secret.
    #[must_use]
    pub fn for_a_secret(&self) -> bool {
        // Without the expression every line could be one.
        QUESTION.as_ref().is_none_or(|question| question.is_match(&self.line.text))
    }
}

impl Perform for Line {
    fn print(&mut self, letter: char) {
        if std::mem::take(&mut self.begins_anew) || self.text.len() > MOST {
            self.text.clear();
        }
        self.text.push(letter);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.text.clear(),
            b'\r' => self.begins_anew = true,
            0x08 => drop(self.text.pop()),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, last: char) {
        let all = || params.iter().flatten().any(|param| *param == 2);
        match last {
            // To another line.
            'A' | 'B' | 'E' | 'F' | 'H' | 'd' | 'f' => self.begins_anew = true,
            'J' | 'K' if all() => self.text.clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(shown: &str) -> bool {
        let mut asked = Asked::default();
        asked.follow(shown.as_bytes());
        asked.for_a_secret()
    }

    #[test]
    fn questions_for_secrets_are_known() {
        for shown in [
            "Password: ",
            "\r\n[sudo] password for me: ",
            "me@host's password:",
            "Enter passphrase for key '/home/me/.ssh/id_ed25519': ",
            "\x1b[1m?\x1b[0m Paste your authentication token: \x1b[36m****\x1b[0m",
            "? API key: [input is hidden] ",
            "\x1b[2K\x1b[1G? Secret access key \x1b[2m(40 letters)\x1b[0m: ••••",
            "AWS Secret Access Key [None]: ",
            "Verification code: ",
            "Enter PIN for authenticator: ",
        ] {
            assert!(asks(shown), "{shown:?}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for shown in [
            "",
            "$ ",
            "me@host:~/token-service$ ",
            "Password: \r\n$ ",
            "~/secrets >",
            "Continue? [y/n] ",
            "password changed\r\n",
            "the token: is on this line, and more text follows it ",
            "Password: \x1b[2J\x1b[Hmain.rs ",
        ] {
            assert!(!asks(shown), "{shown:?}");
        }
    }
}
