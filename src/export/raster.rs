//! Screens as dots: cells, letters and lines drawn into an image, with nothing but outlines of fonts.

use std::collections::HashMap;

use ab_glyph_rasterizer::Point;
use ab_glyph_rasterizer::Rasterizer;
use ab_glyph_rasterizer::point;
use ttf_parser::OutlineBuilder;
use ttf_parser::Transform;

use super::emoji;
use super::emoji::Emoji;
use super::font::Font;
use super::font::Fonts;
use super::font::Found;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::term::Attributes;
use crate::term::Cell;
use crate::term::Palette;
use crate::term::Rgb;
use crate::term::is_unsafe;

/// How far italics lean.
const SLANT: f32 = 0.2;
/// Shades from nothing to full: few enough that moving pictures need no more than 256 colours.
const SHADES: f32 = 15.0;
/// Most shapes that are kept.
const MOST_SHAPES: usize = 4_096;
/// Most coloured letters that are kept; one takes up to 200 KiB, usually 20.
const MOST_EMOJI: usize = 256;
/// Most dots of a picture, as browsers and viewers take them.
const MOST_DOTS: usize = 100_000_000;

/// A picture: three bytes a dot, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Dots in a row.
    pub width: usize,
    /// Rows of dots.
    pub height: usize,
    /// Red, green, blue.
    pub dots: Vec<u8>,
}

impl Image {
    /// A picture of one colour.
    ///
    /// # Errors
    /// When it would be larger than anything can show.
    pub fn new(width: usize, height: usize, colour: Rgb) -> Result<Self> {
        if width.saturating_mul(height) > MOST_DOTS {
            return Err(Error::new(
                Kind::Usage,
                format!("a picture of {width} × {height} dots is too large"),
            )
            .fix("give a smaller --font-size"));
        }
        let Rgb(r, g, b) = colour;
        Ok(Self { width, height, dots: [r, g, b].repeat(width * height) })
    }

    fn dot(&mut self, x: usize, y: usize) -> Option<&mut [u8]> {
        let at = (y * self.width + x) * 3;
        (x < self.width).then(|| self.dots.get_mut(at..at + 3)).flatten()
    }

    /// A rectangle of one colour, cut at the edges.
    pub fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Rgb) {
        let Rgb(r, g, b) = colour;
        let right = (x + width).min(self.width);
        for y in y..(y + height).min(self.height) {
            for x in x..right {
                if let Some(dot) = self.dot(x, y) {
                    dot.copy_from_slice(&[r, g, b]);
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Rgb, cover: f32) {
        let Some(dot) = self.dot(x, y) else { return };
        let Rgb(r, g, b) = colour;
        for (dot, ink) in dot.iter_mut().zip([r, g, b]) {
            *dot = mixed(*dot, ink, cover);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between the two, which are bytes"
)]
fn mixed(ground: u8, ink: u8, cover: f32) -> u8 {
    let (ground, ink) = (f32::from(ground), f32::from(ink));
    (ground + (ink - ground) * cover).round() as u8
}

/// A letter as it is drawn into its cell: how much of each dot it covers.
struct Shape {
    width: usize,
    cover: Vec<f32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    found: Found,
    columns: u8,
    is_italic: bool,
    is_filling: bool,
}

/// Draws cells of one size.
pub struct Painter {
    fonts: Fonts,
    shapes: HashMap<Key, Shape>,
    /// Coloured letters; none: the font has that letter in one colour only.
    emoji: HashMap<(Found, u8), Option<Emoji>>,
    /// Width and height of a cell, in dots.
    pub cell: (usize, usize),
    size: f32,
    /// Where letters stand, from the top of the cell.
    baseline: f32,
}

impl Painter {
    /// A painter whose letters are `size` dots high (8 to 96).
    ///
    /// # Errors
    /// When the font has no measures.
    pub fn new(fonts: Fonts, size: f32) -> Result<Self> {
        let face = fonts.font(fonts.main()).and_then(Font::face);
        let face = face.ok_or_else(|| Error::new(Kind::System, "the font of pictures cannot be read"))?;
        let scale = size / f32::from(face.units_per_em().max(1));
        let advance = face.glyph_index('m').and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(1);
        let (ascent, descent) = (f32::from(face.ascender()) * scale, -f32::from(face.descender()) * scale);
        // A little air between lines; boxes are stretched over it.
        let height = ((ascent + descent) * 1.04).round().max(2.0);
        let width = (f32::from(advance) * scale).round().max(1.0);
        let baseline = ((height - ascent - descent) / 2.0 + ascent).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let cell = (width as usize, height as usize);
        Ok(Self { fonts, shapes: HashMap::new(), emoji: HashMap::new(), cell, size, baseline })
    }

    /// Draws cells from the dot `(x, y)` on, each on its own ground.
    pub fn row(&mut self, cells: &[Cell], (x, y): (usize, usize), palette: &Palette, image: &mut Image) {
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.columns > 0) {
            let (_, ground) = inks(cell, palette);
            let wide = self.cell.0 * usize::from(cell.columns);
            image.fill((x + at * self.cell.0, y), (wide, self.cell.1), ground);
        }
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.columns > 0) {
            let (ink, _) = inks(cell, palette);
            self.draw(cell, (x + at * self.cell.0, y), ink, image);
        }
    }

    /// Draws the cursor: a block with the letter under it in the colour of the ground.
    pub fn cursor(&mut self, cell: Option<&Cell>, at: (usize, usize), palette: &Palette, image: &mut Image) {
        let columns = usize::from(cell.map_or(1, |cell| cell.columns.max(1)));
        image.fill(at, (self.cell.0 * columns, self.cell.1), palette.foreground);
        if let Some(cell) = cell.filter(|cell| cell.columns > 0) {
            self.draw(cell, at, palette.background, image);
        }
    }

    /// The letter and lines of a cell, without its ground.
    fn draw(&mut self, cell: &Cell, (x, y): (usize, usize), ink: Rgb, image: &mut Image) {
        let has = |attribute| cell.attributes.has(attribute);
        let wide = self.cell.0 * usize::from(cell.columns);
        let thick = (self.cell.1 / 16).max(1);
        if cell.character != ' ' && !is_unsafe(cell.character) {
            self.letter(cell, (x, y), ink, image);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the cell")]
        let baseline = self.baseline as usize;
        if has(Attributes::UNDERLINE) {
            image.fill((x, y + (baseline + thick + 1).min(self.cell.1 - thick)), (wide, thick), ink);
        }
        if has(Attributes::STRUCK) {
            image.fill((x, y + baseline - baseline / 3), (wide, thick), ink);
        }
    }

    fn letter(&mut self, cell: &Cell, (x, y): (usize, usize), ink: Rgb, image: &mut Image) {
        let has = |attribute| cell.attributes.has(attribute);
        let is_emoji = cell.columns == 2 && emoji::is_pictograph(cell.character);
        let found = match is_emoji {
            true => self.fonts.find_emoji(cell.character),
            false => self.fonts.find(cell.character, has(Attributes::BOLD)),
        };
        let Some(found) = found else {
            return self.missing(cell, (x, y), ink, image);
        };
        if self.coloured(found, cell.columns, (x, y), image) {
            return;
        }
        let is_filling = matches!(cell.character, '\u{2500}'..='\u{259f}' | '\u{e0b0}'..='\u{e0b3}');
        let key = Key { found, columns: cell.columns, is_italic: has(Attributes::ITALIC), is_filling };
        if !self.shapes.contains_key(&key) {
            if self.shapes.len() >= MOST_SHAPES {
                self.shapes.clear();
            }
            let shape = self.shape(key);
            self.shapes.insert(key, shape);
        }
        let Some(shape) = self.shapes.get(&key) else { return };
        for (at, cover) in shape.cover.iter().enumerate().filter(|(_, cover)| **cover > 0.0) {
            image.blend(x + at % shape.width, y + at / shape.width, ink, *cover);
        }
    }

    /// Draws a letter in the colours that its font has for it; whether there are any.
    fn coloured(&mut self, found: Found, columns: u8, (x, y): (usize, usize), image: &mut Image) -> bool {
        if !self.fonts.font(found.font).is_some_and(Font::is_coloured) {
            return false;
        }
        if self.emoji.len() >= MOST_EMOJI {
            self.emoji.clear();
        }
        let size = (self.cell.0 * usize::from(columns.max(1)), self.cell.1);
        let fonts = &self.fonts;
        let known = self.emoji.entry((found, columns)).or_insert_with(|| {
            let face = fonts.font(found.font).and_then(Font::face)?;
            emoji::draw(&face, found.glyph, size)
        });
        let Some(emoji) = known else { return false };
        for (at, [r, g, b, cover]) in emoji.dots.iter().enumerate().filter(|(_, dot)| dot[3] > 0.0) {
            let ink = Rgb(byte(*r), byte(*g), byte(*b));
            image.blend(x + at % emoji.width, y + at / emoji.width, ink, *cover);
        }
        true
    }

    /// A frame where no font has the letter.
    fn missing(&self, cell: &Cell, (x, y): (usize, usize), ink: Rgb, image: &mut Image) {
        let (wide, high) = (self.cell.0 * usize::from(cell.columns), self.cell.1);
        let (left, top) = (wide / 8 + 1, high / 5);
        let (width, height) = (wide.saturating_sub(2 * left).max(1), high.saturating_sub(2 * top).max(1));
        for (at, size) in [
            ((left, top), (width, 1)),
            ((left, top + height - 1), (width, 1)),
            ((left, top), (1, height)),
            ((left + width - 1, top), (1, height)),
        ] {
            image.fill((x + at.0, y + at.1), size, ink);
        }
    }

    fn shape(&self, key: Key) -> Shape {
        let width = self.cell.0 * usize::from(key.columns.max(1));
        let empty = Shape { width, cover: vec![0.0; width * self.cell.1] };
        let Some(face) = self.fonts.font(key.found.font).and_then(Font::face) else { return empty };
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let (cell_width, cell_height) = (width as f32, self.cell.1 as f32);
        let scale = self.size / f32::from(face.units_per_em().max(1));
        let advance = f32::from(face.glyph_hor_advance(key.found.glyph).unwrap_or(0)) * scale;
        let place = if key.is_filling {
            // From the font's cell to ours, exactly, so that lines meet.
            let (ascent, descent) = (f32::from(face.ascender()), f32::from(face.descender()));
            let (across, down) =
                (cell_width / advance.max(1.0) * scale, cell_height / (ascent - descent).max(1.0));
            let before = Transform::default();
            Place { across, down, left: 0.0, baseline: ascent * down, slant: 0.0, before }
        } else {
            // Letters of other fonts are made to fit, and stand in the middle.
            let fit = (cell_width / advance.max(1.0)).min(1.0) * scale;
            let left = ((cell_width - advance * fit / scale) / 2.0).max(0.0);
            let slant = if key.is_italic { SLANT } else { 0.0 };
            let (baseline, before) = (self.baseline, Transform::default());
            Place { across: fit, down: fit, left, baseline, slant, before }
        };
        let mut pen = Pen::new(Rasterizer::new(width, self.cell.1), (width, self.cell.1), place);
        if face.outline_glyph(key.found.glyph, &mut pen).is_none() {
            return empty;
        }
        let mut shape = empty;
        pen.rasterizer.for_each_pixel(|at, cover| {
            if let Some(dot) = shape.cover.get_mut(at) {
                *dot = (cover.clamp(0.0, 1.0) * SHADES).round() / SHADES;
            }
        });
        shape
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(part: f32) -> u8 {
    (part * 255.0).round().clamp(0.0, 255.0) as u8
}

/// Text and ground colour of a cell.
fn inks(cell: &Cell, palette: &Palette) -> (Rgb, Rgb) {
    let mut ink = cell.foreground.map_or(palette.foreground, |colour| palette.resolve(colour));
    let mut ground = cell.background.map_or(palette.background, |colour| palette.resolve(colour));
    if cell.attributes.has(Attributes::INVERSE) {
        (ink, ground) = (ground, ink);
    }
    if cell.attributes.has(Attributes::FAINT) {
        let mix = |ink: u8, ground: u8| mixed(ground, ink, 0.6);
        ink = Rgb(mix(ink.0, ground.0), mix(ink.1, ground.1), mix(ink.2, ground.2));
    }
    (ink, ground)
}

/// From the units of a font to dots of a cell.
pub(super) struct Place {
    pub(super) across: f32,
    pub(super) down: f32,
    pub(super) left: f32,
    pub(super) baseline: f32,
    pub(super) slant: f32,
    /// What is done with a shape before, in units of the font.
    pub(super) before: Transform,
}

/// Draws an outline into a cell.
pub(super) struct Pen {
    pub(super) rasterizer: Rasterizer,
    size: (f32, f32),
    place: Place,
    start: Point,
    last: Point,
}

impl Pen {
    /// A pen for `size` dots, which are those of the rasterizer.
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    pub(super) fn new(rasterizer: Rasterizer, size: (usize, usize), place: Place) -> Self {
        let size = (size.0 as f32, size.1 as f32);
        Self { rasterizer, size, place, start: point(0.0, 0.0), last: point(0.0, 0.0) }
    }

    fn at(&self, x: f32, y: f32) -> Point {
        let Place { across, down, left, baseline, slant, before } = &self.place;
        let (x, y) = (before.a * x + before.c * y + before.e, before.b * x + before.d * y + before.f);
        // What lies outside of the cell is drawn at its edge, where it covers nothing.
        let (x, y) = (left + (x + y * slant) * across, baseline - y * down);
        point(x.clamp(0.0, self.size.0), y.clamp(0.0, self.size.1))
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        (self.start, self.last) = (self.at(x, y), self.at(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.rasterizer.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (over, to) = (self.at(x1, y1), self.at(x, y));
        self.rasterizer.draw_quad(self.last, over, to);
        self.last = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (one, two, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.rasterizer.draw_cubic(self.last, one, two, to);
        self.last = to;
    }

    fn close(&mut self) {
        self.rasterizer.draw_line(self.last, self.start);
        self.last = self.start;
    }
}
