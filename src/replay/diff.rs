//! Two sessions beside each other: which calls and commands differ.

use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::error::Error;
use crate::record::compare::Comparison;
use crate::record::compare::Item;
use crate::record::compare::Row;
use crate::record::compare::State as Difference;
use crate::record::compare::Topic;
use crate::replay::action::Action;
use crate::replay::deck::Source;
use crate::replay::layout;
use crate::replay::message::Ticket;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;

/// Columns from which both sessions stand beside each other.
const BESIDE: u16 = 90;
/// Rows from which the detail is shown without being asked for.
const ROOMY: u16 = 20;
/// Rows of the detail at most.
const DETAIL: u16 = 10;

/// The screen.
pub struct Diff {
    /// Where the sessions are.
    pub sources: [Source; 2],
    /// What to call them.
    pub titles: [String; 2],
    /// Its ticket.
    pub ticket: Ticket,
    /// What was found; none while it is being looked for.
    pub found: Option<Result<Box<Comparison>, Error>>,
    /// What is shown.
    pub topic: Topic,
    /// Whether only rows are shown that differ.
    pub only_differences: bool,
    /// The rows that are shown.
    pub shown: Vec<Row>,
    /// The chosen one of them.
    pub selected: usize,
    /// The chosen session: 0 or 1.
    pub side: usize,
    /// Whether the detail is shown; none: where there is room.
    pub detail: Option<bool>,
}

/// Where things stand.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Title bar.
    pub title: Rect,
    /// How many differ.
    pub counts: Rect,
    /// The headings of the columns.
    pub headings: Rect,
    /// The rows.
    pub rows: Rect,
    /// How the two of the chosen row differ; empty when hidden.
    pub detail: Rect,
    /// Hints.
    pub footer: Rect,
    /// Whether both sessions stand beside each other; else only the chosen one is shown.
    pub beside: bool,
}

impl Diff {
    /// What was found, if anything could be.
    #[must_use]
    pub fn comparison(&self) -> Option<&Comparison> {
        self.found.as_ref()?.as_ref().ok().map(|found| &**found)
    }

    /// The chosen row with what it is about in both sessions.
    #[must_use]
    pub fn chosen(&self) -> Option<(Row, [Option<&Item>; 2])> {
        let row = *self.shown.get(self.selected)?;
        let (a, b) = self.comparison()?.items(self.topic, row);
        Some((row, [a, b]))
    }

    /// Works out anew which rows are shown. The chosen row stays chosen, or the first after it.
    fn refresh(&mut self) {
        let before = self.shown.get(self.selected).copied();
        let only = self.only_differences;
        let Some(found) = self.comparison() else { return };
        let all = found.rows(self.topic);
        let place = before.and_then(|before| all.iter().position(|row| *row == before));
        let fits = |row: &Row| !only || row.state != Difference::Same;
        let before = all[..place.unwrap_or(0)].iter().filter(|row| fits(row)).count();
        let shown: Vec<Row> = all.iter().copied().filter(fits).collect();
        self.selected = before.min(shown.len().saturating_sub(1));
        self.shown = shown;
    }

    /// Chooses the next row that differs, or the one before; says whether there is one.
    fn choose_difference(&mut self, forward: bool) -> bool {
        let differs = |row: &Row| row.state != Difference::Same;
        let found = if forward {
            let after = (self.selected + 1).min(self.shown.len());
            self.shown[after..].iter().position(differs).map(|index| after + index)
        } else {
            self.shown[..self.selected.min(self.shown.len())].iter().rposition(differs)
        };
        self.selected = found.unwrap_or(self.selected);
        found.is_some()
    }
}

/// Where things stand on `area`.
#[must_use]
pub fn place(diff: &Diff, area: Rect) -> Layout {
    let row = |y: u16| Rect { y: area.y + y.min(area.height.saturating_sub(1)), height: 1, ..area };
    let mut rows = Rect { y: area.y + 3, height: area.height.saturating_sub(4), ..area };
    let mut detail = Rect { height: 0, ..rows };
    if diff.detail.unwrap_or(area.height >= ROOMY) {
        let height = (rows.height / 3).clamp(4, DETAIL).min(rows.height.saturating_sub(1));
        rows.height -= height;
        detail = Rect { y: rows.y + rows.height, height, ..rows };
    }
    let footer = row(area.height.saturating_sub(1));
    let beside = area.width >= BESIDE;
    Layout { title: row(0), counts: row(1), headings: row(2), rows, detail, footer, beside }
}

/// Compares two sessions.
pub fn open(state: &mut State, sources: [Source; 2], titles: [String; 2], exact: bool) -> Vec<Effect> {
    state.tickets += 1;
    let audits = sources.clone().map(|source| source.audit.unwrap_or(source.cast));
    state.diff = Some(Diff {
        sources,
        titles,
        ticket: state.tickets,
        found: None,
        topic: Topic::Calls,
        only_differences: false,
        shown: Vec::new(),
        selected: 0,
        side: 0,
        detail: None,
    });
    vec![Effect::Compare(audits, exact, state.tickets)]
}

/// Takes what was found.
pub fn told(state: &mut State, ticket: Ticket, found: Result<Box<Comparison>, Error>) {
    let Some(diff) = state.diff.as_mut().filter(|diff| diff.ticket == ticket) else { return };
    diff.found = Some(found);
    let calls_are_same = diff
        .comparison()
        .is_some_and(|found| found.rows(Topic::Calls).iter().all(|row| row.state == Difference::Same));
    let commands_differ = diff
        .comparison()
        .is_some_and(|found| found.rows(Topic::Commands).iter().any(|row| row.state != Difference::Same));
    if calls_are_same && commands_differ {
        diff.topic = Topic::Commands;
    }
    diff.refresh();
    // What differs is what one came for.
    if diff.shown.first().is_some_and(|row| row.state == Difference::Same) {
        diff.choose_difference(true);
    }
}

/// Does what was wished while it is shown.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let Some(diff) = &mut state.diff else { return Vec::new() };
    let page = usize::from(place(diff, area).rows.height.max(2)) - 1;
    let last = diff.shown.len().saturating_sub(1);
    match action {
        Action::Up => diff.selected = diff.selected.saturating_sub(1),
        Action::Down => diff.selected = (diff.selected + 1).min(last),
        Action::PageUp => diff.selected = diff.selected.saturating_sub(page),
        Action::PageDown => diff.selected = (diff.selected + page).min(last),
        Action::First => diff.selected = 0,
        Action::Last => diff.selected = last,
        Action::Left => diff.side = 0,
        Action::Right => diff.side = 1,
        Action::NextTopic => {
            diff.topic = match diff.topic {
                Topic::Calls => Topic::Commands,
                Topic::Commands => Topic::Calls,
            };
            diff.selected = 0;
            diff.refresh();
        }
        Action::OnlyDifferences => {
            diff.only_differences = !diff.only_differences;
            diff.refresh();
        }
        Action::NextDifference | Action::PreviousDifference
            if !diff.choose_difference(action == Action::NextDifference) =>
        {
            state.notice = Some("no more differences in this direction".to_owned());
        }
        Action::ToggleDetail => diff.detail = Some(place(diff, area).detail.is_empty()),
        Action::Open => return land(state),
        Action::Back if !state.has_list => return vec![Effect::Quit],
        Action::Back => state.diff = None,
        _ => {}
    }
    Vec::new()
}

/// Opens the chosen session, or the one that alone has it, at the moment of the chosen row.
fn land(state: &mut State) -> Vec<Effect> {
    let Some(diff) = &state.diff else { return Vec::new() };
    let Some((_, items)) = diff.chosen() else { return Vec::new() };
    let side = if items[diff.side].is_some() { diff.side } else { 1 - diff.side };
    let Some(item) = items[side] else { return Vec::new() };
    let at = item.at;
    let (source, title) = (diff.sources[side].clone(), diff.titles[side].clone());
    let mut effects = update::open(state, source, title, None);
    effects.extend(update::hold_at(state, at));
    effects
}

/// A press of the button: chooses a row and a session; a chosen one is opened.
pub fn click(state: &mut State, at: Position, pressed: bool) -> Vec<Effect> {
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let Some(diff) = state.diff.as_mut().filter(|_| pressed) else { return Vec::new() };
    let places = place(diff, area);
    if !places.rows.contains(at) {
        return Vec::new();
    }
    let first = layout::top(diff.selected, diff.shown.len(), usize::from(places.rows.height));
    let row = first + usize::from(at.y - places.rows.y);
    let side = match places.beside {
        true => usize::from(at.x >= places.rows.x + places.rows.width / 2),
        false => diff.side,
    };
    if (row, side) == (diff.selected, diff.side) {
        return update(state, Action::Open);
    }
    if row < diff.shown.len() {
        (diff.selected, diff.side) = (row, side);
    }
    Vec::new()
}
