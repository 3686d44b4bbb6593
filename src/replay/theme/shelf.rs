//! Which themes there are - those that come with hoop and the user's own - and which one is meant.

use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::replay::theme::BUILT_IN;
use crate::replay::theme::Depth;
use crate::replay::theme::Theme;
use crate::term::Rgb;

/// Largest theme file read, in bytes.
const MAX_FILE: u64 = 64 << 10;
/// Most themes of the user's own that are listed.
const MOST: usize = 200;
/// The name that follows the terminal, and what it stands for.
const AUTO: (&str, &str) = ("auto", "dark,light");

/// Whether letters are light on dark, or dark on light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// Dark; also where nobody knows.
    #[default]
    Dark,
    /// Light.
    Light,
}

impl Ground {
    /// What a background of this colour is. White letters are better read on a dark one, black ones on a light one: the
    /// border is where WCAG's contrast to both is the same.
    #[must_use]
    pub fn of(background: Rgb) -> Self {
        if background.luminance() > 0.179 { Self::Light } else { Self::Dark }
    }

    /// Judges by `COLORFGBG`, which rxvt and Konsole set: `15;0`, or `0;default;15`. The last number is the background's.
    #[must_use]
    pub fn from_environment(colorfgbg: Option<&str>) -> Option<Self> {
        match colorfgbg?.rsplit(';').next()?.parse::<u8>().ok()? {
            7 | 9..=15 => Some(Self::Light),
            0..=6 | 8 => Some(Self::Dark),
            _ => None,
        }
    }
}

/// The theme that somebody wants.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This one.
    One(Box<Theme>),
    /// The first on dark terminals, the second on light ones.
    Either(Box<[Theme; 2]>),
}

impl Wanted {
    /// The theme for a terminal with that ground.
    #[must_use]
    pub fn on(&self, ground: Ground) -> &Theme {
        match (self, ground) {
            (Self::One(theme), _) => theme,
            (Self::Either(themes), Ground::Dark) => &themes[0],
            (Self::Either(themes), Ground::Light) => &themes[1],
        }
    }

    /// Whether it depends on the terminal's ground.
    #[must_use]
    pub fn follows(&self) -> bool {
        matches!(self, Self::Either(_))
    }
}

/// Whether `name` is that of a file.
#[must_use]
pub fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".toml")
}

/// A theme to choose.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What `replay.theme` is set to for it.
    pub name: String,
    /// A few words.
    pub about: String,
    /// The theme, or what is wrong with its file.
    pub theme: Result<Wanted, String>,
}

/// All themes.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: Option<PathBuf>,
    depth: Depth,
}

impl Shelf {
    /// The built-in themes and those in `folder`, which need not be there. One of the user's own goes before a built-in one
    /// of the same name.
    #[must_use]
    pub fn new(folder: Option<PathBuf>, depth: Depth) -> Self {
        Self { folder, depth }
    }

    /// The theme called `text`; a file, if that is a path (holds `/` or ends in `.toml`); `auto`, or two themes with a comma
    /// between: the first on dark terminals, the second on light ones.
    ///
    /// Fails when there is no such theme, or when its file cannot be read, holds an unknown key or a colour that is none.
    pub fn find(&self, text: &str) -> Result<Wanted> {
        let text = if text == AUTO.0 { AUTO.1 } else { text };
        match text.split_once(',') {
            Some((dark, light)) => {
                Ok(Wanted::Either(Box::new([self.theme(dark.trim())?, self.theme(light.trim())?])))
            }
            None => Ok(Wanted::One(Box::new(self.theme(text)?))),
        }
    }

    /// One theme by its name or path.
    ///
    /// Fails as [`Shelf::find`] does.
    pub fn theme(&self, name: &str) -> Result<Theme> {
        if is_path(name) {
            return self.read(name, Path::new(name));
        }
        if let Some(file) = self.own(name) {
            return Ok(self.read(&file.display().to_string(), &file)?.called(name));
        }
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Theme::parse(name, text, self.depth),
            None => Err(self.unknown(name)),
        }
    }

    /// Every theme there is, `auto` first. Reads the user's folder; one that cannot be used says why.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        let mut offers = self.built_in();
        for name in self.own_names() {
            let theme = self.theme(&name);
            let about = theme.as_ref().map(|theme| theme.about().to_owned()).unwrap_or_default();
            let about = if about.is_empty() { "your own".to_owned() } else { about };
            offers.retain(|offer| offer.name != name);
            let theme = theme.map(|theme| Wanted::One(Box::new(theme))).map_err(|error| {
                let causes = error.causes().join(", ");
                if causes.is_empty() {
                    error.what().to_owned()
                } else {
                    format!("{}: {causes}", error.what())
                }
            });
            offers.push(Offer { name, about, theme });
        }
        offers
    }

    /// Those that come with hoop: nothing is read for them.
    #[must_use]
    pub fn built_in(&self) -> Vec<Offer> {
        let plain = Self { folder: None, depth: self.depth };
        let names = [AUTO.0].into_iter().chain(BUILT_IN.iter().map(|(name, _)| *name));
        let offers = names.map(|name| {
            let theme = plain.find(name).map_err(|error| error.what().to_owned());
            let about = match &theme {
                Ok(Wanted::One(theme)) => theme.about().to_owned(),
                _ => "dark or light, as the terminal is".to_owned(),
            };
            Offer { name: name.to_owned(), about, theme }
        });
        offers.collect()
    }

    fn own(&self, name: &str) -> Option<PathBuf> {
        let is_name = !name.is_empty() && !name.starts_with('.');
        let file = self.folder.as_ref().filter(|_| is_name)?.join(format!("{name}.toml"));
        file.is_file().then_some(file)
    }

    fn own_names(&self) -> Vec<String> {
        let entries = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let names = entries.into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_suffix(".toml")?.to_owned()).filter(|name| self.own(name).is_some())
        });
        let mut names: Vec<String> = names.take(MOST).collect();
        names.sort_unstable();
        names
    }

    fn read(&self, origin: &str, path: &Path) -> Result<Theme> {
        let about = || format!("cannot read the theme {}", path.display());
        // Looked at first: opening a FIFO would wait for ever.
        if !fs::metadata(path).context(about)?.is_file() {
            return Err(Error::new(Kind::Config, about()).why("it is not a file"));
        }
        let mut text = String::new();
        let file = File::open(path).context(about)?;
        file.take(MAX_FILE + 1).read_to_string(&mut text).context(about)?;
        if text.len() as u64 > MAX_FILE {
            return Err(Error::new(Kind::Config, about()).why(format!("it is larger than {MAX_FILE} bytes")));
        }
        Theme::parse(origin, &text, self.depth)
    }

    fn unknown(&self, name: &str) -> Error {
        let own = self.own_names();
        let known: Vec<&str> =
            BUILT_IN.iter().map(|(name, _)| *name).chain(own.iter().map(String::as_str)).collect();
        let near = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .filter(|(distance, known)| *distance <= known.len() / 3)
            .min();
        let fix = match near {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None => match &self.folder {
                Some(folder) => {
                    format!("name one of them, or write your own: {}", folder.join("NAME.toml").display())
                }
                None => "name one of them, or give the path of a theme file: --theme ./mine.toml".to_owned(),
            },
        };
        Error::new(
            Kind::Usage,
            format!("no theme is called `{}`", name.chars().take(80).collect::<String>().escape_debug()),
        )
        .why(format!("there are {}", known.join(", ")))
        .fix(fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(themes: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in themes {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let shelf = Shelf::new(Some(dir.path().to_owned()), Depth::True);
        (dir, shelf)
    }

    #[test]
    fn auto_is_two_themes_and_so_are_any_two() {
        let (_dir, shelf) = shelf(&[]);
        let names = |text: &str| {
            let wanted = shelf.find(text).unwrap();
            (wanted.on(Ground::Dark).name().to_owned(), wanted.on(Ground::Light).name().to_owned())
        };
        assert_eq!(names("auto"), ("dark".to_owned(), "light".to_owned()));
        assert_eq!(names("nord, solarized-light"), ("nord".to_owned(), "solarized-light".to_owned()));
        assert_eq!(names("nord"), ("nord".to_owned(), "nord".to_owned()));
        assert!(shelf.find("dark,").is_err() && shelf.find("").is_err());
    }

    #[test]
    fn a_theme_of_the_users_own_is_found_by_its_name_and_offered() {
        let nord = BUILT_IN.iter().find(|(name, _)| *name == "nord").unwrap().1;
        let (dir, shelf) =
            shelf(&[("mine.toml", nord), ("dark.toml", nord), ("bad.toml", "[look]\n"), ("x.txt", "")]);
        assert_eq!(shelf.theme("mine").unwrap().name(), "mine");
        assert_eq!(shelf.theme("dark").unwrap().about(), shelf.theme("nord").unwrap().about());
        let path = dir.path().join("mine.toml").display().to_string();
        assert_eq!(shelf.theme(&path).unwrap().name(), path);
        let offers = shelf.offers();
        let find = |name: &str| offers.iter().filter(|offer| offer.name == name).collect::<Vec<_>>();
        assert!(matches!(find("mine")[..], [Offer { theme: Ok(_), .. }]));
        assert_eq!(find("dark").len(), 1, "the user's own in its place");
        let [Offer { theme: Err(why), .. }] = find("bad")[..] else { panic!("{offers:?}") };
        assert!(why.contains("bad.toml") && why.contains("screen"), "{why}");
        assert_eq!(offers[0].name, "auto");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let (_dir, shelf) = shelf(&[("mine.toml", "")]);
        let report = shelf.find("solarised").unwrap_err().report("hoop-replay");
        assert!(report.contains("did you mean `solarized`?") && report.contains("mine"), "{report}");
        let report = shelf.find("zzz").unwrap_err().report("hoop-replay");
        assert!(
            report.contains("there are dark, light, high-contrast") && report.contains("NAME.toml"),
            "{report}"
        );
        for name in ["..", "/", "/dev/zero", "/dev/null", "./none.toml"] {
            assert!(shelf.find(name).is_err(), "{name}");
        }
    }

    #[test]
    fn grounds_are_known_by_colour_and_by_number() {
        assert_eq!(Ground::of(Rgb(0, 0, 0)), Ground::Dark);
        assert_eq!(Ground::of(Rgb(0x28, 0x28, 0x28)), Ground::Dark);
        assert_eq!(Ground::of(Rgb(0xfd, 0xf6, 0xe3)), Ground::Light);
        let of = |text| Ground::from_environment(Some(text));
        assert_eq!(of("15;0"), Some(Ground::Dark));
        assert_eq!(of("0;default;15"), Some(Ground::Light));
        assert_eq!(
            (of("0;default"), of(""), of("1;99"), Ground::from_environment(None)),
            (None, None, None, None)
        );
    }
}
