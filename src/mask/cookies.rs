//! The cookies of a header, one after another.

use super::alphabet::VALUE;
use super::benign;
use super::pairs::is_strong;
use super::runs::After;
use super::runs::Step;
use super::view::View;

/// The longest name of a cookie.
const NAME: usize = 96;
/// A shorter value is no session.
const SHORTEST: usize = 16;
/// A value of this length is one.
const SURE: usize = 96;

/// Where a header of cookies stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookies {
    /// In the middle of a value that is hidden.
    hidden: bool,
}

impl Cookies {
    /// Goes on with what is known.
    pub fn step(&mut self, view: View<'_>, step: &mut Step<'_>) -> After {
        let letters = VALUE.without(b"\\");
        loop {
            let rest = view.from(*step.at);
            if self.hidden {
                let count = letters.span(rest);
                (step.hide)(*step.at, *step.at + count, false);
                *step.at += count;
                if count == rest.len() {
                    return After::Going(*step.at);
                }
                self.hidden = false;
            }
            let rest = view.from(*step.at);
            let blank = rest.iter().take_while(|byte| b"; ".contains(byte)).count();
            let pair = &rest[blank..];
            let name = pair
                .iter()
                .take(NAME)
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.%:".contains(byte))
                .count();
            if name == pair.len() && name < NAME {
                return if view.is_last() { After::Over } else { After::Going(view.end()) };
            }
            if pair.get(name) == Some(&b';') {
                *step.at += blank + name;
                continue;
            }
            if name == 0 || pair.get(name) != Some(&b'=') {
                return After::Over;
            }
            let start = *step.at + blank + name + 1;
            let value = view.slice(start, start + SURE);
            let count = letters.span(value);
            if count == value.len() && count < SURE && !view.is_last() {
                return After::Going(start);
            }
            let value = &value[..count];
            if count >= SHORTEST
                && (count == SURE || is_strong(value))
                && !value.starts_with(b"GA1.")
                && !benign::value(value, true)
            {
                (step.hide)(start, start + count, true);
                self.hidden = count == SURE;
            }
            *step.at = start + count;
            if count == SURE && !self.hidden {
                return After::Over;
            }
        }
    }
}
