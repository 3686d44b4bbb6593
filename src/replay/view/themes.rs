//! The list of themes, over the picture that it changes.

use ratatui::layout::Rect;

use crate::replay::layout;
use crate::replay::look;
use crate::replay::look::Picker;
use crate::replay::state::State;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::safe;

/// Columns of a name, and of the row from which there is room for a few words about it.
const NAME: usize = 20;
const ROOMY: u16 = 40;

/// Draws the list.
pub fn draw(state: &State, picker: &Picker, pen: &mut Pen<'_>) {
    let place = look::place(state);
    pen.fill(place, Meaning::Text);
    pen.frame(place);
    let title = Rect { x: place.x + 2, width: place.width.saturating_sub(4), height: 1, ..place };
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
