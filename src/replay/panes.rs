//! The list beside the screen: its tabs, which rows each shows, and what is chosen.

use crate::replay::detail::Laid;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::filter::Filter;
use crate::replay::moments::Moments;
use crate::replay::moments::Row;
use crate::replay::play::Play;
use crate::replay::theme::Meaning;

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

    /// The one after it, or before it, around the ends.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
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

    /// The next of them, around the end.
    #[must_use]
    pub fn next(self) -> Self {
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
    pub fn choose(&mut self, number: usize) -> bool {
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
    pub before: Tab,
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
    pub masked: usize,
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

    /// The same, to be changed.
    pub fn list_mut(&mut self) -> Option<&mut List> {
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

    /// Whether the detail is open, and there is anything that it is about.
    #[must_use]
    pub fn shows_detail(&self) -> bool {
        self.detail.is_some() && self.chosen().is_some()
    }

    /// Works out which rows of a tab's list are shown. `narrows`: only those that are shown now can be.
    pub fn narrow(&mut self, tab: Tab, narrows: bool) {
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
    pub fn widen(&mut self) {
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
    pub fn choose_in(&mut self, tab: Tab, entry: usize) {
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
    pub fn show(&mut self, tab: Tab) {
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

    /// Shows a tab, with what is chosen in it.
    pub fn turn_to(&mut self, tab: Tab) {
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
