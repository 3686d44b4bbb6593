//! How things look, by what they mean: `themes/*.toml`, compiled in, or a file of the user's.

mod depth;
mod file;
mod shelf;
#[cfg(test)]
mod tests;

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use serde::Deserialize;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::term::Colour;
use crate::term::Palette;
use crate::term::Rgb;
pub use depth::Depth;
use depth::nearest_basic;
use file::File;
use file::Look;
use file::Shade;
pub use shelf::Ground;
pub use shelf::Offer;
pub use shelf::Shelf;
pub use shelf::Wanted;
pub use shelf::is_path;

/// The themes that come with hoop, in the order in which they are listed.
const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("high-contrast-light", include_str!("../../themes/high-contrast-light.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("colour-blind-light", include_str!("../../themes/colour-blind-light.toml")),
    ("monochrome", include_str!("../../themes/monochrome.toml")),
    ("solarized", include_str!("../../themes/solarized.toml")),
    ("solarized-light", include_str!("../../themes/solarized-light.toml")),
    ("gruvbox", include_str!("../../themes/gruvbox.toml")),
    ("nord", include_str!("../../themes/nord.toml")),
];

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

/// The look of everything.
#[derive(Clone, Debug)]
pub struct Theme {
    name: String,
    about: String,
    is_colour_blind_safe: bool,
    looks: Looks,
    palette: Palette,
    own_colours: bool,
    greys: bool,
    depth: Depth,
}

impl Theme {
    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in theme called `name`, or the one in the file `name` if that is a path.
    ///
    /// Fails as [`Shelf::find`] does.
    pub fn load(name: &str, depth: Depth) -> Result<Self> {
        Shelf::new(None, depth).theme(name)
    }

    /// Reads a theme; `origin` is its name or file in messages.
    pub fn parse(origin: &str, text: &str, depth: Depth) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| file::refusal(origin, text, &error))?;
        let palette = file.screen.palette().map_err(|reason| {
            Error::new(Kind::Config, format!("theme {origin}: {reason}"))
                .fix("write colours as \"#rrggbb\"; `basic` takes sixteen of them")
        })?;
        Ok(Self {
            name: origin.to_owned(),
            about: file.about.chars().filter(|c| !c.is_control()).take(80).collect(),
            is_colour_blind_safe: file.colour_blind_safe,
            looks: file.look,
            palette,
            own_colours: file.screen.terminal_colours,
            greys: file.screen.greys,
            depth,
        })
    }

    /// The same under another name.
    #[must_use]
    fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// How many colours it has.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Its name, or the file it came from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A few words about it; may be empty.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Whether it says of itself that its meanings keep apart for people who do not see all colours.
    #[must_use]
    pub fn is_colour_blind_safe(&self) -> bool {
        self.is_colour_blind_safe
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
        match self.depth {
            Depth::None => style = style.add_modifier(without_colour(meaning)),
            Depth::Basic => style = self.among_sixteen(meaning),
            Depth::Indexed | Depth::True => {
                let ground = if self.own_colours { (None, None) } else { self.ground() };
                style.fg = look.fg.map(|colour| self.shade(colour)).or(ground.0);
                style.bg = look.bg.map(|colour| self.shade(colour)).or(ground.1);
            }
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

    /// Where there are sixteen colours only, two of a theme may come to the same: what would be read on its own colour
    /// becomes black or white, and a ground that would not be seen is told by exchanging it with the letters.
    fn among_sixteen(&self, meaning: Meaning) -> Style {
        let look = self.looks.of(meaning);
        let Palette { foreground, background, .. } = self.palette;
        let ground = (nearest_basic(foreground), nearest_basic(background));
        let own = if self.own_colours {
            (Color::Reset, Color::Reset)
        } else {
            (Color::Indexed(ground.0), Color::Indexed(ground.1))
        };
        let number = |shade: Option<Shade>, usual: u8| match shade {
            Some(Shade::Basic(index)) => index,
            Some(Shade::Exact(rgb)) => nearest_basic(rgb),
            Some(Shade::Default) | None => usual,
        };
        let (mut fg, bg) = (number(look.fg, ground.0), number(look.bg, ground.1));
        if look.bg.is_some() && bg == ground.1 {
            return Style::new().fg(own.0).bg(own.1).add_modifier(Modifier::REVERSED);
        }
        if fg == bg {
            fg = if matches!(bg, 7 | 9..=15) { 0 } else { 15 };
        }
        let colour = |given: Option<Shade>, index: u8, own: Color| match given {
            Some(Shade::Default) => Color::Reset,
            Some(_) => Color::Indexed(index),
            None => own,
        };
        Style::new().fg(colour(look.fg, fg, own.0)).bg(colour(look.bg, bg, own.1))
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
            (_, colour) if self.greys => Some(self.shade(Shade::Exact(self.palette.resolve(colour).grey()))),
            (_, Colour::Indexed(index @ 0..16)) if self.own_colours => Some(Color::Indexed(index)),
            (Depth::Indexed | Depth::True, Colour::Indexed(index @ 16..)) => Some(Color::Indexed(index)),
            (_, colour) => Some(self.shade(Shade::Exact(self.palette.resolve(colour)))),
        }
    }

    fn ground(&self) -> (Option<Color>, Option<Color>) {
        let Palette { foreground, background, .. } = self.palette;
        (Some(self.shade(Shade::Exact(foreground))), Some(self.shade(Shade::Exact(background))))
    }

    fn shade(&self, colour: Shade) -> Color {
        match (colour, self.depth) {
            (Shade::Default, _) => Color::Reset,
            (Shade::Basic(index), _) => Color::Indexed(index),
            (Shade::Exact(Rgb(r, g, b)), Depth::True) => Color::Rgb(r, g, b),
            (Shade::Exact(rgb), Depth::Basic) => Color::Indexed(nearest_basic(rgb)),
            (Shade::Exact(rgb), _) => Color::Indexed(rgb.nearest_indexed()),
        }
    }
}

/// What sets a meaning apart where there are no colours.
fn without_colour(meaning: Meaning) -> Modifier {
    match meaning {
        Meaning::Selected | Meaning::Match | Meaning::Bar => Modifier::REVERSED,
        Meaning::Deny | Meaning::Error | Meaning::Heading | Meaning::Key | Meaning::Played => Modifier::BOLD,
        Meaning::Ask => Modifier::UNDERLINED,
        Meaning::Muted | Meaning::Unplayed => Modifier::DIM,
        _ => Modifier::empty(),
    }
}

/// One look for each [`Meaning`]; one that is left out looks like text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
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
