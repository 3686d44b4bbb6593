//! Coloured letters: emoji as fonts have them, as layers of outlines (COLR, as ours is) or as bitmaps (CBDT, sbix, which systems have).
//!
//! A cell holds one character, so flags and families, which are several, stand one part beside the other as on many terminals.

use ab_glyph_rasterizer::Rasterizer;
use ttf_parser::Face;
use ttf_parser::GlyphId;
use ttf_parser::RasterImageFormat;
use ttf_parser::RgbaColor;
use ttf_parser::Transform;
use ttf_parser::colr::ClipBox;
use ttf_parser::colr::CompositeMode;
use ttf_parser::colr::Paint;
use ttf_parser::colr::Painter;

use super::raster::Pen;
use super::raster::Place;

/// Largest bitmap of a letter that is unpacked, in dots; Apple's have 160.
const MAX_SIDE: u32 = 512;
/// Most layers of a letter that are drawn; emoji have some dozens.
const MOST_LAYERS: u32 = 1_000;

/// A coloured letter in its cells, row by row: red, green, blue and how much of the dot it covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Emoji {
    /// Dots in a row.
    pub width: usize,
    /// The dots.
    pub dots: Vec<[f32; 4]>,
}

/// Whether programs mean a picture with a letter that is two cells wide: those that Unicode gives the look of emoji to.
#[must_use]
pub fn is_pictograph(letter: char) -> bool {
    matches!(letter, '\u{231a}'..='\u{23ff}' | '\u{25fd}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b55}' | '\u{1f000}'..='\u{1faff}')
}

/// Draws a letter into `size` dots, if the font has it in colours.
#[must_use]
pub fn draw(face: &Face<'_>, glyph: GlyphId, size: (usize, usize)) -> Option<Emoji> {
    let wanted = u16::try_from(size.1).unwrap_or(u16::MAX);
    // The next larger one is made smaller; a larger one than the largest there is not.
    let bitmap =
        face.glyph_raster_image(glyph, wanted).filter(|image| image.format == RasterImageFormat::PNG);
    if let Some((width, height, dots)) = bitmap.and_then(|image| unpacked(image.data)) {
        return Some(fitted((width, height), &dots, size));
    }
    if !face.is_color_glyph(glyph) {
        return None;
    }
    let mut layers = Layers::new(face, glyph, size);
    face.paint_color_glyph(glyph, 0, RgbaColor::new(128, 128, 128, 255), &mut layers)?;
    Some(layers.done)
}

/// A small PNG as red, green, blue, alpha.
fn unpacked(png: &[u8]) -> Option<(usize, usize, Vec<[f32; 4]>)> {
    let mut decoder =
        png::Decoder::new_with_limits(std::io::Cursor::new(png), png::Limits { bytes: 4 << 20 });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return None;
    }
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let shape = reader.next_frame(&mut bytes).ok()?;
    let part = |byte: u8| f32::from(byte) / 255.0;
    let samples = shape.color_type.samples();
    let dots = bytes.chunks_exact(samples).map(|dot| match *dot {
        [grey] => [part(grey), part(grey), part(grey), 1.0],
        [grey, alpha] => [part(grey), part(grey), part(grey), part(alpha)],
        [r, g, b] => [part(r), part(g), part(b), 1.0],
        [r, g, b, alpha, ..] => [part(r), part(g), part(b), part(alpha)],
        [] => [0.0; 4],
    });
    let (width, height) = (width as usize, height as usize);
    let dots: Vec<[f32; 4]> = dots.collect();
    (dots.len() >= width * height).then_some((width, height, dots))
}

/// A bitmap made as large as its cells allow, in their middle. Each dot is the mean of what it covers.
#[expect(clippy::cast_precision_loss, reason = "at most some hundred dots")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and at most a side"
)]
fn fitted((width, height): (usize, usize), dots: &[[f32; 4]], size: (usize, usize)) -> Emoji {
    let scale = (size.0 as f32 / width as f32).min(size.1 as f32 / height as f32);
    let (wide, high) = ((width as f32 * scale) as usize, (height as f32 * scale) as usize);
    let (left, top) = ((size.0 - wide.min(size.0)) / 2, (size.1 - high.min(size.1)) / 2);
    let mut done = Emoji { width: size.0, dots: vec![[0.0; 4]; size.0 * size.1] };
    let range = |at: usize, side: usize| {
        let from = (at as f32 / scale) as usize;
        let to = (((at + 1) as f32 / scale).ceil() as usize).clamp(from + 1, side.max(from + 1));
        from.min(side - 1)..to.min(side)
    };
    for y in 0..high.min(size.1) {
        for x in 0..wide.min(size.0) {
            let (mut sum, mut count) = ([0.0_f32; 4], 0.0);
            for row in range(y, height) {
                for dot in range(x, width).filter_map(|column| dots.get(row * width + column)) {
                    // Colours count as much as they cover.
                    (0..3).for_each(|part| sum[part] += dot[part] * dot[3]);
                    sum[3] += dot[3];
                    count += 1.0;
                }
            }
            let colour = |part: usize| if sum[3] > 0.0 { sum[part] / sum[3] } else { 0.0 };
            done.dots[(top + y) * size.0 + left + x] =
                [colour(0), colour(1), colour(2), sum[3] / f32::max(count, 1.0)];
        }
    }
    done
}

/// Layers of outlines, each painted over those before. Colours that run from one into another are drawn in their mean.
struct Layers<'f, 'a> {
    face: &'f Face<'a>,
    size: (usize, usize),
    /// From the units of the font to dots.
    scale: f32,
    left: f32,
    baseline: f32,
    transforms: Vec<Transform>,
    outline: Vec<f32>,
    clips: Vec<Vec<f32>>,
    painted: u32,
    done: Emoji,
}

impl<'f, 'a> Layers<'f, 'a> {
    #[expect(clippy::cast_precision_loss, reason = "at most some hundred dots")]
    fn new(face: &'f Face<'a>, glyph: GlyphId, size: (usize, usize)) -> Self {
        let (wide, high) = (size.0 as f32, size.1 as f32);
        let (ascent, descent) = (f32::from(face.ascender()), f32::from(face.descender()));
        let advance = f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)).max(1.0);
        let scale = (wide / advance).min(high / (ascent - descent).max(1.0));
        let (left, air) = ((wide - advance * scale) / 2.0, (high - (ascent - descent) * scale) / 2.0);
        Self {
            face,
            size,
            scale,
            left,
            baseline: air + ascent * scale,
            transforms: Vec::new(),
            outline: vec![1.0; size.0 * size.1],
            clips: Vec::new(),
            painted: 0,
            done: Emoji { width: size.0, dots: vec![[0.0; 4]; size.0 * size.1] },
        }
    }

    fn fill(&mut self, colour: RgbaColor) {
        let ink = [colour.red, colour.green, colour.blue].map(|part| f32::from(part) / 255.0);
        let alpha = f32::from(colour.alpha) / 255.0;
        for (at, dot) in self.done.dots.iter_mut().enumerate() {
            let clipped = self.clips.iter().fold(self.outline[at], |cover, clip| cover * clip[at]);
            let cover = clipped * alpha;
            let whole = cover + dot[3] * (1.0 - cover);
            if cover > 0.0 && whole > 0.0 {
                let mixed = |part: usize| (ink[part] * cover + dot[part] * dot[3] * (1.0 - cover)) / whole;
                *dot = [mixed(0), mixed(1), mixed(2), whole];
            }
        }
    }
}

fn mean(colours: impl Iterator<Item = RgbaColor>) -> RgbaColor {
    let (mut sum, mut count) = ([0_u32; 4], 0);
    for colour in colours.take(64) {
        let parts = [colour.red, colour.green, colour.blue, colour.alpha];
        sum.iter_mut().zip(parts).for_each(|(sum, part)| *sum += u32::from(part));
        count += 1;
    }
    let [red, green, blue, alpha] = sum.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX));
    RgbaColor::new(red, green, blue, alpha)
}

impl<'a> Painter<'a> for Layers<'_, 'a> {
    fn outline_glyph(&mut self, glyph: GlyphId) {
        self.painted += 1;
        if self.painted > MOST_LAYERS {
            return;
        }
        // The last one that was said applies first.
        let all =
            self.transforms.iter().fold(Transform::default(), |all, next| Transform::combine(all, *next));
        let place = Place {
            across: self.scale,
            down: self.scale,
            left: self.left,
            baseline: self.baseline,
            slant: 0.0,
            before: all,
        };
        let mut pen = Pen::new(Rasterizer::new(self.size.0, self.size.1), self.size, place);
        let drawn = self.face.outline_glyph(glyph, &mut pen);
        self.outline.fill(0.0);
        if drawn.is_some() {
            let outline = &mut self.outline;
            pen.rasterizer.for_each_pixel(|at, cover| {
                if let Some(dot) = outline.get_mut(at) {
                    *dot = cover.clamp(0.0, 1.0);
                }
            });
        }
    }

    fn paint(&mut self, paint: Paint<'a>) {
        if self.painted > MOST_LAYERS {
            return;
        }
        self.painted += 1;
        let colour = match paint {
            Paint::Solid(colour) => colour,
            Paint::LinearGradient(gradient) => mean(gradient.stops(0, &[]).map(|stop| stop.color)),
            Paint::RadialGradient(gradient) => mean(gradient.stops(0, &[]).map(|stop| stop.color)),
            Paint::SweepGradient(gradient) => mean(gradient.stops(0, &[]).map(|stop| stop.color)),
        };
        self.fill(colour);
    }

    fn push_clip(&mut self) {
        self.clips.push(self.outline.clone());
    }

    fn push_clip_box(&mut self, _: ClipBox) {
        // Boxes only save time.
        self.clips.push(vec![1.0; self.outline.len()]);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn push_layer(&mut self, _: CompositeMode) {}

    fn pop_layer(&mut self) {}

    fn push_transform(&mut self, transform: Transform) {
        self.transforms.push(transform);
    }

    fn pop_transform(&mut self) {
        self.transforms.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_is_made_to_fit_and_keeps_its_colours() {
        let red = [1.0, 0.0, 0.0, 1.0];
        let done = fitted((4, 4), &[red; 16], (10, 20));
        let at = |x: usize, y: usize| done.dots[y * 10 + x];
        assert_eq!((at(5, 10), at(5, 2)), (red, [0.0; 4]));
        let done = fitted((400, 400), &vec![red; 160_000], (2, 2));
        assert_eq!(done.dots, [red; 4]);
        for (width, height) in [(1, 512), (512, 1), (3, 7)] {
            let done = fitted((width, height), &vec![red; width * height], (17, 33));
            assert_eq!(done.dots.len(), 17 * 33);
        }
    }

    #[test]
    fn what_is_no_bitmap_is_none() {
        assert!(unpacked(b"").is_none() && unpacked(b"\x89PNG\r\n\x1a\n").is_none());
    }
}
