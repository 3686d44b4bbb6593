//! A recording as a moving picture: GIF.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use gif::AnyExtension;
use gif::DisposalMethod;
use gif::Encoder;
use gif::Repeat;

use super::font::Fonts;
use super::png::margin;
use super::raster::Image;
use super::raster::Painter;
use super::told::Failure;
use crate::error::Error;
use crate::error::Kind;
use crate::export::Frames;
use crate::term::Palette;

/// How long the last screen stays, in hundredths of a second.
const LAST: u64 = 300;
/// The shortest time that players keep to, in hundredths of a second.
const SHORTEST: u64 = 2;

/// Writes the picture, with letters `size` dots high. Each screen holds only the rows that changed; the note is a comment.
///
/// # Errors
/// When it would be too large, or cannot be written.
pub fn write_gif(
    frames: &Frames,
    palette: &Palette,
    (fonts, size): (Fonts, f32),
    note: Option<&str>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut painter = Painter::new(fonts, size)?;
    let margin = margin(&painter);
    let (cols, rows) = (usize::from(frames.size.0), usize::from(frames.size.1));
    let mut image = Image::new(
        cols * painter.cell.0 + 2 * margin,
        rows * painter.cell.1 + 2 * margin,
        palette.background,
    )?;
    let too_large = || {
        Failure::from(
            Error::new(Kind::Usage, "a GIF has at most 65535 dots in a row")
                .fix("give a smaller --font-size"),
        )
    };
    let side = |dots: usize| u16::try_from(dots).map_err(|_| too_large());
    let mut encoder = Encoder::new(out, side(image.width)?, side(image.height)?, &[]).map_err(cannot)?;
    encoder.set_repeat(Repeat::Infinite).map_err(cannot)?;
    if let Some(note) = note {
        let parts: Vec<&[u8]> = note.as_bytes().chunks(255).collect();
        // 0xFE: a comment.
        encoder.write_raw_extension(AnyExtension(0xfe), &parts).map_err(cannot)?;
    }
    let mut shown: Vec<Option<(u32, Option<u16>)>> = vec![None; rows];
    for (number, frame) in frames.frames.iter().enumerate() {
        let next = frames.frames.get(number + 1).map(|next| next.at);
        let mut changed = None;
        for (row, shown) in shown.iter_mut().enumerate() {
            let cursor = frame.cursor.filter(|(_, at)| usize::from(*at) == row).map(|(col, _)| col);
            let wanted = frame.rows.get(row).map(|row| (*row, cursor));
            if number > 0 && *shown == wanted {
                continue;
            }
            *shown = wanted;
            let y = margin + row * painter.cell.1;
            image.fill((margin, y), (cols * painter.cell.0, painter.cell.1), palette.background);
            let cells = wanted.and_then(|(row, _)| frames.rows.get(row as usize));
            if let Some(cells) = cells {
                painter.row(cells, (margin, y), palette, &mut image);
                if let Some(col) = cursor {
                    let at = (margin + usize::from(col) * painter.cell.0, y);
                    painter.cursor(cells.get(usize::from(col)), at, palette, &mut image);
                }
            }
            let (first, _) = changed.unwrap_or((row, row));
            changed = Some((first, row));
        }
        let centis = |time: u64| time / 10_000;
        let delay = next.map_or(LAST, |next| centis(next.0) - centis(frame.at.0)).max(SHORTEST);
        let (top, bottom) = match (number, changed) {
            (0, _) => (0, image.height),
            (_, Some((first, last))) => {
                (margin + first * painter.cell.1, margin + (last + 1) * painter.cell.1)
            }
            // Something must be said, or the time would be lost.
            (_, None) => (0, 1),
        };
        encoder.write_frame(&part(&image, (top, bottom), delay)).map_err(cannot)?;
    }
    Ok(())
}

/// The rows of dots from `top` to `bottom`, with a palette of their own.
fn part(image: &Image, (top, bottom): (usize, usize), delay: u64) -> gif::Frame<'static> {
    let dots = &image.dots[top * image.width * 3..bottom * image.width * 3];
    let mut bits = 0;
    let (palette, buffer) = loop {
        if let Some(found) = indexed(dots, bits) {
            break found;
        }
        // Too many colours: those that hardly differ become one.
        bits += 1;
    };
    let side = |dots: usize| u16::try_from(dots).unwrap_or(u16::MAX);
    gif::Frame {
        delay: u16::try_from(delay).unwrap_or(u16::MAX),
        dispose: DisposalMethod::Keep,
        top: side(top),
        width: side(image.width),
        height: side(bottom - top),
        palette: Some(palette),
        buffer: buffer.into(),
        ..gif::Frame::default()
    }
}

/// Dots as places in a palette of at most 256 colours; none when there are more, `bits` of each part left out.
fn indexed(dots: &[u8], bits: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut known: BTreeMap<[u8; 3], u8> = BTreeMap::new();
    let (mut palette, mut buffer) = (Vec::new(), Vec::with_capacity(dots.len() / 3));
    let mut last = None;
    for dot in dots.chunks_exact(3) {
        let coarse = |part: u8| part.checked_shr(bits).unwrap_or(0).checked_shl(bits).unwrap_or(0);
        let colour = [coarse(dot[0]), coarse(dot[1]), coarse(dot[2])];
        // Most dots are as the one before.
        if let Some((before, place)) = last
            && before == colour
        {
            buffer.push(place);
            continue;
        }
        let place = match known.get(&colour) {
            Some(place) => *place,
            None => {
                let place = u8::try_from(known.len()).ok()?;
                known.insert(colour, place);
                palette.extend_from_slice(&[dot[0], dot[1], dot[2]]);
                place
            }
        };
        last = Some((colour, place));
        buffer.push(place);
    }
    Some((palette, buffer))
}

fn cannot(error: gif::EncodingError) -> Failure {
    Failure::Output(match error {
        gif::EncodingError::Io(cause) => cause,
        other => io::Error::other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_colours_than_fit_become_fewer() {
        let dots: Vec<u8> =
            (0..3_000_u32).flat_map(|n| [(n % 256) as u8, (n / 16) as u8, (n % 7) as u8]).collect();
        assert!(indexed(&dots, 0).is_none());
        let image = Image { width: 3_000, height: 1, dots };
        let frame = part(&image, (0, 1), 5);
        assert!(frame.palette.unwrap().len() <= 768 && frame.buffer.len() == 3_000);
    }
}
