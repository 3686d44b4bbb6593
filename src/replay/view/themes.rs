//! The list of themes, over the picture that it changes.

use ratatui::layout::Rect;

use crate::error::Error;
use crate::replay::action::Action;
use crate::replay::keymap::Context;
use crate::replay::layout;
use crate::replay::look;
use crate::replay::look::Picker;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::safe;
use crate::term::width;

/// Columns of a name, and of the row from which there is room for a few words about it.
const NAME: usize = 20;
const ROOMY: u16 = 40;

/// Why a theme could not be kept, and what to write instead.
fn trouble(state: &State, told: &(String, Error), place: Rect, pen: &mut Pen<'_>) {
    let title = Rect { x: place.x + 2, width: place.width.saturating_sub(4), height: 1, ..place };
    pen.text(title, " not saved ", Meaning::Error);
    let inner = Rect {
        x: place.x + 1,
        y: place.y + 1,
        width: place.width.saturating_sub(2),
        height: place.height.saturating_sub(2),
    };
    let columns = usize::from(inner.width.saturating_sub(2));
    let rows = look::trouble_rows(&state.look, told, columns, usize::from(inner.height));
    pen.paragraph(inner, &rows.join("\n"), Meaning::Text);
    let key = format!(" {}", pen.keys.first(Context::Themes, Action::Back, pen.ascii));
    let last = Rect { y: place.y + place.height.saturating_sub(1), ..title };
    let pieces = [(key.as_str(), Meaning::Key), (" close ", Meaning::Text)];
    let width = u16::try_from(pieces.iter().map(|(text, _)| width(text)).sum::<usize>()).unwrap_or(u16::MAX);
    pen.row(Rect { width: width.min(last.width), ..last }, Meaning::Text, &pieces);
    // The keys of the list do not hold here.
    let footer = Rect { y: state.size.1.saturating_sub(1), height: 1, ..state.area() };
    pen.row(footer, Meaning::Bar, &[(" any key goes on", Meaning::Bar)]);
}

/// Draws the list.
pub fn draw(state: &State, picker: &Picker, pen: &mut Pen<'_>) {
    let place = look::place(state);
    pen.fill(place, Meaning::Text);
    pen.frame(place);
    let title = Rect { x: place.x + 2, width: place.width.saturating_sub(4), height: 1, ..place };
    if let Some(told) = &picker.trouble {
        return trouble(state, told, place, pen);
    }
    pen.text(title, " themes ", Meaning::Heading);
    // What the colours mean, in these colours.
    let legend = Rect { y: place.y + place.height.saturating_sub(1), ..title };
    let pieces = [
        (" allow", Meaning::Allow),
        (" ask", Meaning::Ask),
        (" ", Meaning::Text),
        ("deny", Meaning::Deny),
        (" ", Meaning::Text),
    ];
    pen.row(Rect { width: legend.width.min(16), ..legend }, Meaning::Text, &pieces);
    let rows = look::rows(state);
    let first = layout::top(picker.selected, picker.offers.len(), usize::from(rows.height));
    let shown = picker.offers.iter().enumerate().skip(first).take(usize::from(rows.height));
    for (y, (at, offer)) in (rows.y..).zip(shown) {
        let chosen = at == picker.selected;
        let ground = if chosen { Meaning::Selected } else { Meaning::Text };
        let own = |meaning| if chosen { ground } else { meaning };
        let sign = if chosen { "▸" } else { " " };
        let about = match &offer.theme {
            _ if rows.width < ROOMY => "",
            Ok(_) => offer.about.as_str(),
            Err(why) => why.as_str(),
        };
        let about = fit(&safe(about), usize::from(rows.width).saturating_sub(NAME + 4));
        let is_in_force = offer.name == state.look.text;
        let mark = if is_in_force { "● " } else { "  " };
        let meaning = if offer.theme.is_ok() { Meaning::Text } else { Meaning::Error };
        let room = NAME.min(usize::from(rows.width).saturating_sub(4));
        let name = fit(&safe(&offer.name), room);
        let pieces = [
            (sign, own(Meaning::Heading)),
            (mark, own(Meaning::Heading)),
            (name.as_str(), own(meaning)),
            (" ", ground),
            (about.as_str(), own(Meaning::Muted)),
        ];
        pen.row(Rect { y, height: 1, ..rows }, ground, &pieces);
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::error::Kind;
    use crate::replay::action::Action;
    use crate::replay::fixture;
    use crate::replay::look;
    use crate::replay::look::kept;
    use crate::replay::look::listed;
    use crate::replay::view::tests::SIZES;
    use crate::replay::view::tests::text;

    #[test]
    fn what_could_not_be_saved_is_told_with_the_reason_and_what_to_write_until_a_key_is_pressed() {
        let long = "config.toml:3:8: `replay.plain` is true or false, not a text\n  3 | plain = \"yes\"\n    |         ^^^^^";
        for (why, size) in ["it is read-only", long].into_iter().flat_map(|why| SIZES.map(|size| (why, size)))
        {
            let mut state = fixture::playing();
            state.look.keeps.shown = "~/.config/hoop/config.toml".to_owned();
            let error = Error::new(Kind::System, "cannot write ~/c.toml").why(why);
            kept(&mut state, "nord".to_owned(), Err(error));
            let shown = text(&mut state, size);
            let parts = [
                "nord is shown, but not saved",
                "cannot write ~/c.toml",
                "[replay]",
                "theme = \"nord\"",
                "any key goes on",
                "close",
            ];
            for part in parts.into_iter().chain(why.split_whitespace().take(2)) {
                assert!(shown.contains(part), "{part} at {size:?}:\n{shown}");
            }
            assert_eq!(listed(&mut state, Vec::new()), [], "a late list changes nothing");
            look::update(&mut state, Action::Down);
            assert!(state.picker.is_none() && state.play.is_some());
        }
    }
}
