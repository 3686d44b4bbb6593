//! A picture of one moment as PNG.

use std::io;
use std::io::Write;

use super::font::Fonts;
use super::raster::Image;
use super::raster::Painter;
use super::told::Failure;
use crate::error::Result;
use crate::export::Still;
use crate::term::Palette;
use crate::term::Screen;
use crate::term::clip;
use crate::term::safe;
use crate::term::width;

/// Writes the picture, with letters `size` dots high. The note stands in a text chunk.
///
/// # Errors
/// When it would be too large, or cannot be written.
pub fn write_png(still: &Still<'_>, fonts: Fonts, size: f32, out: &mut impl Write) -> Result<(), Failure> {
    let image = draw(still, &mut Painter::new(fonts, size)?)?;
    let (width, height) =
        (u32::try_from(image.width).unwrap_or(u32::MAX), u32::try_from(image.height).unwrap_or(u32::MAX));
    let mut encoder = png::Encoder::new(out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let cannot = |error: png::EncodingError| match error {
        png::EncodingError::IoError(cause) => cause,
        other => io::Error::other(other.to_string()),
    };
    let mut chunk = |name: &str, text: &str| {
        encoder.add_itxt_chunk(name.to_owned(), safe(text).into_owned()).map_err(cannot)
    };
    chunk("Software", "hoop")?;
    if let Some(title) = still.title {
        chunk("Title", title)?;
    }
    if let Some(note) = still.note {
        chunk("Comment", note)?;
    }
    let mut writer = encoder.write_header().map_err(cannot)?;
    writer.write_image_data(&image.dots).map_err(cannot)?;
    Ok(writer.finish().map_err(cannot)?)
}

/// The space around the screen.
pub(super) fn margin(painter: &Painter) -> usize {
    painter.cell.0
}

fn draw(still: &Still<'_>, painter: &mut Painter) -> Result<Image> {
    let Still { screen, palette, title, .. } = still;
    let (cols, rows) = (usize::from(screen.cols), usize::from(screen.rows));
    let margin = margin(painter);
    let bar = if title.is_some() { painter.cell.1 * 3 / 2 } else { 0 };
    let top = margin + bar;
    let mut image = Image::new(
        cols * painter.cell.0 + 2 * margin,
        rows * painter.cell.1 + top + margin,
        palette.background,
    )?;
    if let Some(title) = title {
        write_title(title, palette, painter, &mut image);
    }
    for row in 0..screen.rows {
        painter.row(screen.row(row), (margin, top + usize::from(row) * painter.cell.1), palette, &mut image);
    }
    if let Some((col, row)) = screen.cursor {
        let at = (margin + usize::from(col) * painter.cell.0, top + usize::from(row) * painter.cell.1);
        painter.cursor(screen.row(row).get(usize::from(col)), at, palette, &mut image);
    }
    Ok(image)
}

/// The title in the middle of the bar, cut to its width.
fn write_title(title: &str, palette: &Palette, painter: &mut Painter, image: &mut Image) {
    let most = image.width / painter.cell.0;
    let text = safe(title);
    let text = clip(&text, most.saturating_sub(2));
    let columns = width(text);
    let mut line = Screen::new(u16::try_from(columns.max(1)).unwrap_or(u16::MAX), 1);
    line.feed(text);
    let left = image.width.saturating_sub(columns * painter.cell.0) / 2;
    let dimmed = Palette { foreground: palette.basic[8], ..palette.clone() };
    painter.row(line.snapshot().row(0), (left, painter.cell.1 / 3), &dimmed, image);
}
