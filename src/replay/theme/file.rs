//! What stands in a theme file: colours by name or value, and what is wrong with them.

use serde::Deserialize;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::replay::theme::Looks;
use crate::term::Palette;
use crate::term::Rgb;

/// A theme file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// A few words for the list of themes.
    #[serde(default)]
    pub about: String,
    /// Whether allowed, asked and denied keep apart for people who do not see all colours.
    #[serde(default)]
    pub colour_blind_safe: bool,
    /// One look for each meaning.
    pub look: Looks,
    /// Recorded screens.
    pub screen: ScreenColours,
}

/// The look of one meaning.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Look {
    /// Of the letters; none: the ground's.
    pub fg: Option<Shade>,
    /// Behind them.
    pub bg: Option<Shade>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// With letters and ground exchanged.
    pub reverse: bool,
}

/// A colour in a theme file: `default`, one of the sixteen by name, or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Shade {
    /// The terminal's own.
    Default,
    /// One of the sixteen.
    Basic(u8),
    /// Exactly this one.
    Exact(Rgb),
}

const BASIC_NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

impl TryFrom<String> for Shade {
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

/// The colours of recorded screens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScreenColours {
    /// In the viewer, leave default and basic colours to the terminal; the values below are for pictures then.
    #[serde(default)]
    pub terminal_colours: bool,
    /// Show every recorded colour as a grey.
    #[serde(default)]
    pub greys: bool,
    foreground: String,
    background: String,
    basic: Vec<String>,
}

impl ScreenColours {
    /// As a palette.
    pub fn palette(&self) -> Result<Palette, String> {
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
pub fn refusal(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let line =
        error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
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
