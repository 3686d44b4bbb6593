//! That every theme is whole, can be read, and keeps its promises.

use super::*;

const TEXTS: &[Meaning] = &[
    Meaning::Text,
    Meaning::Muted,
    Meaning::Heading,
    Meaning::Bar,
    Meaning::Key,
    Meaning::Selected,
    Meaning::Allow,
    Meaning::Ask,
    Meaning::Deny,
    Meaning::Error,
    Meaning::Command,
    Meaning::Marker,
    Meaning::Match,
];

/// Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
/// table 1, the last column: linear RGB as people see it who lack one of the three kinds of cones.
const SIMULATED: [(&str, [[f64; 3]; 3]); 4] = [
    ("all colours", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// Difference (CIE76) from which two colours are told apart at a glance, in small letters too.
const APART: f64 = 20.0;

fn themes() -> impl Iterator<Item = Theme> {
    BUILT_IN.iter().map(|(name, text)| Theme::parse(name, text, Depth::True).unwrap())
}

/// Letters and ground of a meaning; the theme's own idea of the ground where it leaves that to the terminal.
fn colours(theme: &Theme, meaning: Meaning) -> (Rgb, Rgb) {
    let look = theme.looks.of(meaning);
    let value = |shade: Option<Shade>, usual: Rgb| match shade {
        Some(Shade::Exact(rgb)) => rgb,
        Some(Shade::Basic(index)) => theme.palette.basic[usize::from(index)],
        Some(Shade::Default) | None => usual,
    };
    let (fg, bg) = (value(look.fg, theme.palette.foreground), value(look.bg, theme.palette.background));
    if look.reverse { (bg, fg) } else { (fg, bg) }
}

/// WCAG 2's contrast ratio, from 1 to 21.
fn contrast((one, other): (Rgb, Rgb)) -> f64 {
    let (a, b) = (one.luminance() + 0.05, other.luminance() + 0.05);
    a.max(b) / a.min(b)
}

/// CIE L*a*b* (D65) of a colour as it is seen under `matrix`.
fn lab(Rgb(r, g, b): Rgb, matrix: &[[f64; 3]; 3]) -> [f64; 3] {
    let linear = [Rgb(r, r, r), Rgb(g, g, g), Rgb(b, b, b)].map(Rgb::luminance);
    let seen =
        matrix.map(|row| row.iter().zip(linear).map(|(m, part)| m * part).sum::<f64>().clamp(0.0, 1.0));
    let xyz = [
        [0.412_456, 0.357_576, 0.180_438],
        [0.212_673, 0.715_152, 0.072_175],
        [0.019_334, 0.119_192, 0.950_304],
    ];
    let white = [0.950_47, 1.0, 1.088_83];
    let parts: Vec<f64> = xyz
        .iter()
        .zip(white)
        .map(|(row, white)| row.iter().zip(seen).map(|(m, part)| m * part).sum::<f64>() / white)
        .map(|t| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 })
        .collect();
    [116.0 * parts[1] - 16.0, 500.0 * (parts[0] - parts[1]), 200.0 * (parts[1] - parts[2])]
}

#[test]
fn every_built_in_theme_is_whole_and_has_a_word_about_it() {
    let keys = |text: &str| {
        let file: toml::Table = toml::from_str(text).unwrap();
        file["look"].as_table().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let wanted = keys(BUILT_IN[0].1);
    for (name, text) in BUILT_IN {
        assert_eq!(keys(text), wanted, "themes/{name}.toml: one line for each meaning");
        let theme = Theme::load(name, Depth::True).unwrap();
        assert_eq!(theme.name(), *name);
        assert!((5..=50).contains(&theme.about().len()), "{name}: {}", theme.about());
    }
    assert!(BUILT_IN.len() >= 8);
}

#[test]
fn text_can_be_read_on_its_ground() {
    for theme in themes() {
        for meaning in TEXTS {
            let ratio = contrast(colours(&theme, *meaning));
            assert!(ratio >= 4.5, "{} {meaning:?}: {ratio:.2}", theme.name());
        }
        let ratio = contrast(colours(&theme, Meaning::Played));
        assert!(ratio >= 3.0, "{} the timeline: {ratio:.2}", theme.name());
        for meaning in [Meaning::Border, Meaning::Unplayed] {
            let ratio = contrast(colours(&theme, meaning));
            assert!(ratio >= 1.5, "{} {meaning:?}: {ratio:.2}", theme.name());
        }
    }
}

#[test]
fn colour_blind_safe_themes_keep_decisions_apart_for_everybody() {
    let safe: Vec<Theme> = themes().filter(Theme::is_colour_blind_safe).collect();
    let grounds = safe.iter().map(|theme| Ground::of(theme.palette.background));
    assert_eq!(grounds.collect::<Vec<_>>(), [Ground::Dark, Ground::Light]);
    for theme in safe {
        for (who, matrix) in &SIMULATED {
            let seen = |meaning| lab(colours(&theme, meaning).0, matrix);
            for (one, other) in [
                (Meaning::Allow, Meaning::Ask),
                (Meaning::Allow, Meaning::Deny),
                (Meaning::Ask, Meaning::Deny),
            ] {
                let squares = seen(one).into_iter().zip(seen(other)).map(|(a, b)| (a - b).powi(2));
                let apart = squares.sum::<f64>().sqrt();
                assert!(apart >= APART, "{}: {one:?} and {other:?} under {who}: {apart:.1}", theme.name());
            }
        }
    }
}

#[test]
fn the_theme_without_colours_has_none_but_keeps_decisions_apart() {
    for depth in [Depth::True, Depth::Indexed, Depth::Basic] {
        let theme = Theme::load("monochrome", depth).unwrap();
        for meaning in TEXTS {
            let style = theme.style(*meaning);
            let is_own = |colour: Option<Color>| matches!(colour, None | Some(Color::Reset));
            assert!(is_own(style.fg) && is_own(style.bg), "{meaning:?}: {style:?}");
        }
        let looks =
            [Meaning::Allow, Meaning::Ask, Meaning::Deny].map(|meaning| theme.style(meaning).add_modifier);
        assert!(looks[0] != looks[1] && looks[1] != looks[2] && looks[0] != looks[2]);
    }
    let theme = Theme::load("monochrome", Depth::True).unwrap();
    let Some(Color::Rgb(r, g, b)) = theme.recorded(Colour::Rgb(Rgb(200, 30, 90))) else { panic!() };
    assert!(r == g && g == b);
}

#[test]
fn sixteen_colours_are_enough_to_read_everything() {
    for name in Theme::names() {
        let theme = Theme::load(name, Depth::Basic).unwrap();
        let ground = nearest_basic(theme.palette.background);
        let number = |colour: Option<Color>, usual: u8| match colour {
            Some(Color::Indexed(index)) => {
                assert!(index < 16, "{name}: {index}");
                index
            }
            _ => usual,
        };
        for meaning in TEXTS {
            let style = theme.style(*meaning);
            let fg = number(style.fg, nearest_basic(theme.palette.foreground));
            assert_ne!(fg, number(style.bg, ground), "{name} {meaning:?}");
        }
        for meaning in [Meaning::Bar, Meaning::Selected, Meaning::Match] {
            let style = theme.style(meaning);
            let is_seen =
                number(style.bg, ground) != ground || style.add_modifier.contains(Modifier::REVERSED);
            assert!(is_seen, "{name} {meaning:?}");
        }
        let decisions = [Meaning::Allow, Meaning::Ask, Meaning::Deny].map(|meaning| theme.style(meaning));
        assert!(
            decisions[0] != decisions[1] && decisions[1] != decisions[2] && decisions[0] != decisions[2],
            "{name}"
        );
        assert!(!matches!(theme.recorded(Colour::Indexed(200)), Some(Color::Indexed(16..))));
    }
}

#[test]
fn an_unknown_key_is_refused_with_a_suggestion() {
    let text = BUILT_IN[0].1.replace("selected =", "selektd =");
    let error = Theme::parse("mine.toml", &text, Depth::True).unwrap_err();
    let report = error.report("hoop-replay");
    assert!(report.contains("unknown key `selektd` in theme mine.toml:"), "{report}");
    assert!(report.contains("did you mean `selected`?"), "{report}");
}

#[test]
fn a_wrong_colour_is_refused() {
    let text = BUILT_IN[0].1.replacen("fg = \"", "fg = \"x", 1);
    let report = Theme::parse("mine.toml", &text, Depth::True).unwrap_err().report("hoop-replay");
    assert!(report.contains("is not a colour"), "{report}");
}

#[test]
fn without_colours_there_are_none() {
    for name in Theme::names() {
        let theme = Theme::load(name, Depth::None).unwrap();
        for meaning in TEXTS {
            let style = theme.style(*meaning);
            assert!(style.fg.is_none() && style.bg.is_none(), "{name} {meaning:?}");
        }
        assert_eq!(theme.recorded(Colour::Indexed(1)), None);
    }
}
