//! The control sequence that is arriving, for what the emulator does not tell.

/// Parameters longer than this are cut: they say nothing that is looked at.
const LONGEST: usize = 128;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    Escape,
    Control,
    Words(bool),
    Intermediate,
}

/// Follows sequences and keeps the parameters of the last control sequence.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    at: At,
    text: Vec<u8>,
}

impl Parameters {
    /// Takes a character; gives the last byte of a control sequence that ends with it.
    pub fn feed(&mut self, c: char) -> Option<char> {
        if self.at == At::Text && c >= ' ' {
            return None;
        }
        // An escape ends a string, whatever comes after it.
        let at = if self.at == At::Words(true) && c != '\\' { At::Escape } else { self.at };
        self.at = match (at, c) {
            (_, '\u{18}' | '\u{1a}') => At::Text,
            (At::Words(_), '\u{7}') | (At::Words(true), '\\') => At::Text,
            (At::Words(_), _) => At::Words(c == '\u{1b}'),
            (_, '\u{1b}') => At::Escape,
            (At::Escape, '[') => {
                self.text.clear();
                At::Control
            }
            (At::Escape, ']' | 'P' | 'X' | '^' | '_') => At::Words(false),
            (At::Escape | At::Intermediate, ' '..='/') => At::Intermediate,
            (At::Control, ' '..='?') => {
                if self.text.len() < LONGEST {
                    self.text.push(c as u8);
                }
                At::Control
            }
            (At::Control, '@'..='~') => {
                self.at = At::Text;
                return Some(c);
            }
            (At::Control | At::Escape | At::Intermediate, '\0'..='\u{1f}') => self.at,
            _ => At::Text,
        };
        None
    }

    /// Whether no sequence is open.
    pub fn is_between(&self) -> bool {
        self.at == At::Text
    }

    /// The parameters of the last control sequence.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the parameters name private mode `mode`.
    pub fn is_private(&self, mode: &[u8]) -> bool {
        let Some(modes) = self.text.strip_prefix(b"?") else { return false };
        modes.split(|byte| *byte == b';').any(|one| one == mode)
    }
}
