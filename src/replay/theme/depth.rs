//! How many colours a terminal has, and the sixteen that the poorest of them know.

use crate::term::Rgb;

/// How many colours the outer terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// `NO_COLOR`, or a terminal without: attributes only.
    None,
    /// Sixteen, by name; what they look like is the terminal's own matter.
    Basic,
    /// 256 numbered colours.
    Indexed,
    /// Any colour.
    True,
}

/// Terminals whose name does not say it, and that know 256 colours.
const RICH: &[&str] =
    &["alacritty", "contour", "foot", "ghostty", "iterm", "kitty", "rio", "st", "wezterm", "xterm"];
/// Terminals without colours: printers, and those with a green screen.
const PLAIN: &[&str] = &["dumb", "vt52", "vt100", "vt102", "vt220", "vt320", "tty", "network"];

impl Depth {
    /// Judges by the values of `NO_COLOR`, `COLORTERM` and `TERM`. `NO_COLOR` counts when it is not empty.
    #[must_use]
    pub fn from_environment(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let name = term.unwrap_or_default();
        let family = name.split('-').next().unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty())
            || PLAIN.contains(&family)
            || name.ends_with("-mono")
        {
            return Self::None;
        }
        if name.ends_with("-direct") || matches!(colorterm, Some("truecolor" | "24bit")) {
            return Self::True;
        }
        let is_rich = name.contains("256color") || RICH.contains(&family);
        if is_rich && !name.ends_with("16color") { Self::Indexed } else { Self::Basic }
    }
}

/// The basic colour (0 to 15) that comes nearest to `rgb`: by hue where it has one, by lightness where it is grey. What the
/// sixteen really look like nobody knows; their names hold.
#[must_use]
pub fn nearest_basic(Rgb(r, g, b): Rgb) -> u8 {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = most - least;
    // The eye's lightness, in thousandths.
    let light = (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 255;
    if u32::from(chroma) * 100 < u32::from(most) * 22 || most < 48 {
        return match light {
            0..150 => 0,
            150..550 => 8,
            550..850 => 7,
            _ => 15,
        };
    }
    // A part counts when it is above the middle of the colour's own range.
    let middle = least + chroma / 2;
    let bits = u8::from(r > middle) | u8::from(g > middle) << 1 | u8::from(b > middle) << 2;
    bits + if most >= 200 { 8 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        for (no_color, colorterm, term, depth) in [
            (Some("1"), Some("truecolor"), None, Depth::None),
            (Some(""), Some("truecolor"), None, Depth::True),
            (None, None, Some("xterm-256color"), Depth::Indexed),
            (None, None, Some("xterm-kitty"), Depth::Indexed),
            (None, None, Some("tmux-256color"), Depth::Indexed),
            (None, None, Some("xterm-direct"), Depth::True),
            (None, None, Some("linux"), Depth::Basic),
            (None, None, Some("linux-16color"), Depth::Basic),
            (None, None, Some("xterm-16color"), Depth::Basic),
            (None, None, Some("screen"), Depth::Basic),
            (None, None, None, Depth::Basic),
            (None, None, Some("dumb"), Depth::None),
            (None, None, Some("vt100"), Depth::None),
            (None, None, Some("vt220-8bit"), Depth::None),
        ] {
            assert_eq!(Depth::from_environment(no_color, colorterm, term), depth, "{term:?}");
        }
    }

    #[test]
    fn a_colour_keeps_its_name_among_sixteen() {
        for (rgb, index) in [
            (Rgb(0, 0, 0), 0),
            (Rgb(255, 255, 255), 15),
            (Rgb(0x4b, 0x52, 0x5d), 8),
            (Rgb(0xc9, 0xd1, 0xd9), 7),
            (Rgb(0xff, 0x7b, 0x72), 9),
            (Rgb(0x11, 0x63, 0x29), 2),
            (Rgb(0x7e, 0xe7, 0x87), 10),
            (Rgb(0xf2, 0xcc, 0x60), 11),
            (Rgb(0x09, 0x69, 0xda), 12),
            (Rgb(0x00, 0x44, 0x88), 4),
            (Rgb(0xff, 0x9f, 0xff), 13),
        ] {
            assert_eq!(nearest_basic(rgb), index, "{rgb:?}");
        }
    }
}
