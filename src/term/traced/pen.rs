//! What text is painted with, as the sequences that set it.

use avt::Color;
use avt::parser::SgrOp;

/// Longest list of sequences kept; beyond it the pen is written out from what is known of it.
const LONGEST: usize = 256;

/// Attributes by their codes in SGR.
const CODES: [u8; 7] = [1, 2, 3, 4, 5, 7, 9];

/// The pen of a terminal: its colours and attributes, and all that was said about it since it was reset, so that what
/// the emulator does not know comes back too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pen {
    pub(super) foreground: Option<Color>,
    background: Option<Color>,
    attributes: [bool; CODES.len()],
    said: Vec<u8>,
}

impl Pen {
    /// Follows one SGR sequence, which was written with `text` for parameters.
    pub(super) fn change(&mut self, operations: &[SgrOp], text: &[u8]) {
        for operation in operations {
            self.operate(*operation);
        }
        if text.is_empty() || text == b"0" {
            self.said.clear();
            return;
        }
        if self.said.len() + text.len() > LONGEST {
            self.said.clear();
            let (on, colours) = (self.attributes, [self.foreground, self.background]);
            write(on, colours, &mut self.said);
            return;
        }
        self.said.extend_from_slice(b"\x1b[");
        self.said.extend_from_slice(text);
        self.said.push(b'm');
    }

    fn operate(&mut self, operation: SgrOp) {
        let [bold, faint, italic, underline, blink, inverse, struck] = &mut self.attributes;
        match operation {
            SgrOp::Reset => {
                *self = Self { said: std::mem::take(&mut self.said), ..Self::default() };
            }
            SgrOp::SetBoldIntensity => (*bold, *faint) = (true, false),
            SgrOp::SetFaintIntensity => (*bold, *faint) = (false, true),
            SgrOp::ResetIntensity => (*bold, *faint) = (false, false),
            SgrOp::SetItalic => *italic = true,
            SgrOp::ResetItalic => *italic = false,
            SgrOp::SetUnderline => *underline = true,
            SgrOp::ResetUnderline => *underline = false,
            SgrOp::SetBlink => *blink = true,
            SgrOp::ResetBlink => *blink = false,
            SgrOp::SetInverse => *inverse = true,
            SgrOp::ResetInverse => *inverse = false,
            SgrOp::SetStrikethrough => *struck = true,
            SgrOp::ResetStrikethrough => *struck = false,
            SgrOp::SetForegroundColor(colour) => self.foreground = Some(colour),
            SgrOp::ResetForegroundColor => self.foreground = None,
            SgrOp::SetBackgroundColor(colour) => self.background = Some(colour),
            SgrOp::ResetBackgroundColor => self.background = None,
        }
    }

    /// Appends what sets this pen on any terminal.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0m");
        out.extend_from_slice(&self.said);
    }
}

/// Appends the sequence that sets the pen of a cell whose text colour is `foreground`.
pub(super) fn write_cell(pen: &avt::Pen, foreground: Option<Color>, out: &mut Vec<u8>) {
    let on = [
        pen.is_bold(),
        pen.is_faint(),
        pen.is_italic(),
        pen.is_underline(),
        pen.is_blink(),
        pen.is_inverse(),
        pen.is_strikethrough(),
    ];
    write(on, [foreground, pen.background()], out);
}

fn write(on: [bool; CODES.len()], colours: [Option<Color>; 2], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[0");
    for (code, _) in CODES.iter().zip(on).filter(|(_, on)| *on) {
        out.extend_from_slice(format!(";{code}").as_bytes());
    }
    for (colour, base) in colours.into_iter().zip([38, 48]) {
        let code = match colour {
            Some(Color::Indexed(index)) => format!(";{base};5;{index}"),
            Some(Color::RGB(rgb)) => format!(";{base};2;{};{};{}", rgb.r, rgb.g, rgb.b),
            None => continue,
        };
        out.extend_from_slice(code.as_bytes());
    }
    out.push(b'm');
}
