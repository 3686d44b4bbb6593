//! The pane beside the screen: its tabs, what is chosen in each, and how one leads to the other.

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::detail::Laid;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::filter::Filter;
use crate::replay::layout;
use crate::replay::moments::Moments;
use crate::replay::moments::Row;
use crate::replay::play::Play;
use crate::replay::questions;
use crate::replay::state::State;
use crate::replay::state::Typing;
use crate::replay::theme::Meaning;
use crate::replay::update::Effect;
use crate::term::width;
use crate::types::Micros;

/// What the pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Everything that happened, as a tree.
    #[default]
    All,
    /// The AWS calls, as a table.
    Calls,
    /// The commands, as a tree.
    Commands,
    /// The questions to people.
    Approvals,
    /// Alerts, trouble, and masked secrets.
    Alerts,
    /// What is known of the session.
    Session,
}

impl Tab {
    /// In the order in which they stand.
    pub const EVERY: [Self; 6] =
        [Self::All, Self::Calls, Self::Commands, Self::Approvals, Self::Alerts, Self::Session];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Calls => "Calls",
            Self::Commands => "Commands",
            Self::Approvals => "Approvals",
            Self::Alerts => "Alerts",
            Self::Session => "Session",
        }
    }

    fn beside(self, forward: bool) -> Self {
        let at = Self::EVERY.iter().position(|tab| *tab == self).unwrap_or(0);
        let count = Self::EVERY.len();
        Self::EVERY[if forward { at + 1 } else { at + count - 1 } % count]
    }
}

/// Which calls are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those that were denied.
    Denied,
    /// Those that people were asked about.
    Asked,
    /// Those that failed otherwise.
    Failed,
    /// Those in which secrets were masked.
    Masked,
}

impl Which {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Denied => "denied",
            Self::Asked => "asked",
            Self::Failed => "failed",
            Self::Masked => "masked",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::All => Self::Denied,
            Self::Denied => Self::Asked,
            Self::Asked => Self::Failed,
            Self::Failed => Self::Masked,
            Self::Masked => Self::All,
        }
    }

    fn fits(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Denied => entry.meaning == Meaning::Deny,
            Self::Asked => !matches!(entry.decision, "allow" | "deny" | "none" | ""),
            Self::Failed => entry.meaning == Meaning::Error,
            Self::Masked => entry.is_masked,
        }
    }
}

/// A list that shows some of its rows.
#[derive(Debug, Default)]
pub struct List {
    /// Which ones: ascending numbers.
    pub shown: Vec<usize>,
    /// The chosen one of these.
    pub selected: usize,
    /// Words that were typed.
    pub filter: Filter,
}

impl List {
    /// The number of the chosen row.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        self.shown.get(self.selected).copied()
    }

    /// Chooses that row, or the one before it; whether it is shown.
    fn choose(&mut self, number: usize) -> bool {
        let found = self.shown.binary_search(&number);
        self.selected = found.unwrap_or_else(|after| after.saturating_sub(1));
        found.is_ok()
    }
}

/// The pane of an open recording.
#[derive(Debug, Default)]
pub struct Panes {
    /// What it shows.
    pub tab: Tab,
    /// What it showed before the tab was chosen by its own key.
    before: Tab,
    /// Numbers of entries.
    pub calls: List,
    /// Which calls.
    pub which: Which,
    /// Only the calls of this command, with all that it started: a number of an entry.
    pub of: Option<usize>,
    /// Numbers of rows of the tree of commands.
    pub commands: List,
    /// Numbers of alerts.
    pub alerts: List,
    /// How many of the alerts are masked secrets.
    masked: usize,
    /// The facts as they were laid out.
    pub facts: Laid,
    /// The first row of them that is shown.
    pub scroll: usize,
}

impl Panes {
    /// The list that a filter narrows, if the tab has one.
    #[must_use]
    pub fn list(&self) -> Option<&List> {
        match self.tab {
            Tab::Calls => Some(&self.calls),
            Tab::Commands => Some(&self.commands),
            Tab::Alerts => Some(&self.alerts),
            _ => None,
        }
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        match self.tab {
            Tab::Calls => Some(&mut self.calls),
            Tab::Commands => Some(&mut self.commands),
            Tab::Alerts => Some(&mut self.alerts),
            _ => None,
        }
    }

    /// Whether rows are kept from sight.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        let is_typed = self.list().is_some_and(|list| !list.filter.is_empty());
        is_typed || self.tab == Tab::Calls && (self.which != Which::All || self.of.is_some())
    }
}

impl Play {
    /// Takes what there is to jump to, and the alerts.
    pub fn set_moments(&mut self, moments: Moments, alerts: Vec<Entry>) {
        self.moments = moments;
        // What is chosen stays so, though its number may be another one now.
        let known = |entry: Option<usize>| {
            entry
                .and_then(|entry| self.moments.entries().get(entry))
                .map(|entry| (entry.at, entry.title.clone()))
        };
        let (chosen, of) = (known(self.chosen_entry()), known(self.panes.of));
        self.panes.masked = alerts.iter().filter(|entry| entry.kind == Kind::Masked).count();
        self.alerts = alerts;
        self.selected = self.selected.min(self.moments.rows().len().saturating_sub(1));
        self.panes.of = of.and_then(|known| self.moments.same(&known));
        for tab in Tab::EVERY {
            self.narrow(tab, false);
        }
        if let Some(entry) = chosen.and_then(|known| self.moments.same(&known)) {
            self.choose_entry(entry);
        }
        self.follow();
    }

    /// Lets the choice be the last one that has begun, in every list.
    pub fn follow(&mut self) {
        if !self.follows {
            return;
        }
        let at = self.position;
        let moments = &self.moments;
        let begun = moments.entries().partition_point(|entry| entry.at <= at);
        self.selected = moments.row_of(begun.saturating_sub(1)).unwrap_or(0);
        self.panes.calls.selected = moments.begun(&self.panes.calls.shown, at).saturating_sub(1);
        let command =
            moments.begun(moments.commands(), at).checked_sub(1).map(|index| moments.commands()[index]);
        if let Some(row) = command.and_then(|command| moments.command_row_of(command)) {
            self.panes.commands.choose(row);
        }
        let alerts = &self.alerts;
        let fired = self.panes.alerts.shown.partition_point(|index| alerts[*index].at <= at);
        self.panes.alerts.selected = fired.saturating_sub(1);
        self.questions.follow(at);
    }

    /// The chosen row of the list that is shown, and how many rows it has.
    #[must_use]
    pub fn list_place(&self) -> (usize, usize) {
        match (self.panes.tab, self.panes.list()) {
            (_, Some(list)) => (list.selected, list.shown.len()),
            (Tab::Approvals, _) => (self.questions.selected, self.questions.shown().len()),
            (Tab::Session, _) => (self.panes.scroll, self.panes.facts.rows().len()),
            _ => (self.selected, self.moments.rows().len()),
        }
    }

    /// The choice in the list that is shown.
    pub fn list_choice(&mut self) -> &mut usize {
        match self.panes.tab {
            Tab::All => &mut self.selected,
            Tab::Calls => &mut self.panes.calls.selected,
            Tab::Commands => &mut self.panes.commands.selected,
            Tab::Approvals => &mut self.questions.selected,
            Tab::Alerts => &mut self.panes.alerts.selected,
            Tab::Session => &mut self.panes.scroll,
        }
    }

    /// The chosen row of a tree.
    #[must_use]
    pub fn tree_row(&self) -> Option<&Row> {
        match self.panes.tab {
            Tab::All => self.moments.rows().get(self.selected),
            Tab::Commands => self.moments.command_rows().get(self.panes.commands.chosen()?),
            _ => None,
        }
    }

    /// How many are shown as the chosen one.
    #[must_use]
    pub fn times(&self) -> Option<usize> {
        self.tree_row().map(|row| row.times)
    }

    /// The number of the chosen entry, where the list shows entries.
    #[must_use]
    pub fn chosen_entry(&self) -> Option<usize> {
        match self.panes.tab {
            Tab::All | Tab::Commands => self.tree_row().map(|row| row.entry),
            Tab::Calls => self.panes.calls.chosen(),
            _ => None,
        }
    }

    /// What is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Entry> {
        match self.panes.tab {
            Tab::Approvals => self.questions.chosen().map(|asked| &asked.entry),
            Tab::Alerts => self.alerts.get(self.panes.alerts.chosen()?),
            Tab::Session => None,
            _ => self.moments.entries().get(self.chosen_entry()?),
        }
    }

    /// Works out which rows of a tab's list are shown. `narrows`: only those that are shown now can be.
    fn narrow(&mut self, tab: Tab, narrows: bool) {
        let Self { moments, alerts, panes, .. } = self;
        let Panes { which, of, .. } = *panes;
        let list = match tab {
            Tab::Calls => &mut panes.calls,
            Tab::Commands => &mut panes.commands,
            Tab::Alerts => &mut panes.alerts,
            _ => return,
        };
        let chosen = list.chosen();
        let entry = |number: usize| match tab {
            Tab::Calls => &moments.entries()[number],
            Tab::Commands => &moments.entries()[moments.command_rows()[number].entry],
            _ => &alerts[number],
        };
        let filter = &list.filter;
        let fits = |number: &usize| {
            let entry = entry(*number);
            (tab != Tab::Calls || which.fits(entry))
                && (filter.is_empty()
                    || filter.fits(&[entry.decision, &entry.title, &entry.subject, &entry.result]))
        };
        list.shown = match (tab, of) {
            _ if narrows => std::mem::take(&mut list.shown).into_iter().filter(fits).collect(),
            (Tab::Calls, Some(command)) => moments.calls_below(command).into_iter().filter(fits).collect(),
            (Tab::Calls, None) => moments.calls().iter().copied().filter(fits).collect(),
            (Tab::Commands, _) => (0..moments.command_rows().len()).filter(fits).collect(),
            _ => (0..alerts.len()).filter(fits).collect(),
        };
        list.selected = 0;
        if let Some(chosen) = chosen {
            list.choose(chosen);
        }
        self.version += 1;
    }

    /// Shows all rows of the tab again.
    fn widen(&mut self) {
        if let Some(list) = self.panes.list_mut() {
            list.filter = Filter::default();
        }
        if self.panes.tab == Tab::Calls {
            (self.panes.which, self.panes.of) = (Which::All, None);
        }
        self.narrow(self.panes.tab, false);
    }

    /// Chooses an entry in every list that has it, or has what belongs to it: a call's command, a command's first call.
    pub fn choose_entry(&mut self, entry: usize) {
        let moments = &self.moments;
        let Some(found) = moments.entries().get(entry) else { return };
        self.selected = moments.row_of(entry).unwrap_or(self.selected);
        let (call, command) = match (found.is_call(), found.is_command()) {
            (true, _) => (Some(entry), moments.command_behind(entry)),
            (_, true) => (moments.calls_of(entry).map(|(first, _)| first), Some(entry)),
            _ => (None, None),
        };
        if let Some(call) = call {
            self.panes.calls.choose(call);
        }
        if let Some(row) = command.and_then(|command| moments.command_row_of(command)) {
            self.panes.commands.choose(row);
        }
    }

    /// Shows `entry` in the tab of its kind, whatever the filter there.
    fn choose_in(&mut self, tab: Tab, entry: usize) {
        self.turn_to(tab);
        let number = if tab == Tab::Commands { self.moments.command_row_of(entry) } else { Some(entry) };
        let is_shown = |play: &mut Self| {
            number.is_some_and(|number| play.panes.list_mut().is_some_and(|list| list.choose(number)))
        };
        if !is_shown(self) {
            self.widen();
            is_shown(self);
        }
        self.follows = false;
    }

    /// Shows a tab; what was chosen before leads to what is chosen there.
    fn show(&mut self, tab: Tab) {
        let (at, call) = self.chosen().map_or((self.position, None), |entry| (entry.at, entry.call));
        let entry = self.chosen_entry().or(call.and_then(|call| self.moments.entry_of_call(call)));
        self.turn_to(tab);
        if tab == Tab::Approvals && self.questions.choose_of(call) {
            self.follows = false;
        }
        if self.follows {
            return;
        }
        match (tab, entry) {
            (Tab::Approvals, _) => {}
            (Tab::Alerts, _) => {
                let alerts = &self.alerts;
                let shown = &self.panes.alerts.shown;
                let own = shown.iter().position(|index| call.is_some() && alerts[*index].call == call);
                let before = shown.partition_point(|index| alerts[*index].at <= at).saturating_sub(1);
                self.panes.alerts.selected = own.unwrap_or(before);
            }
            (_, Some(entry)) => {
                // By time first: what has no command, or no call, leads to what was then.
                self.panes.calls.selected = self.moments.begun(&self.panes.calls.shown, at).saturating_sub(1);
                self.choose_entry(entry);
            }
            (_, None) => {
                let begun = self.moments.entries().partition_point(|entry| entry.at <= at);
                let entry = begun.saturating_sub(1);
                self.panes.calls.selected = self.moments.begun(&self.panes.calls.shown, at).saturating_sub(1);
                self.choose_entry(entry);
            }
        }
    }

    fn turn_to(&mut self, tab: Tab) {
        self.panes.tab = tab;
        self.list = Some(true);
        self.zoom = false;
        self.rewind();
    }

    /// Chooses a row of the list that is shown.
    pub fn choose(&mut self, row: usize) {
        let (_, count) = self.list_place();
        if count == 0 {
            return;
        }
        *self.list_choice() = row.min(count - 1);
        if self.panes.tab != Tab::Session {
            self.follows = false;
            self.rewind();
        }
        self.list = self.list.or(Some(true));
    }
}

/// What an action means for the pane; none: nothing special. A `String` is a word for the person.
pub fn update(state: &mut State, action: Action) -> Option<Result<Vec<Effect>, String>> {
    let page = layout::page(state);
    let area = Rect::new(0, 0, state.size.0, state.size.1);
    let play = state.play.as_mut()?;
    let (selected, _) = play.list_place();
    let tab = play.panes.tab;
    let detail_scrolls = play.detail.is_some();
    match action {
        Action::NextTab | Action::PreviousTab => {
            if uncover(play, area) {
                play.show(tab.beside(action == Action::NextTab));
            }
        }
        Action::TurnTo(wanted) if wanted != tab => play.show(wanted),
        Action::ToggleApprovals if play.questions.all().is_empty() && tab != Tab::Approvals => {
            return Some(Err("nobody was asked anything in this recording".to_owned()));
        }
        Action::ToggleApprovals => toggle(play, Tab::Approvals, area),
        Action::ShowTab(wanted) => toggle(play, wanted, area),
        Action::StartFilter => {
            if !matches!(tab, Tab::Calls | Tab::Commands | Tab::Alerts) {
                play.show(Tab::Calls);
            }
            uncover(play, area);
            state.typed =
                Some(play.panes.list().map(|list| list.filter.text().to_owned()).unwrap_or_default());
            state.typing = Typing::Filter;
        }
        Action::StartFinding => {
            if play.detail.is_none() {
                return Some(Err("open the detail first: d".to_owned()));
            }
            state.typed = Some(String::new());
            state.typing = Typing::Find;
        }
        Action::NextHit | Action::PreviousHit
            if play.detail.as_ref().is_some_and(|open| open.find.is_some()) =>
        {
            play.next_found(action == Action::NextHit);
        }
        Action::NextWhich if tab == Tab::Calls => {
            play.panes.which = play.panes.which.next();
            play.narrow(tab, false);
            play.follows = false;
            play.rewind();
        }
        Action::Back => return back(play, area).then(|| Ok(Vec::new())),
        Action::Up => play.choose(selected.saturating_sub(1)),
        Action::Down => play.choose(selected + 1),
        Action::PageUp | Action::PageDown if detail_scrolls => {
            let by = page_of_detail(play, area);
            if let Some(detail) = &mut play.detail {
                let down = action == Action::PageDown;
                // What is too far is mended when it is laid out.
                detail.scroll = if down { detail.scroll + by } else { detail.scroll.saturating_sub(by) };
            }
        }
        Action::PageUp => play.choose(selected.saturating_sub(page)),
        Action::PageDown => play.choose(selected + page),
        Action::ToCommand | Action::ToCalls | Action::Open | Action::NextWhich if tab == Tab::Approvals => {
            return questions::update(play, action);
        }
        Action::ToCommand => return Some(to_command(play)),
        Action::ToCalls => return Some(to_calls(play)),
        Action::Open if tab == Tab::Alerts => {
            let Some(at) = play.chosen().map(|entry| entry.at) else {
                return Some(Err("nothing is chosen".to_owned()));
            };
            let selected = play.panes.alerts.selected;
            let effect = hold(play, at);
            play.panes.alerts.selected = selected;
            return Some(Ok(vec![effect]));
        }
        Action::Open if tab == Tab::Session => {}
        _ => return None,
    }
    Some(Ok(Vec::new()))
}

/// Goes to a moment and holds there, with the choice that was made.
fn hold(play: &mut Play, at: Micros) -> Effect {
    play.playing = false;
    let at = play.seek(at);
    play.follows = false;
    Effect::Goto(at)
}

/// Rows that the detail is scrolled by: all but two, which stay in sight.
fn page_of_detail(play: &Play, area: Rect) -> usize {
    usize::from(layout::play(play, area).detail.height.saturating_sub(3).max(1))
}

/// Brings the list into sight; whether it was.
fn uncover(play: &mut Play, area: Rect) -> bool {
    let is_there = |play: &Play| !layout::play(play, area).list.is_empty();
    if is_there(play) {
        return true;
    }
    (play.list, play.zoom) = (Some(true), false);
    if !is_there(play) {
        play.detail = None;
    }
    false
}

/// Shows a tab, or what was shown before it.
fn toggle(play: &mut Play, wanted: Tab, area: Rect) {
    let was_there = uncover(play, area);
    let tab = play.panes.tab;
    if tab != wanted {
        play.panes.before = tab;
        play.show(wanted);
    } else if was_there {
        play.show(if play.panes.before == wanted { Tab::All } else { play.panes.before });
    }
}

/// Closes what is innermost; whether anything was.
fn back(play: &mut Play, area: Rect) -> bool {
    if let Some(detail) = play.detail.as_mut().filter(|detail| detail.find.is_some()) {
        detail.find = None;
        return true;
    }
    if play.detail.take().is_some() {
        return true;
    }
    if play.zoom || layout::play(play, area).list.is_empty() {
        return false;
    }
    if play.panes.is_narrowed() {
        play.widen();
        return true;
    }
    if play.panes.tab != Tab::All {
        play.show(Tab::All);
        return true;
    }
    false
}

/// To the command behind what is chosen.
fn to_command(play: &mut Play) -> Result<Vec<Effect>, String> {
    let nothing = || "nothing is known to stand behind this one".to_owned();
    if play.panes.tab == Tab::All {
        let behind = play.chosen_entry().and_then(|entry| play.moments.behind(entry).next());
        let row = behind.and_then(|behind| play.moments.row_of(behind)).ok_or_else(nothing)?;
        play.choose(row);
        return Ok(Vec::new());
    }
    let call = play.chosen().and_then(|entry| entry.call);
    let entry = play.chosen_entry().or(call.and_then(|call| play.moments.entry_of_call(call)));
    let command = entry.and_then(|entry| play.moments.command_behind(entry)).ok_or_else(nothing)?;
    play.choose_in(Tab::Commands, command);
    Ok(Vec::new())
}

/// To the calls of what is chosen.
fn to_calls(play: &mut Play) -> Result<Vec<Effect>, String> {
    let nothing = || "no call is known to come from this one itself".to_owned();
    match play.panes.tab {
        Tab::All => {
            let first = play.chosen_entry().and_then(|entry| play.moments.calls_of(entry));
            let row = first.and_then(|(first, _)| play.moments.row_of(first)).ok_or_else(nothing)?;
            play.choose(row);
        }
        Tab::Commands => {
            let command = play.chosen_entry().ok_or_else(nothing)?;
            let first = play.moments.calls_below(command).first().copied();
            let first = first.ok_or_else(|| "no call is known to come from this one".to_owned())?;
            (play.panes.of, play.panes.which) = (Some(command), Which::All);
            play.panes.calls.filter = Filter::default();
            play.narrow(Tab::Calls, false);
            play.choose_in(Tab::Calls, first);
        }
        _ => {
            let call = play.chosen().and_then(|entry| entry.call);
            let entry = call.and_then(|call| play.moments.entry_of_call(call)).ok_or_else(nothing)?;
            play.choose_in(Tab::Calls, entry);
        }
    }
    Ok(Vec::new())
}

/// The tabs as they stand on a row of `columns`: their words, the shown one's with its numbers. Where there is no room for
/// all it is the shown one alone, with signs that there are others.
#[must_use]
pub fn tabs(play: &Play, columns: u16) -> Vec<(Tab, String)> {
    let shown = play.panes.tab;
    let words = |with_numbers: bool| -> Vec<(Tab, String)> {
        let every = Tab::EVERY.into_iter();
        every
            .map(|tab| {
                let numbers = if tab == shown || with_numbers { numbers(play, tab) } else { String::new() };
                let numbers =
                    if tab == shown { numbers } else { numbers.split(',').next().unwrap_or("").to_owned() };
                let gap = if numbers.is_empty() { "" } else { " " };
                (tab, format!(" {}{gap}{numbers} ", tab.name()))
            })
            .collect()
    };
    let fits = |words: &Vec<(Tab, String)>| {
        words.iter().map(|(_, text)| text.len()).sum::<usize>() <= usize::from(columns)
    };
    let own = vec![(shown, format!(" ‹ {} {} › ", shown.name(), numbers(play, shown)))];
    [words(true), words(false)].into_iter().find(fits).unwrap_or(own)
}

/// The tab at column `x` of `area`, on which [`tabs`] stand; where the shown one stands alone, the next one.
#[must_use]
pub fn tab_at(play: &Play, area: Rect, x: u16) -> Option<Tab> {
    let tabs = tabs(play, area.width);
    if let [(only, words)] = tabs.as_slice() {
        let is_on = usize::from(x - area.x) < width(words);
        return is_on.then(|| only.beside(true));
    }
    let mut from = usize::from(area.x);
    tabs.into_iter().find_map(|(tab, words)| {
        from += width(&words);
        (usize::from(x) < from).then_some(tab)
    })
}

/// How many there are, and how many of them are grave.
fn numbers(play: &Play, tab: Tab) -> String {
    let with = |count: usize, grave: usize, word: &str| match grave {
        0 => count.to_string(),
        _ => format!("{count}, {grave} {word}"),
    };
    let moments = &play.moments;
    match tab {
        Tab::All => with(moments.entries().len(), moments.denied(), "denied"),
        Tab::Calls => with(moments.calls().len(), moments.denied_calls(), "denied"),
        Tab::Commands => with(moments.commands().len(), moments.failed_commands(), "failed"),
        Tab::Approvals => with(play.questions.all().len(), play.questions.refused(), "not granted"),
        Tab::Alerts => {
            let masked = play.panes.masked;
            with(play.alerts.len().saturating_sub(masked), masked, "masked")
        }
        Tab::Session => String::new(),
    }
}

/// Shows the call of that number in the table.
pub fn show_call(play: &mut Play, call: u64) -> bool {
    let entry = play.moments.entry_of_call(call);
    entry.inspect(|entry| play.choose_in(Tab::Calls, *entry)).is_some()
}

/// Narrows the list by what is being typed.
pub fn filter(play: &mut Play, text: &str) {
    let tab = play.panes.tab;
    let Some(list) = play.panes.list_mut() else { return };
    let filter = Filter::new(text);
    let narrows = filter.narrows(&list.filter);
    list.filter = filter;
    play.narrow(tab, narrows);
    play.follows = false;
    play.rewind();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CommandEnd;
    use crate::audit::CommandStart;
    use crate::record::Node;
    use crate::replay::alerts;
    use crate::replay::commands;
    use crate::replay::detail::Detail;
    use crate::replay::entries;
    use crate::replay::fixture;
    use crate::replay::update;

    fn command(at: u64, id: u64, parent: Option<u64>, line: &str) -> Entry {
        let argv = line.split(' ').map(str::to_owned).collect();
        let start = CommandStart { id, parent, argv, ..CommandStart::default() };
        let mut entry = commands::started(Micros(at), &start);
        commands::ended(
            &mut entry,
            &CommandEnd { id, status: Some(0), took: Micros(5), ..CommandEnd::default() },
        );
        entry
    }

    fn call(at: u64, call: u64, parent: u64, title: &str, meaning: Meaning) -> Entry {
        Entry {
            kind: Kind::Call,
            meaning,
            subject: format!("bucket-{call}"),
            call: Some(call),
            decision: if meaning == Meaning::Deny { "deny" } else { "allow" },
            node: Node { at: Micros(at), parent: Some(parent), ..Node::default() },
            ..entries::trouble(Micros(at), title, String::new())
        }
    }

    /// bash (1) runs `make` (2), which runs `aws` (3) with two calls; then `terraform` (4) with one.
    fn session() -> State {
        let mut state = fixture::playing();
        let moments = Moments::new(vec![
            command(1, 1, None, "bash"),
            command(10, 2, Some(1), "make deploy"),
            command(20, 3, Some(2), "aws s3 sync"),
            call(30, 1, 3, "s3:ListBucket", Meaning::Allow),
            call(40, 2, 3, "s3:DeleteObject", Meaning::Deny),
            command(50, 4, Some(1), "terraform apply"),
            call(60, 3, 4, "ec2:RunInstances", Meaning::Allow),
        ]);
        let fired = crate::audit::Alert {
            name: "harvest".to_owned(),
            call: Some(2),
            ..crate::audit::Alert::default()
        };
        let play = state.play.as_mut().unwrap();
        (play.has_audit, play.position) = (true, Micros(0));
        play.set_moments(moments, vec![alerts::alert(Micros(45), &fired)]);
        state
    }

    fn play(state: &State) -> &Play {
        state.play.as_ref().unwrap()
    }

    /// The tab that is shown, and what is chosen there.
    fn chosen(state: &State) -> (Tab, &str) {
        (play(state).panes.tab, play(state).chosen().map_or("", |entry| entry.title.as_str()))
    }

    #[test]
    fn moving_in_the_recording_moves_the_choice_of_every_list() {
        let mut state = session();
        for (at, all, calls, commands) in [
            (0, "bash", "s3:ListBucket", "bash"),
            (35, "s3:ListBucket", "s3:ListBucket", "aws s3 sync"),
            (47, "s3:DeleteObject", "s3:DeleteObject", "aws s3 sync"),
            (99, "ec2:RunInstances", "ec2:RunInstances", "terraform apply"),
            (12, "make deploy", "s3:ListBucket", "make deploy"),
        ] {
            state.play.as_mut().unwrap().seek(Micros(at));
            for (tab, title) in [(Tab::All, all), (Tab::Calls, calls), (Tab::Commands, commands)] {
                update::update(&mut state, Action::TurnTo(tab));
                assert_eq!(chosen(&state), (tab, title), "at {at}");
            }
            update::update(&mut state, Action::TurnTo(Tab::All));
        }
    }

    #[test]
    fn a_choice_leads_from_call_to_command_to_calls_and_to_the_screen() {
        let mut state = session();
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        update::update(&mut state, Action::Down);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(40))]);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        update::update(&mut state, Action::NextTab);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"), "its command is chosen there");
        update::update(&mut state, Action::PreviousTab);
        update::update(&mut state, Action::ToCommand);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"));
        update::update(&mut state, Action::ToCommand);
        assert_eq!(chosen(&state), (Tab::Commands, "make deploy"));
        update::update(&mut state, Action::ToCalls);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:ListBucket"), "what it started made it");
        assert_eq!(play(&state).panes.calls.shown.len(), 2);
        update::update(&mut state, Action::Back);
        assert_eq!((play(&state).panes.calls.shown.len(), chosen(&state).1), (3, "s3:ListBucket"));
        update::update(&mut state, Action::ShowTab(Tab::Alerts));
        assert_eq!(chosen(&state), (Tab::Alerts, "alert harvest"));
        update::update(&mut state, Action::ToCalls);
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        // A command's own beginning, then its end.
        update::update(&mut state, Action::ToCommand);
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(20))]);
        assert_eq!(update::update(&mut state, Action::Open), [Effect::Goto(Micros(25))]);
        assert_eq!(chosen(&state), (Tab::Commands, "aws s3 sync"));
    }

    #[test]
    fn words_and_kinds_narrow_a_list_and_escape_shows_all_again() {
        let mut state = session();
        update::update(&mut state, Action::StartFilter);
        assert_eq!((play(&state).panes.tab, state.typing), (Tab::Calls, Typing::Filter));
        let shown = |state: &mut State, text: &str| {
            filter(state.play.as_mut().unwrap(), text);
            play(state).panes.calls.shown.len()
        };
        let counts = ["s3", "s3 d", "s3 de", "s3", "-s3", "-s3x", "bucket-3", "nothing", ""];
        assert_eq!(counts.map(|text| shown(&mut state, text)), [2, 1, 1, 2, 1, 3, 1, 0, 3]);
        shown(&mut state, "delete");
        assert_eq!(chosen(&state), (Tab::Calls, "s3:DeleteObject"));
        state.typed = None;
        update::update(&mut state, Action::Back);
        assert_eq!((play(&state).panes.calls.shown.len(), chosen(&state).1), (3, "s3:DeleteObject"));
        let mut counts = Vec::new();
        for _ in 0..5 {
            update::update(&mut state, Action::NextWhich);
            counts.push((play(&state).panes.which.word(), play(&state).panes.calls.shown.len()));
        }
        assert_eq!(counts, [("denied", 1), ("asked", 0), ("failed", 0), ("masked", 0), ("all", 3)]);
        for tab in [Tab::All, Tab::Commands, Tab::Alerts] {
            update::update(&mut state, Action::TurnTo(tab));
            filter(state.play.as_mut().unwrap(), "deploy");
        }
        assert_eq!((play(&state).panes.commands.shown.len(), play(&state).panes.alerts.shown.len()), (1, 0));
    }

    #[test]
    fn keys_go_back_to_what_was_shown_and_tabs_go_round() {
        let mut state = session();
        state.size = (200, 50);
        let mut seen = Vec::new();
        for _ in 0..6 {
            update::update(&mut state, Action::NextTab);
            seen.push(play(&state).panes.tab);
        }
        assert_eq!(seen, [Tab::Calls, Tab::Commands, Tab::Approvals, Tab::Alerts, Tab::Session, Tab::All]);
        update::update(&mut state, Action::PreviousTab);
        assert_eq!(play(&state).panes.tab, Tab::Session);
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        update::update(&mut state, Action::ShowTab(Tab::Calls));
        assert_eq!(play(&state).panes.tab, Tab::Session);
        update::update(&mut state, Action::Back);
        assert_eq!(play(&state).panes.tab, Tab::All);
        // On a small terminal there is one thing at a time: the first press shows the list.
        state.size = (40, 12);
        let play = state.play.as_mut().unwrap();
        (play.list, play.detail) = (None, Some(Detail::default()));
        update::update(&mut state, Action::NextTab);
        assert!(state.play.as_ref().unwrap().detail.is_none());
        assert_eq!(state.play.as_ref().unwrap().panes.tab, Tab::All);
    }

    #[test]
    fn tabs_are_found_where_they_stand() {
        let state = session();
        for columns in [34, 60, 100] {
            let area = Rect::new(7, 3, columns, 1);
            let words = tabs(play(&state), columns);
            assert!(words.iter().map(|(_, words)| width(words)).sum::<usize>() <= usize::from(columns));
            if words.len() == Tab::EVERY.len() {
                let mut x = area.x;
                for (tab, words) in words {
                    assert_eq!(tab_at(play(&state), area, x), Some(tab));
                    x += u16::try_from(width(&words)).unwrap();
                }
                assert_eq!(tab_at(play(&state), area, x), None);
            } else {
                assert_eq!(tab_at(play(&state), area, area.x), Some(Tab::Calls));
            }
        }
    }

    #[test]
    fn a_picture_costs_what_it_shows_however_much_there_is() {
        let mut state = session();
        let mut all = vec![command(0, 1, None, "bash")];
        for n in 0..50_000_u64 {
            all.push(command(2 * n, n + 2, Some(1), &format!("aws s3 cp {n}")));
            all.push(call(2 * n + 1, n, n + 2, "s3:PutObject", Meaning::Allow));
        }
        let play = state.play.as_mut().unwrap();
        play.set_moments(Moments::new(all), Vec::new());
        assert_eq!((play.panes.calls.shown.len(), play.panes.commands.shown.len()), (50_000, 50_001));
        assert_eq!(play.moments.made(0).calls, 50_000);
        play.detail = Some(Detail::default());
        play.settle(Rect::new(0, 0, 200, 50));
        let (before, selected) = (play.detail.as_ref().unwrap().rows().as_ptr(), play.selected);
        play.seek(Micros(60_000));
        play.follows = false;
        play.selected = selected;
        play.settle(Rect::new(0, 0, 200, 50));
        assert_eq!(
            play.detail.as_ref().unwrap().rows().as_ptr(),
            before,
            "nothing is laid out anew for nothing"
        );
        assert_eq!(play.panes.calls.chosen(), Some(60_000));
    }
}
