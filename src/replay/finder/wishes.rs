//! What keys and wishes do to the list.

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyModifiers;

use crate::query;
use crate::query::Now;
use crate::replay::action::Action;
use crate::replay::finder::Finder;
use crate::replay::finder::Wish;
use crate::replay::finder::landing;
use crate::replay::finder::librarian::News;
use crate::replay::finder::line::Edit;
use crate::replay::finder::line::Line;
use crate::replay::finder::marks;
use crate::replay::finder::popup::Kind;
use crate::replay::finder::popup::Popup;
use crate::replay::finder::queries;
use crate::replay::finder::queries::Change;
use crate::replay::layout;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;

pub(super) fn effects(wishes: Vec<Wish>) -> Vec<Effect> {
    wishes.into_iter().map(Effect::Library).collect()
}

/// Begins with the list, `query` in its line.
pub fn begin(state: &mut State, query: &str) -> Vec<Effect> {
    let now = state.now();
    state.sessions = Finder::new(query);
    effects(state.sessions.begin(&now))
}

/// Takes news for the list.
pub fn told(state: &mut State, news: News) -> Vec<Effect> {
    let (wishes, word) = state.sessions.receive(news);
    if state.play.is_none() && state.diff.is_none() {
        state.notice = word.or(state.notice.take());
    }
    effects(wishes)
}

/// The wheel in the box below the line.
pub(super) fn step_popup(finder: &mut Finder, down: bool) {
    if let Some(popup) = &mut finder.popup {
        popup.step(down);
    }
}

/// Does what was wished in the list.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let page = layout::page(state);
    let now = state.now();
    let finder = &mut state.sessions;
    let selected = finder.selected;
    let wishes = match action {
        Action::Open => return open(state),
        Action::Into => match finder.row().is_some_and(|row| !row.hits.is_empty()) && finder.hit.is_none() {
            true => {
                finder.hit = Some(0);
                Vec::new()
            }
            false => return open(state),
        },
        Action::MarkSession => {
            marks::mark(state);
            Vec::new()
        }
        Action::CompareSessions => return marks::compare(state),
        Action::Back if finder.is_bare() && !finder.marked.is_empty() => {
            finder.marked.clear();
            Vec::new()
        }
        Action::Back if finder.is_bare() => {
            return vec![Effect::Quit];
        }
        Action::Back => finder.back(&now),
        Action::Out => {
            finder.hit = None;
            Vec::new()
        }
        Action::StartTyping => {
            finder.typing = true;
            Vec::new()
        }
        Action::History => {
            finder.begin_list(Popup::asked(&finder.queries, finder.line.text()));
            Vec::new()
        }
        Action::SavedQueries => {
            finder.begin_list(Popup::saved(&finder.queries, ""));
            finder.line = Line::new("@");
            Vec::new()
        }
        Action::SaveQuery => {
            if finder.line.is_blank() || finder.wrong.is_some() {
                state.notice = Some("type a query first, then save it under a name".to_owned());
            } else {
                finder.popup = None;
                finder.naming = Some(Line::default());
            }
            Vec::new()
        }
        Action::Complete => {
            finder.suggest_all();
            finder.values_wanted()
        }
        Action::Reload => vec![Wish::CatchUp],
        Action::Up => finder.move_up(),
        Action::Down => finder.move_down(),
        Action::PageUp => finder.select(selected.saturating_sub(page)),
        Action::PageDown => finder.select(selected + page),
        Action::First => finder.select(0),
        Action::Last => finder.select(usize::MAX),
        _ => Vec::new(),
    };
    effects(wishes)
}

/// Takes a key as text or for the box below the line, if something is being typed.
pub fn key(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let now = state.now();
    let finder = &mut state.sessions;
    if finder.naming.is_some() {
        return name(state, key);
    }
    if !finder.typing {
        return None;
    }
    if let Some(wishes) = finder.popup_key(key, &now) {
        return Some(effects(wishes));
    }
    let at_top = finder.selected == 0 && finder.hit.is_none();
    match key.code {
        KeyCode::Up if finder.line.text().is_empty() && at_top => {
            return Some(update(state, Action::History));
        }
        KeyCode::Right if finder.line.is_at_end() && key.modifiers.is_empty() => {
            let has_hits = finder.row().is_some_and(|row| !row.hits.is_empty());
            return Some(if has_hits { update(state, Action::Into) } else { Vec::new() });
        }
        KeyCode::Left if finder.hit.is_some() => return Some(update(state, Action::Out)),
        KeyCode::Esc | KeyCode::Tab | KeyCode::Enter => return None,
        KeyCode::Char('c' | 'z') if key.modifiers.contains(KeyModifiers::CONTROL) => return None,
        _ => {}
    }
    match finder.line.key(key) {
        Edit::Changed => Some(effects(finder.edited(&now))),
        Edit::Moved => {
            finder.suggest();
            Some(effects(finder.values_wanted()))
        }
        Edit::Nothing
            if matches!(key.code, KeyCode::Char(_)) && key.modifiers.contains(KeyModifiers::ALT) =>
        {
            Some(Vec::new())
        }
        Edit::Nothing => None,
    }
}

/// Takes pasted text: for the name that is typed, else for the query line.
pub fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    let now = state.now();
    let finder = &mut state.sessions;
    if let Some(name) = &mut finder.naming {
        name.paste(text);
        return Vec::new();
    }
    finder.typing = true;
    finder.line.paste(text);
    effects(finder.edited(&now))
}

/// Takes a key for the name under which the query is to be saved.
fn name(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let finder = &mut state.sessions;
    let line = finder.naming.as_mut()?;
    state.notice = None;
    match key.code {
        KeyCode::Char('c' | 'z') if key.modifiers.contains(KeyModifiers::CONTROL) => return None,
        KeyCode::Esc => finder.naming = None,
        KeyCode::Enter => {
            let name = line.text().trim().trim_start_matches('@').to_owned();
            if let Err(why) = queries::check_name(&name) {
                state.notice = Some(why);
                return Some(Vec::new());
            }
            finder.naming = None;
            let query = finder.line.text().trim().to_owned();
            return Some(effects(vec![Wish::Keep(Change::Save { name, query })]));
        }
        _ => _ = line.key(key),
    }
    Some(Vec::new())
}

/// Opens the chosen session, at the chosen hit or its first one.
fn open(state: &mut State) -> Vec<Effect> {
    let finder = &mut state.sessions;
    let Some(session) = finder.chosen() else { return Vec::new() };
    let title = session.title();
    let (source, expected, runs) = (session.source(), session.length, session.state.is_running());
    let hit = finder.target().cloned();
    let kept = finder.remember();
    // Whoever comes back from it is in the list, not in its line.
    (finder.popup, finder.typing) = (None, false);
    let asked = finder.answered.clone().unwrap_or_default();
    let mut all = update::open(state, source, title, expected);
    if let Some(play) = &mut state.play {
        play.grows |= runs;
    }
    if let Some(hit) = hit {
        all.extend(landing::land(state, &hit, &asked));
    }
    all.extend(effects(kept));
    all
}

impl Finder {
    /// The line has another text: asks for what it means now.
    pub fn edited(&mut self, now: &Now) -> Vec<Wish> {
        self.hit = None;
        if self.popup.as_ref().is_some_and(Popup::is_list) {
            self.relist();
            return Vec::new();
        }
        if self.line.text().starts_with('@') {
            self.wrong = None;
            self.begin_list(Popup::saved(&self.queries, self.line.text()));
            self.kept = Line::default();
            return Vec::new();
        }
        let mut wishes = self.ask_line(now);
        self.suggest();
        wishes.extend(self.values_wanted());
        wishes
    }

    /// Whether there is nothing to leave: neither the line, nor hits, nor a query.
    fn is_bare(&self) -> bool {
        !self.typing && self.hit.is_none() && self.line.text().is_empty()
    }

    /// Leaves what is innermost: the line, the hits, the query.
    fn back(&mut self, now: &Now) -> Vec<Wish> {
        if self.typing {
            let is_begun = self.is_one_letter();
            (self.typing, self.popup) = (false, None);
            let mut wishes = if is_begun { self.ask_line(now) } else { Vec::new() };
            wishes.extend(self.remember());
            return wishes;
        }
        if self.hit.take().is_some() {
            return Vec::new();
        }
        self.line = Line::default();
        self.ask_line(now)
    }

    /// Keeps the query among those asked before.
    pub(super) fn remember(&self) -> Vec<Wish> {
        let is_one = self.wrong.is_none() && !self.line.is_blank();
        let query = self.line.text().trim();
        let is_newest = self.queries.asked.first().is_some_and(|asked| asked == query);
        match is_one && !is_newest {
            true => vec![Wish::Keep(Change::Asked(query.to_owned()))],
            false => Vec::new(),
        }
    }

    fn move_up(&mut self) -> Vec<Wish> {
        match self.hit {
            Some(hit) => {
                self.hit = hit.checked_sub(1);
                Vec::new()
            }
            None => self.select(self.selected.saturating_sub(1)),
        }
    }

    fn move_down(&mut self) -> Vec<Wish> {
        let hits = self.row().map_or(0, |row| row.hits.len());
        match self.hit {
            Some(hit) if hit + 1 < hits => {
                self.hit = Some(hit + 1);
                Vec::new()
            }
            _ => self.select(self.selected.saturating_add(1)),
        }
    }

    /// Shows a list of queries below the line.
    fn begin_list(&mut self, popup: Popup) {
        self.typing = true;
        self.kept = self.line.clone();
        self.popup = Some(popup);
    }

    /// Works out anew which queries are listed.
    pub fn relist(&mut self) {
        let Some(popup) = &self.popup else { return };
        let (typed, chosen) = (self.line.text(), popup.chosen);
        let mut popup = match popup.kind {
            Kind::Words(_) => return,
            Kind::Asked => Popup::asked(&self.queries, typed),
            Kind::Saved => Popup::saved(&self.queries, typed),
        };
        popup.chosen = popup.chosen.map(|first| chosen.unwrap_or(first).min(popup.items.len() - 1));
        self.popup = Some(popup);
    }

    /// Takes a key for the box below the line, if it is one.
    fn popup_key(&mut self, key: KeyEvent, now: &Now) -> Option<Vec<Wish>> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let typing = query::typing(self.line.text(), self.line.cursor());
        // Without a beginning the box is there because it was asked for: arrows are for it, too.
        let in_value = matches!(typing.want, query::Want::Value(_)) || typing.prefix.is_empty();
        let popup = self.popup.as_mut()?;
        let (is_list, is_chosen) = (popup.is_list(), popup.chosen.is_some());
        match key.code {
            KeyCode::Tab if !is_list && popup.items.len() == 1 => {
                popup.chosen = Some(0);
                return Some(self.take_choice(now));
            }
            KeyCode::Tab => popup.step(true),
            KeyCode::BackTab => popup.step(false),
            KeyCode::Down if is_list || is_chosen || in_value => popup.step(true),
            KeyCode::Up if is_list || is_chosen => popup.step(false),
            KeyCode::Char('n') if control && (is_list || is_chosen) => popup.step(true),
            KeyCode::Char('p') if control && (is_list || is_chosen) => popup.step(false),
            KeyCode::Char('r') if control && is_list => popup.step(true),
            KeyCode::Enter if is_list || is_chosen => return Some(self.take_choice(now)),
            KeyCode::Esc if is_list => {
                self.popup = None;
                self.line = std::mem::take(&mut self.kept);
                return Some(self.edited(now));
            }
            KeyCode::Esc if is_chosen => self.popup = None,
            KeyCode::Delete if is_list => {
                let item = popup.choice()?;
                let change = match popup.kind {
                    Kind::Saved => Change::ForgetSaved(item.shown.trim_start_matches('@').to_owned()),
                    _ => Change::ForgetAsked(item.text.clone()),
                };
                return Some(vec![Wish::Keep(change)]);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Puts the chosen line of the box where it belongs.
    pub fn take_choice(&mut self, now: &Now) -> Vec<Wish> {
        let Some((popup, item)) =
            self.popup.take().and_then(|popup| popup.choice().cloned().map(|item| (popup, item)))
        else {
            return Vec::new();
        };
        let is_list = popup.is_list();
        match popup.kind {
            Kind::Words(range) => {
                // A blank that is there already is not put in twice.
                let is_apart = item.text.ends_with(' ') && self.line.text()[range.end..].starts_with(' ');
                self.line.replace(range.start..range.end + usize::from(is_apart), &item.text);
            }
            Kind::Asked | Kind::Saved => self.line = Line::new(&item.text),
        }
        let mut wishes = self.edited(now);
        if is_list {
            self.popup = None;
            wishes.retain(|wish| !matches!(wish, Wish::Values(_)));
        }
        wishes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;

    /// What is asked when the line becomes `text`, if anything is.
    fn asked(state: &mut State, text: &str) -> Option<String> {
        let now = state.now();
        state.sessions.line = Line::new(text);
        let wishes = state.sessions.edited(&now);
        wishes.into_iter().find_map(|wish| match wish {
            Wish::Find(ask) => Some(ask.text),
            _ => None,
        })
    }

    #[test]
    fn a_list_that_opens_with_a_wrong_query_shows_all_sessions() {
        let mut state = fixture::list();
        let effects = begin(&mut state, "usr:ana deploy");
        let is_all =
            |effect: &Effect| matches!(effect, Effect::Library(Wish::Find(ask)) if ask.text.is_empty());
        assert!(effects.iter().any(is_all) && state.sessions.wrong.is_some(), "{effects:?}");
    }

    fn key_of(state: &mut State, code: KeyCode) {
        key(state, KeyEvent::from(code)).unwrap_or_else(|| update(state, Action::Complete));
    }

    #[test]
    fn arrows_walk_through_fields_that_were_asked_for() {
        let mut state = fixture::found();
        asked(&mut state, "");
        for code in [KeyCode::Tab, KeyCode::Down, KeyCode::Down] {
            key_of(&mut state, code);
        }
        assert_eq!(state.sessions.popup.as_ref().and_then(|popup| popup.chosen), Some(1));
        assert_eq!(state.sessions.selected, 0);
        key_of(&mut state, KeyCode::Enter);
        assert_eq!(state.sessions.line.text(), "group:");
    }

    #[test]
    fn a_value_completed_before_others_leaves_one_blank() {
        let mut state = fixture::found();
        asked(&mut state, "decision:d user:ana");
        state.sessions.line.point("decision:d".len());
        state.sessions.suggest();
        key_of(&mut state, KeyCode::Tab);
        assert_eq!(state.sessions.line.text(), "decision:deny user:ana");
        assert_eq!(state.sessions.line.cursor(), "decision:deny ".len());
    }

    #[test]
    fn a_word_of_one_letter_is_asked_when_it_has_ended() {
        let mut state = fixture::found();
        assert_eq!(asked(&mut state, "user:ana d").as_deref(), Some("user:ana"));
        assert_eq!(asked(&mut state, "user:ana de").as_deref(), Some("user:ana de*"));
        assert_eq!(asked(&mut state, "user:ana d ").as_deref(), Some("user:ana d"));
        assert_eq!(asked(&mut state, "user:ana not d"), None, "the rows stay");
        assert_eq!(asked(&mut state, "\u{4e16}").as_deref(), Some("\u{4e16}"), "that one is a word");
        asked(&mut state, "user:ana d");
        let left = update(&mut state, Action::Back);
        let is_asked =
            |effect: &Effect| matches!(effect, Effect::Library(Wish::Find(ask)) if ask.text == "user:ana d");
        assert!(left.iter().any(is_asked), "{left:?}");
    }
}
