//! The AWS calls as a table that takes the width it is given.

use ratatui::layout::Rect;

use crate::replay::commands::short;
use crate::replay::entries::Entry;
use crate::replay::layout;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;
use crate::replay::view::entries::TIME;
use crate::replay::view::entries::TOOK;
use crate::replay::view::pen::Pen;
use crate::term::fit;
use crate::term::fit_right;
use crate::term::safe;
use crate::term::tail;

/// Columns of what was decided, in words; of the status.
const DECISION: usize = 9;
const STATUS: usize = 7;
/// Columns of an action at most, and of a resource at least.
const ACTION: usize = 40;
const RESOURCE: usize = 8;
/// Columns from which action and resource share the room.
const SHARED: usize = 30;
/// Columns of a table from which it has room for how long a call took; for what was decided, in words.
const FOR_TOOK: u16 = 46;
const FOR_DECISION: u16 = 58;

/// How wide the columns are; 0: not shown.
struct Columns {
    decision: usize,
    action: usize,
    resource: usize,
    took: usize,
}

impl Columns {
    fn of(columns: u16, widest: usize) -> Self {
        let decision = if columns >= FOR_DECISION { DECISION } else { 0 };
        let took = if columns >= FOR_TOOK { TOOK } else { 0 };
        // Time, a sign between spaces, status, and a space at the end.
        let room = usize::from(columns).saturating_sub(TIME + 3 + decision + STATUS + took + 1);
        let most = if room >= SHARED { room * 3 / 5 } else { room };
        let action = widest.min(ACTION).min(most);
        let resource = room.saturating_sub(action + 1);
        match resource < RESOURCE {
            true => Self { decision, action: room, resource: 0, took },
            false => Self { decision, action: action + 1, resource, took },
        }
    }
}

/// Draws the names of the columns.
pub fn names(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let columns = Columns::of(area.width, play.moments.widest_action());
    let text = format!(
        "{}   {}{}{}{}{}",
        fit_right("TIME", TIME),
        fit("DECISION", columns.decision),
        fit("ACTION", columns.action),
        fit("RESOURCE", columns.resource),
        fit_right("STATUS", STATUS),
        if columns.took > 0 { fit_right("TOOK", columns.took) } else { String::new() },
    );
    pen.row(area, Meaning::Text, &[(&text, Meaning::Muted)]);
}

/// Draws a call.
pub fn draw(play: &Play, entry: &Entry, selected: bool, area: Rect, pen: &mut Pen<'_>) {
    let columns = Columns::of(area.width, play.moments.widest_action());
    let ground = if selected { Meaning::Selected } else { Meaning::Text };
    let own = |meaning| if selected { ground } else { meaning };
    let shown = |meaning| own(if entry.at <= play.position { meaning } else { Meaning::Muted });
    let time = format!(
        "{}{}",
        if selected { "▸" } else { " " },
        fit_right(&layout::clock(entry.at.0, false), TIME - 1)
    );
    let sign = format!(" {} ", entry.symbol);
    let decision = fit(entry.decision, columns.decision);
    let action = match columns.action {
        0 => String::new(),
        room if columns.resource > 0 => format!("{} ", fit(&safe(&entry.title), room - 1)),
        room => fit(&safe(&entry.title), room),
    };
    // The end of an ARN says more than its beginning.
    let resource = fit(&tail(&safe(&entry.subject), columns.resource), columns.resource);
    let status = fit_right(&safe(&entry.result), STATUS);
    let took = match columns.took {
        0 => String::new(),
        room => fit_right(&entry.took.map(short).unwrap_or_default(), room),
    };
    let pieces = [
        (time.as_str(), own(Meaning::Muted)),
        (sign.as_str(), own(entry.meaning)),
        (decision.as_str(), shown(entry.meaning)),
        (action.as_str(), shown(Meaning::Text)),
        (resource.as_str(), own(Meaning::Muted)),
        (
            status.as_str(),
            shown(if entry.meaning == Meaning::Error { Meaning::Error } else { Meaning::Text }),
        ),
        (took.as_str(), own(Meaning::Muted)),
    ];
    pen.row(area, ground, &pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fill_every_width() {
        for columns in 34..=200_u16 {
            for widest in [0, 5, 22, 90] {
                let made = Columns::of(columns, widest);
                let all = TIME + 3 + made.decision + made.action + made.resource + STATUS + made.took + 1;
                assert_eq!(all, usize::from(columns), "{columns} {widest}");
                assert!(made.action >= 16 || widest < 16, "{columns} {widest}");
                assert!(columns < 80 || made.resource >= RESOURCE, "{columns} {widest}");
            }
        }
    }
}
