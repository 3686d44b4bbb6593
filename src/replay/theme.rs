//! How things look, by what they mean: `themes/*.toml`, compiled in, or a file of the user's.

use std::fs;
use std::path::Path;

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use serde::Deserialize;

use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::term::Colour;
use crate::term::Palette;
use crate::term::Rgb;

/// The themes that come with hoop, in the order in which `t` walks through them.
const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("solarized", include_str!("../../themes/solarized.toml")),
];

/// Largest theme file read, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// What a piece of the picture means; a theme gives each a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Ordinary text.
    Text,
    /// What matters less.
    Muted,
    /// Names of panes and columns.
    Heading,
    /// The bars at the top and bottom.
    Bar,
    /// A key in a hint.
    Key,
    /// The chosen row.
    Selected,
    /// Lines between panes.
    Border,
    /// An allowed call; success.
    Allow,
    /// A call that a person decided.
    Ask,
    /// A refused call.
    Deny,
    /// A failed call or command; trouble of our own.
    Error,
    /// A command.
    Command,
    /// A place with a name.
    Marker,
    /// A search hit.
    Match,
    /// The played part of the timeline.
    Played,
    /// The rest of it.
    Unplayed,
}

/// How many colours the outer terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// `NO_COLOR`, or a terminal without: attributes only.
    None,
    /// 256 numbered colours.
    Indexed,
    /// Any colour.
    True,
}

impl Depth {
    /// Judges by the values of `NO_COLOR`, `COLORTERM` and `TERM`. `NO_COLOR` counts when it is not empty.
    #[must_use]
    pub fn from_environment(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) || term == Some("dumb") {
            return Self::None;
        }
        let direct = term.is_some_and(|term| term.ends_with("-direct"));
        if direct || matches!(colorterm, Some("truecolor" | "24bit")) { Self::True } else { Self::Indexed }
    }
}

/// The look of everything.
#[derive(Clone, Debug)]
pub struct Theme {
    name: String,
    looks: Looks,
    palette: Palette,
    own_colours: bool,
    depth: Depth,
}

impl Theme {
    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The theme called `name`, or in the file `name` if that is a path (holds `/` or ends in `.toml`).
    ///
    /// Fails when there is no such theme, or when the file cannot be read, holds an unknown key or a colour that is none.
    pub fn load(name: &str, depth: Depth) -> Result<Self> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text, depth);
        }
        if !name.contains('/') && !name.ends_with(".toml") {
            let known: Vec<&str> = Self::names().collect();
            return Err(Error::new(Kind::Usage, format!("no theme is called `{}`", name.escape_debug()))
                .why(format!("there are {}", known.join(", ")))
                .fix("name one of them, or give the path of a theme file: --theme ./mine.toml"));
        }
        let path = Path::new(name);
        let about = || format!("cannot read the theme {}", path.display());
        let size = fs::metadata(path).context(about)?.len();
        if size > MAX_FILE {
            return Err(Error::new(Kind::Config, about()).why(format!("it is larger than {MAX_FILE} bytes")));
        }
        Self::parse(name, &fs::read_to_string(path).context(about)?, depth)
    }

    /// Reads a theme; `origin` is its name or file in messages.
    pub fn parse(origin: &str, text: &str, depth: Depth) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| refusal(origin, text, &error))?;
        let palette = file.screen.palette().map_err(|reason| {
            Error::new(Kind::Config, format!("theme {origin}: {reason}"))
                .fix("write colours as \"#rrggbb\"; `basic` takes sixteen of them")
        })?;
        let own_colours = file.screen.terminal_colours;
        Ok(Self { name: origin.to_owned(), looks: file.look, palette, own_colours, depth })
    }

    /// The built-in theme after this one; the first one after a user's own.
    #[must_use]
    pub fn next(&self) -> Self {
        let at = BUILT_IN.iter().position(|(name, _)| *name == self.name);
        let (name, text) = BUILT_IN[at.map_or(0, |at| (at + 1) % BUILT_IN.len())];
        Self::parse(name, text, self.depth).unwrap_or_else(|_| self.clone())
    }

    /// Its name, or the file it came from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Default and basic colours for recorded screens, for pictures.
    #[must_use]
    pub fn palette(&self) -> &Palette {
        &self.palette
    }

    /// The look of `meaning`.
    #[must_use]
    pub fn style(&self, meaning: Meaning) -> Style {
        let look = self.looks.of(meaning);
        let mut style = Style::new();
        if self.depth == Depth::None {
            style = style.add_modifier(without_colour(meaning));
        } else {
            let ground = if self.own_colours { (None, None) } else { self.ground() };
            style.fg = look.fg.map(|colour| self.shade(colour)).or(ground.0);
            style.bg = look.bg.map(|colour| self.shade(colour)).or(ground.1);
        }
        for (on, modifier) in [
            (look.bold, Modifier::BOLD),
            (look.dim, Modifier::DIM),
            (look.italic, Modifier::ITALIC),
            (look.underline, Modifier::UNDERLINED),
            (look.reverse, Modifier::REVERSED),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }

    /// The default colours of a recorded screen.
    #[must_use]
    pub fn screen(&self) -> Style {
        if self.own_colours || self.depth == Depth::None {
            return Style::new().fg(Color::Reset).bg(Color::Reset);
        }
        let (fg, bg) = self.ground();
        Style { fg, bg, ..Style::new() }
    }

    /// A recorded colour, as this theme and terminal show it; `None` where there are no colours.
    #[must_use]
    pub fn recorded(&self, colour: Colour) -> Option<Color> {
        match (self.depth, colour) {
            (Depth::None, _) => None,
            (_, Colour::Indexed(index)) if self.own_colours || index >= 16 => Some(Color::Indexed(index)),
            (_, colour) => Some(self.shade(Look16::Exact(self.palette.resolve(colour)))),
        }
    }

    fn ground(&self) -> (Option<Color>, Option<Color>) {
        let Palette { foreground, background, .. } = self.palette;
        (Some(self.shade(Look16::Exact(foreground))), Some(self.shade(Look16::Exact(background))))
    }

    fn shade(&self, colour: Look16) -> Color {
        match (colour, self.depth) {
            (Look16::Default, _) => Color::Reset,
            (Look16::Basic(index), _) => Color::Indexed(index),
            (Look16::Exact(Rgb(r, g, b)), Depth::True) => Color::Rgb(r, g, b),
            (Look16::Exact(rgb), _) => Color::Indexed(rgb.nearest_indexed()),
        }
    }
}

/// What sets a meaning apart where there are no colours.
fn without_colour(meaning: Meaning) -> Modifier {
    match meaning {
        Meaning::Selected | Meaning::Match | Meaning::Bar => Modifier::REVERSED,
        Meaning::Deny | Meaning::Error | Meaning::Heading | Meaning::Key | Meaning::Played => Modifier::BOLD,
        Meaning::Muted | Meaning::Unplayed => Modifier::DIM,
        _ => Modifier::empty(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    look: Looks,
    screen: ScreenColours,
}

/// One look for each [`Meaning`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Looks {
    text: Look,
    muted: Look,
    heading: Look,
    bar: Look,
    key: Look,
    selected: Look,
    border: Look,
    allow: Look,
    ask: Look,
    deny: Look,
    error: Look,
    command: Look,
    marker: Look,
    #[serde(rename = "match")]
    found: Look,
    played: Look,
    unplayed: Look,
}

impl Looks {
    fn of(&self, meaning: Meaning) -> Look {
        match meaning {
            Meaning::Text => self.text,
            Meaning::Muted => self.muted,
            Meaning::Heading => self.heading,
            Meaning::Bar => self.bar,
            Meaning::Key => self.key,
            Meaning::Selected => self.selected,
            Meaning::Border => self.border,
            Meaning::Allow => self.allow,
            Meaning::Ask => self.ask,
            Meaning::Deny => self.deny,
            Meaning::Error => self.error,
            Meaning::Command => self.command,
            Meaning::Marker => self.marker,
            Meaning::Match => self.found,
            Meaning::Played => self.played,
            Meaning::Unplayed => self.unplayed,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Look {
    fg: Option<Look16>,
    bg: Option<Look16>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

/// A colour in a theme file: `default`, one of the sixteen by name, or `#rrggbb`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
enum Look16 {
    Default,
    Basic(u8),
    Exact(Rgb),
}

const BASIC_NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

impl TryFrom<String> for Look16 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "default" {
            return Ok(Self::Default);
        }
        let (name, bright) = text.strip_prefix("bright-").map_or((text.as_str(), 0), |name| (name, 8));
        let basic = (0..).zip(BASIC_NAMES).find(|(_, known)| *known == name);
        match (basic, Rgb::parse(&text)) {
            (Some((index, _)), _) => Ok(Self::Basic(index + bright)),
            (None, Some(rgb)) => Ok(Self::Exact(rgb)),
            (None, None) => Err(format!(
                "`{}` is not a colour: give \"#rrggbb\", \"default\", or one of {} (also as bright-…)",
                text.escape_debug(),
                BASIC_NAMES.join(", ")
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ScreenColours {
    /// In the viewer, leave default and basic colours to the terminal; the values below are for pictures then.
    #[serde(default)]
    terminal_colours: bool,
    foreground: String,
    background: String,
    basic: Vec<String>,
}

impl ScreenColours {
    fn palette(&self) -> Result<Palette, String> {
        let read = |text: &String| {
            Rgb::parse(text).ok_or_else(|| format!("`{}` is not a colour", text.escape_debug()))
        };
        let basic: Vec<Rgb> = self.basic.iter().map(read).collect::<Result<_, _>>()?;
        let basic = <[Rgb; 16]>::try_from(basic)
            .map_err(|found| format!("`screen.basic` holds {} colours, not 16", found.len()))?;
        Ok(Palette { foreground: read(&self.foreground)?, background: read(&self.background)?, basic })
    }
}

/// Turns the TOML reader's words into ours: place, name, suggestion.
fn refusal(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| origin.to_owned(), |line| format!("{origin}:{line}"));
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let unknown = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let near = known
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
        let fix = match near.filter(|near| strsim::jaro_winkler(near, unknown) > 0.7) {
            Some(near) => format!("did you mean `{near}`?  all keys here: {}", known.join(", ")),
            None => format!("keys here: {}", known.join(", ")),
        };
        return Error::new(
            Kind::Config,
            format!("unknown key `{}` in theme {place}", unknown.escape_debug()),
        )
        .fix(fix);
    }
    Error::new(Kind::Config, format!("cannot use the theme {place}"))
        .why(message)
        .fix("compare with a built-in one: themes/dark.toml in the source")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_is_whole() {
        for (name, text) in BUILT_IN {
            let theme = Theme::parse(name, text, Depth::True).unwrap();
            assert_eq!(theme.name(), *name);
        }
        let first = Theme::load("dark", Depth::True).unwrap();
        let around = BUILT_IN.iter().fold(first.clone(), |theme, _| theme.next());
        assert_eq!(around.name(), first.name());
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        let text = BUILT_IN[0].1.replace("selected =", "selektd =");
        let error = Theme::parse("mine.toml", &text, Depth::True).unwrap_err();
        let report = error.report("hoop-replay");
        assert!(report.contains("unknown key `selektd` in theme mine.toml:"), "{report}");
        assert!(report.contains("did you mean `selected`?"), "{report}");
    }

    #[test]
    fn a_wrong_colour_or_name_is_refused() {
        let text = BUILT_IN[0].1.replacen("fg = \"", "fg = \"x", 1);
        let report = Theme::parse("mine.toml", &text, Depth::True).unwrap_err().report("hoop-replay");
        assert!(report.contains("is not a colour"), "{report}");
        let report = Theme::load("drak", Depth::True).unwrap_err().report("hoop-replay");
        assert!(report.contains("there are dark, light, high-contrast, solarized"), "{report}");
    }

    #[test]
    fn without_colours_there_are_none() {
        for name in Theme::names() {
            let theme = Theme::load(name, Depth::None).unwrap();
            for meaning in [Meaning::Text, Meaning::Selected, Meaning::Deny, Meaning::Played, Meaning::Bar] {
                let style = theme.style(meaning);
                assert!(style.fg.is_none() && style.bg.is_none(), "{name} {meaning:?}");
            }
            assert_eq!(theme.recorded(Colour::Indexed(1)), None);
        }
        assert_eq!(Depth::from_environment(Some("1"), Some("truecolor"), None), Depth::None);
        assert_eq!(Depth::from_environment(Some(""), Some("truecolor"), None), Depth::True);
        assert_eq!(Depth::from_environment(None, None, Some("xterm-256color")), Depth::Indexed);
    }
}
