//! Colours of cells, and the palette that gives the numbered ones a value.

/// A colour by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Reads `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    /// How much light it gives, from 0 to 1: WCAG's relative luminance.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// The grey that looks as light.
    #[must_use]
    pub fn grey(self) -> Self {
        let Self(r, g, b) = self;
        let light = (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1_000;
        let light = u8::try_from(light).unwrap_or(u8::MAX);
        Self(light, light, light)
    }

    /// The nearest of the 240 fixed colours of a 256-colour terminal (16–255).
    #[must_use]
    pub fn nearest_indexed(self) -> u8 {
        let Self(r, g, b) = self;
        let step = |v: u8| -> u8 {
            match v {
                0..=47 => 0,
                48..=114 => 1,
                _ => (v - 35) / 40,
            }
        };
        let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
        let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
        let grey = u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23) + 232;
        let far = |index: u8| {
            let Self(x, y, z) = fixed(index);
            let part = |a: u8, b: u8| i32::from(a.abs_diff(b)).pow(2);
            part(r, x) + part(g, y) + part(b, z)
        };
        if far(grey) < far(cube) { grey } else { cube }
    }
}

/// A colour as a program asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the 256 numbered colours; the first 16 are the palette's.
    Indexed(u8),
    /// Exactly this one.
    Rgb(Rgb),
}

/// What the default and the 16 basic colours look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Default text colour.
    pub foreground: Rgb,
    /// Default background.
    pub background: Rgb,
    /// Black, red, green, yellow, blue, magenta, cyan, white; then the bright ones.
    pub basic: [Rgb; 16],
}

impl Palette {
    /// The value of `colour`.
    #[must_use]
    pub fn resolve(&self, colour: Colour) -> Rgb {
        match colour {
            Colour::Rgb(rgb) => rgb,
            Colour::Indexed(index @ 0..=15) => self.basic[usize::from(index)],
            Colour::Indexed(index) => fixed(index),
        }
    }
}

/// The value of a colour from 16 on: a cube of 6×6×6, then 24 greys (xterm's table).
fn fixed(index: u8) -> Rgb {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return Rgb(grey, grey, grey);
    }
    let cube = index.saturating_sub(16);
    let step = |n: u8| STEPS[usize::from(n % 6)];
    Rgb(step(cube / 36), step(cube / 6), step(cube))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_colour_is_its_own_nearest() {
        for index in 16..=255_u8 {
            assert_eq!(fixed(fixed(index).nearest_indexed()), fixed(index), "{index}");
        }
    }

    #[test]
    fn only_six_hex_digits_are_a_colour() {
        assert_eq!(Rgb::parse("#ff8000"), Some(Rgb(255, 128, 0)));
        for wrong in ["ff8000", "#ff80", "#ff80zz", "#é8000", "#+f8000"] {
            assert_eq!(Rgb::parse(wrong), None, "{wrong}");
        }
    }
}
