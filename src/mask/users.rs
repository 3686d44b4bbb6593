//! Lists of `user:password`, one a line.

use super::runs::Lines;

/// Where the list stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// It is a block of YAML, and ends where a line is not indented; else it ends at a word alone.
    indented: bool,
    /// The rest of a long line is a password.
    hidden: bool,
}

impl Users {
    /// A list that has not begun yet.
    pub fn of(indented: bool) -> Self {
        Self { indented, hidden: false }
    }
}

/// Where the password of `user:password` begins in a line.
fn password(line: &[u8]) -> Option<usize> {
    let start = line.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'-').count();
    let user =
        line[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte)).count();
    let colon = start + user;
    let glued =
        line.get(colon + 1).is_some_and(|byte| byte.is_ascii_graphic() && *byte != b'$' && *byte != b'R');
    (user > 0 && line.get(colon) == Some(&b':') && glued).then_some(colon + 1)
}

impl Lines for Users {
    fn line(&mut self, line: &[u8], at: usize, hide: &mut dyn FnMut(usize, usize, bool)) -> bool {
        let end = line.trim_ascii_end().len();
        if self.hidden {
            hide(at, at + end, false);
            self.hidden = !line.ends_with(b"\n");
            return true;
        }
        let ends = if self.indented {
            line.first().is_some_and(u8::is_ascii_graphic) && !line.starts_with(b"-")
        } else {
            end > 0 && !line.contains(&b':')
        };
        if ends {
            return false;
        }
        if let Some(start) = password(line) {
            hide(at + start, at + end, true);
            self.hidden = !line.ends_with(b"\n");
        }
        true
    }

    fn shown(&self, line: &[u8]) -> usize {
        let colon = line.iter().position(|byte| *byte == b':');
        if self.hidden { 0 } else { colon.map_or(line.len(), |colon| colon + 1) }
    }
}
