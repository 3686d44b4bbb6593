//! Pictures: dots are where they should be, moving pictures move.

use super::*;

/// Red, green and blue of a dot, and the size.
fn dots(png: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut dots).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (info.width as usize, info.height as usize, dots)
}

fn shown(lines: &str, more: &[&str]) -> (usize, usize, Vec<u8>) {
    titled(lines, "none", more)
}

fn titled(lines: &str, title: &str, more: &[&str]) -> (usize, usize, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.cast");
    let data = serde_json::to_string(lines).unwrap();
    std::fs::write(&file, format!("{{\"version\":2,\"width\":10,\"height\":4}}\n[0.5, \"o\", {data}]\n"))
        .unwrap();
    let base = ["export", file.to_str().unwrap(), "-f", "png", "--title", title, "--font-size", "20"];
    dots(&bytes(dir.path(), &[&base, more].concat()))
}

#[test]
fn a_picture_has_its_colours_in_their_places() {
    // Two cells of true colour, a full block, then a line that must meet from cell to cell.
    let (width, height, dots) = shown(
        "\x1b[48;2;10;20;200m  \x1b[m\x1b[38;2;250;1;2m█\x1b[m\r\n\x1b[38;2;9;240;9m──────────\x1b[m\x1b[?25l",
        &[],
    );
    let at = |x: usize, y: usize| -> [u8; 3] { dots[(y * width + x) * 3..][..3].try_into().unwrap() };
    let cell = (width / 12, (height - 2 * (width / 12)) / 4);
    let middle =
        |col: usize, row: usize| (cell.0 + col * cell.0 + cell.0 / 2, cell.0 + row * cell.1 + cell.1 / 2);
    let (x, y) = middle(0, 0);
    assert_eq!(at(x, y), [10, 20, 200]);
    let (x, y) = middle(2, 0);
    assert_eq!(at(x, y), [250, 1, 2]);
    // Somewhere in the second row there is a row of dots without a gap.
    let top = cell.0 + cell.1;
    let is_line = |y: usize| (cell.0..cell.0 * 11).all(|x| at(x, y)[1] > 150 && at(x, y)[0] < 60);
    assert!((top..top + cell.1).any(is_line), "box drawing has gaps");
}

#[test]
fn themes_titles_and_cursors_change_a_picture() {
    let plain = shown("text\x1b[?25l", &[]);
    assert_ne!(plain.2, shown("text", &[]).2, "the cursor");
    assert_ne!(plain.2, shown("text\x1b[?25l", &["--theme", "light"]).2);
    assert_ne!(plain.2, shown("\x1b[1mtext\x1b[?25l", &[]).2, "bold");
    assert_ne!(plain.2, shown("\x1b[3mtext\x1b[?25l", &[]).2, "italic");
    assert_ne!(plain.2, shown("\x1b[4mtext\x1b[?25l", &[]).2, "underline");
    assert!(titled("text\x1b[?25l", "above", &[]).1 > plain.1);
    let font = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Oblique.ttf";
    if Path::new(font).exists() {
        assert_ne!(plain.2, shown("text\x1b[?25l", &["--font", font]).2);
    }
    let dir = filled();
    assert!(
        trouble(dir.path(), &["export", "last", "-f", "png", "--font", "/etc/hostname"])
            .contains("no font with outlines")
    );
}

#[test]
fn a_gif_moves_and_repeats_what_it_shows() {
    let dir = filled();
    let picture = bytes(dir.path(), &["export", "last", "-f", "gif", "--font-size", "10", "-s", "4"]);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(&picture[..]).unwrap();
    let (mut frames, mut centis) = (0, 0_u64);
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        frames += 1;
        centis += u64::from(frame.delay);
        assert!(frames > 1 || frame.height == decoder_height(&picture), "the first is whole");
    }
    assert!(frames >= 8, "{frames}");
    // Pauses of two seconds at most, four times as fast, and the last screen for three seconds.
    assert!((400..900).contains(&centis), "{centis}");
}

fn decoder_height(picture: &[u8]) -> u16 {
    u16::from_le_bytes([picture[8], picture[9]])
}

#[test]
fn a_moving_svg_is_well_formed_and_has_no_script() {
    let dir = filled();
    let picture = output(dir.path(), &["export", "last", "-f", "movie", "--title", "<&\">"]);
    let mut reader = quick_xml::Reader::from_str(&picture);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            event => drop(event),
        }
    }
    assert!(
        picture.contains("@keyframes") && picture.contains("delete failed") && !picture.contains("<script")
    );
    assert!(picture.contains("&lt;&amp;&quot;&gt;"));
}

#[test]
fn emoji_are_drawn_in_colours() {
    let font = fixture("emoji.ttf");
    let (width, _, dots) = shown("🔴🟩\x1b[?25l", &["--font", &font, "--theme", "dark"]);
    let cell = width / 12;
    let (top, high) = (cell, 20);
    let at = |x: usize, y: usize| -> [u8; 3] { dots[(y * width + x) * 3..][..3].try_into().unwrap() };
    // Ours, where nobody gives another one: a red circle, whose corners are the ground.
    let (_, _, own) = shown("🔴\x1b[?25l", &["--theme", "dark"]);
    let of_own = |x: usize, y: usize| -> [u8; 3] { own[(y * width + x) * 3..][..3].try_into().unwrap() };
    let middle = of_own(cell + cell, top + high / 2);
    assert!(middle[0] > 180 && middle[1] < 90 && middle[2] < 100, "{middle:?}");
    assert_eq!(of_own(cell + 1, top + 1), of_own(2, 2));
    // Layers: a blue square in a red one.
    assert_eq!(at(cell + 2, top + high / 2), [255, 0, 0]);
    assert_eq!(at(cell + cell, top + high / 2), [0, 0, 255]);
    // A bitmap: green, and the ground where it has a hole.
    assert_eq!(at(cell + 2 * cell + 4, top + high / 2), [0, 200, 0]);
    assert_eq!(at(cell + 3 * cell, top + high / 2), at(2, 2));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.cast");
    std::fs::write(&file, "{\"version\":2,\"width\":10,\"height\":4}\n[0.5, \"o\", \"🔴 🟩\"]\n").unwrap();
    let moving = bytes(dir.path(), &["export", file.to_str().unwrap(), "-f", "gif", "--font", &font]);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(&moving[..]).unwrap();
    let mut colours = std::collections::BTreeSet::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        colours.extend(frame.buffer.chunks_exact(4).map(|dot| [dot[0], dot[1], dot[2]]));
    }
    assert!(colours.contains(&[255, 0, 0]) && colours.contains(&[0, 200, 0]), "{colours:?}");
}
