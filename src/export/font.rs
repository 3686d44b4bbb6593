//! Shapes of characters: a monospaced font that comes with hoop, and for what it lacks the fonts of the system.
//!
//! DejaVu Sans Mono has Latin, Greek, Cyrillic, box drawing, blocks and many symbols in 340 KB (180 KB packed); a font with
//! Chinese, Japanese and Korean has 5 to 20 MB, so that one is looked for where systems keep theirs. Emoji are Twemoji's: those of one
//! character, 1,382 of them, have 670 KB (380 KB packed), where Noto's bitmaps have 11 MB. Nothing of this is read before the first
//! picture of dots is drawn, and emoji not before the first emoji.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ttf_parser::Face;
use ttf_parser::GlyphId;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSansMono.ttf.zst");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSansMono-Bold.ttf.zst");
const COLOURED: &[u8] = include_bytes!("fonts/Twemoji.ttf.zst");
/// More than any of them has.
const MAX_OWN: usize = 1 << 20;
/// Largest font file that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// Most files of the system that are looked at.
const MOST_FILES: usize = 5_000;
/// Most fonts of the system that are read for what is missing.
const MOST_FALLBACKS: usize = 6;
/// Most characters whose shapes are remembered.
const MOST_KNOWN: usize = 20_000;
/// The number of the first font that has emoji in colours.
const EMOJI: usize = 1 << 20;
/// How deep folders of fonts are walked.
const DEEPEST: usize = 5;

/// Parts of the names of fonts that have what DejaVu lacks, the best first.
const WANTED: [&str; 16] = [
    "notosansmonocjk",
    "notosanscjk",
    "sourcehanmono",
    "sourcehansans",
    "sarasa",
    "wqy-microhei",
    "wqy-zenhei",
    "droidsansfallback",
    "hiragino",
    "pingfang",
    "applesdgothic",
    "arialunicode",
    "unifont",
    "symbola",
    "notosanssymbols",
    "dejavusans.",
];

/// Parts of the names of fonts that have emoji in colours, the best first.
const WANTED_COLOURED: [&str; 6] =
    ["notocoloremoji", "twemoji", "applecoloremoji", "seguiemj", "openmoji", "joypixels"];

/// One font file.
pub struct Font {
    bytes: Vec<u8>,
    is_coloured: bool,
}

impl Font {
    fn packed(packed: &[u8]) -> Result<Self> {
        let bytes = zstd::bulk::decompress(packed, MAX_OWN)
            .map_err(|cause| Error::io("cannot unpack the font of pictures", &cause))?;
        Ok(Self { bytes, is_coloured: false })
    }

    /// Reads a font file.
    ///
    /// # Errors
    /// When it cannot be read, or is no TrueType or OpenType font with outlines.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |why: String| {
            Error::new(Kind::Usage, format!("cannot use the font {}", path.display())).why(why).fix(
                "give a TrueType or OpenType file, best of a monospaced font: --font ./JetBrainsMono.ttf",
            )
        };
        let meta = fs::metadata(path).map_err(|cause| wrong(crate::error::plain(&cause)))?;
        if !meta.is_file() || meta.len() > MAX_FILE {
            return Err(wrong(format!("it is no file of at most {MAX_FILE} bytes")));
        }
        let bytes = fs::read(path).map_err(|cause| wrong(crate::error::plain(&cause)))?;
        let mut font = Self { bytes, is_coloured: false };
        font.is_coloured = font.face().is_some_and(|face| {
            let tables = face.tables();
            tables.colr.is_some() || tables.sbix.is_some() || tables.cbdt.is_some()
        });
        match font.face() {
            Some(face) if face.glyph_index('m').is_some() || face.number_of_glyphs() > 0 => Ok(font),
            _ => Err(wrong("it is no font with outlines".to_owned())),
        }
    }

    /// Whether it has letters in colours.
    #[must_use]
    pub fn is_coloured(&self) -> bool {
        self.is_coloured
    }

    /// The font, to be looked at.
    #[must_use]
    pub fn face(&self) -> Option<Face<'_>> {
        Face::parse(&self.bytes, 0).ok()
    }
}

/// The fonts of a picture: the first that has a character draws it.
pub struct Fonts {
    own: Vec<Font>,
    bold: Font,
    fallbacks: Vec<Font>,
    /// Fonts of emoji in colours: ours, then one of the system; as far as they were needed.
    coloured: Vec<Font>,
    has_looked: bool,
    candidates: Option<VecDeque<PathBuf>>,
    folders: Vec<PathBuf>,
    known: HashMap<(char, bool), Option<Found>>,
}

/// Where a character was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which font: see [`Fonts::font`].
    pub font: usize,
    /// Which of its shapes.
    pub glyph: GlyphId,
}

impl Fonts {
    /// The fonts that come with hoop; before them `first`, after them those of the system below `folders`.
    ///
    /// # Errors
    /// When the own fonts cannot be unpacked.
    pub fn new(first: Option<Font>, folders: Vec<PathBuf>) -> Result<Self> {
        let own = first.into_iter().chain([Font::packed(REGULAR)?]).collect();
        Ok(Self {
            own,
            bold: Font::packed(BOLD)?,
            fallbacks: Vec::new(),
            coloured: Vec::new(),
            has_looked: false,
            candidates: None,
            folders,
            known: HashMap::new(),
        })
    }

    /// The font of a number: 0 is the bold one, 1 the first ordinary one.
    #[must_use]
    pub fn font(&self, number: usize) -> Option<&Font> {
        match number {
            0 => Some(&self.bold),
            number if number >= EMOJI => self.coloured.get(number - EMOJI),
            number => self.own.iter().chain(&self.fallbacks).nth(number - 1),
        }
    }

    /// The font that gives cells their size.
    #[must_use]
    pub fn main(&self) -> usize {
        1
    }

    /// The shape of a character; none when no font has it.
    pub fn find(&mut self, character: char, is_bold: bool) -> Option<Found> {
        if let Some(known) = self.known.get(&(character, is_bold)) {
            return *known;
        }
        let found = self.search(character, is_bold);
        if self.known.len() < MOST_KNOWN {
            self.known.insert((character, is_bold), found);
        }
        found
    }

    /// The shape of a letter that programs mean a picture with: a coloured one, if any font has it.
    pub fn find_emoji(&mut self, character: char) -> Option<Found> {
        // One that the person gave comes first, and stands before ours then.
        let first = (self.own.len() > 1).then(|| self.look(1, character)).flatten();
        if first.is_some() {
            return first;
        }
        if self.coloured.is_empty()
            && let Ok(own) = Font::packed(COLOURED)
        {
            self.coloured.push(Font { is_coloured: true, ..own });
        }
        let look =
            |fonts: &Self| (EMOJI..EMOJI + fonts.coloured.len()).find_map(|font| fonts.look(font, character));
        if let Some(found) = look(self) {
            return Some(found);
        }
        // A newer one than ours.
        if !std::mem::replace(&mut self.has_looked, true) {
            let files = candidates(&self.folders, &WANTED_COLOURED).into_iter().take(MOST_FALLBACKS);
            self.coloured.extend(files.filter_map(|path| Font::read(&path).ok()).find(Font::is_coloured));
        }
        look(self).or_else(|| self.find(character, false))
    }

    fn search(&mut self, character: char, is_bold: bool) -> Option<Found> {
        let bold_first = (is_bold && self.own.len() == 1).then_some(0);
        let known = 1..=self.own.len() + self.fallbacks.len();
        if let Some(found) = bold_first.into_iter().chain(known).find_map(|font| self.look(font, character)) {
            return Some(found);
        }
        let folders = &self.folders;
        let candidates = self.candidates.get_or_insert_with(|| candidates(folders, &WANTED));
        while self.fallbacks.len() < MOST_FALLBACKS {
            // Read one by one, and kept whether it has this character or another one: no file is read twice.
            let font = Font::read(&candidates.pop_front()?);
            if let Ok(font) = font {
                self.fallbacks.push(font);
                let number = self.own.len() + self.fallbacks.len();
                let face = self.fallbacks.last().and_then(Font::face);
                if let Some(glyph) = face.and_then(|face| face.glyph_index(character)) {
                    return Some(Found { font: number, glyph });
                }
            }
        }
        None
    }

    fn look(&self, font: usize, character: char) -> Option<Found> {
        let glyph = self.font(font)?.face()?.glyph_index(character)?;
        Some(Found { font, glyph })
    }
}

/// Where systems keep fonts.
#[must_use]
pub fn system_folders(home: Option<&Path>) -> Vec<PathBuf> {
    let fixed = ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"];
    let own = home
        .into_iter()
        .flat_map(|home| [".local/share/fonts", ".fonts", "Library/Fonts"].map(|name| home.join(name)));
    own.chain(fixed.map(PathBuf::from)).collect()
}

/// The files whose names have a part of `wanted`, in that order.
fn candidates(folders: &[PathBuf], wanted: &[&str]) -> VecDeque<PathBuf> {
    let mut found: Vec<(usize, PathBuf)> = Vec::new();
    let mut waiting: Vec<(usize, PathBuf)> = folders.iter().map(|folder| (0, folder.clone())).collect();
    let mut seen = 0;
    while let Some((depth, folder)) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            seen += 1;
            if seen > MOST_FILES {
                break;
            }
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST {
                waiting.push((depth + 1, path));
                continue;
            }
            let name = entry.file_name().to_string_lossy().to_lowercase().replace(' ', "");
            let is_font = [".ttf", ".otf", ".ttc", ".otc"].iter().any(|ending| name.ends_with(ending));
            let rank = wanted
                .iter()
                .position(|part| name.contains(part))
                .filter(|_| is_font && !name.contains("bold"));
            found.extend(rank.map(|rank| (rank, path)));
        }
    }
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_fonts_draw_text_and_boxes_in_one_width() {
        let mut fonts = Fonts::new(None, Vec::new()).unwrap();
        for is_bold in [false, true] {
            let widths: Vec<u16> = "mi│█─┼é€λЖ→✓✗●▲×…"
                .chars()
                .map(|letter| {
                    let found = fonts.find(letter, is_bold).unwrap_or_else(|| panic!("{letter} is missing"));
                    fonts.font(found.font).unwrap().face().unwrap().glyph_hor_advance(found.glyph).unwrap()
                })
                .collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
        }
        assert_eq!(fonts.find('世', false), None, "there are no folders");
        for letter in ['🚀', '✅', '🔒', '⏳', '🫠'] {
            let found = fonts.find_emoji(letter).unwrap_or_else(|| panic!("{letter} is missing"));
            let font = fonts.font(found.font).unwrap();
            assert!(font.is_coloured() && font.face().unwrap().is_color_glyph(found.glyph), "{letter}");
        }
        assert_eq!(fonts.find_emoji('\u{1faff}'), None, "there is no such emoji yet");
    }

    #[test]
    fn a_file_that_is_no_font_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.ttf");
        fs::write(&path, b"not a font").unwrap();
        assert!(Font::read(&path).is_err() && Font::read(dir.path()).is_err());
    }
}
