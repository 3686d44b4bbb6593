//! How the viewer looks: the theme that is wanted, the terminal's ground, and the list to choose another theme from.

use std::path::PathBuf;

use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use ratatui::layout::Position;
use ratatui::layout::Rect;

use crate::config::edit;
use crate::error::Error;
use crate::error::Kind;
use crate::replay::action::Action;
use crate::replay::decode::Answer;
use crate::replay::layout;
use crate::replay::state::State;
use crate::replay::theme::Ground;
use crate::replay::theme::Offer;
use crate::replay::theme::Shelf;
use crate::replay::theme::Theme;
use crate::replay::theme::Wanted;
use crate::replay::theme::is_path;
use crate::replay::update::Effect;
use crate::replay::view::wrapped;
use crate::term::width;

/// Columns of the list of themes at most, and rows that it leaves of the picture behind it.
const WIDEST: u16 = 62;
const LEFT: u16 = 4;
/// Columns of what could not be done, at most.
const TOLD: u16 = 76;

/// How it looks, beside the theme in force.
#[derive(Clone, Debug)]
pub struct Look {
    /// What `replay.theme` or `--theme` says.
    pub text: String,
    /// The same, read.
    pub wanted: Wanted,
    /// All themes.
    pub shelf: Shelf,
    /// The terminal's ground, as far as it is known.
    pub ground: Ground,
    /// Whether the terminal may be asked for its ground.
    pub asks: bool,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// The file in which a theme is kept for good.
    pub keeps: Keeps,
}

/// Where a theme is kept for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeps {
    /// The user's configuration file; none: there is no place for one.
    pub file: Option<PathBuf>,
    /// The same, as people write it.
    pub shown: String,
    /// What goes before it: a variable, or the file of a project.
    pub outdone_by: Option<String>,
}

impl Keeps {
    /// Writes that this theme is the one to begin with.
    ///
    /// Fails when the file is wrong or cannot be written; nothing of it has changed then.
    pub fn keep(&self, name: &str) -> Result<(), Error> {
        let Some(file) = &self.file else {
            return Err(Error::new(Kind::Config, "there is no folder for your configuration")
                .why("neither HOME nor XDG_CONFIG_HOME is set"));
        };
        edit::save(file, "replay.theme", &lasting(name))
    }
}

/// The same theme from whatever folder hoop is started: names stay, paths become absolute.
fn lasting(text: &str) -> String {
    let whole = |name: &str| match is_path(name) {
        true => std::path::absolute(name).map_or(name.to_owned(), |path| path.display().to_string()),
        false => name.to_owned(),
    };
    text.split(',').map(|name| whole(name.trim())).collect::<Vec<_>>().join(",")
}

impl Look {
    /// Just this theme.
    #[must_use]
    pub fn of(theme: &Theme) -> Self {
        Self {
            text: theme.name().to_owned(),
            wanted: Wanted::One(Box::new(theme.clone())),
            shelf: Shelf::new(None, theme.depth()),
            ground: Ground::Dark,
            asks: false,
            ascii: false,
            keeps: Keeps::default(),
        }
    }

    /// Takes what the terminal told about itself.
    pub fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Background(rgb) => self.ground = Ground::of(rgb),
            Answer::Ground(ground) => self.ground = ground,
            Answer::Attributes => {}
        }
    }

    /// The theme in force.
    #[must_use]
    pub fn theme(&self) -> &Theme {
        self.wanted.on(self.ground)
    }
}

/// The list of themes, open.
#[derive(Clone, Debug)]
pub struct Picker {
    /// The themes.
    pub offers: Vec<Offer>,
    /// The chosen one.
    pub selected: usize,
    /// Why the theme of that name could not be kept; shown in place of the list.
    pub trouble: Option<(String, Error)>,
}

impl Picker {
    fn chosen(&self) -> Option<&Offer> {
        self.offers.get(self.selected)
    }
}

/// Takes what the terminal told about itself.
pub fn answered(state: &mut State, answer: Answer) -> Vec<Effect> {
    state.look.answered(answer);
    show(state);
    Vec::new()
}

/// Opens the list.
pub fn open(state: &mut State) -> Vec<Effect> {
    let offers = state.look.shelf.built_in();
    state.picker = Some(Picker { offers: Vec::new(), selected: 0, trouble: None });
    listed(state, offers);
    vec![Effect::ListThemes, Effect::AskGround]
}

/// Takes the whole list; what is chosen stays so.
pub fn listed(state: &mut State, mut offers: Vec<Offer>) -> Vec<Effect> {
    let Some(picker) = state.picker.as_mut().filter(|picker| picker.trouble.is_none()) else {
        return Vec::new();
    };
    let name = picker.chosen().map_or(&state.look.text, |offer| &offer.name).clone();
    if offers.iter().all(|offer| offer.name != state.look.text) {
        let theme = Ok(state.look.wanted.clone());
        offers.push(Offer { name: state.look.text.clone(), about: "as you began".to_owned(), theme });
    }
    picker.selected = offers.iter().position(|offer| offer.name == name).unwrap_or(0);
    picker.offers = offers;
    show(state);
    Vec::new()
}

/// Puts the theme in force that is to be seen now: the chosen one while the list is open.
fn show(state: &mut State) {
    let chosen = state.picker.as_ref().and_then(Picker::chosen);
    let theme = match chosen.map(|offer| &offer.theme) {
        Some(Ok(wanted)) => wanted.on(state.look.ground),
        _ => state.look.theme(),
    };
    state.theme = theme.clone();
}

/// Does what was wished while the list is open.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    let page = usize::from(rows(state).height.max(2)) - 1;
    let Some(picker) = &mut state.picker else { return Vec::new() };
    let last = picker.offers.len().saturating_sub(1);
    match action {
        // Whatever is pressed: it has been read.
        _ if picker.trouble.is_some() => state.picker = None,
        Action::Up => picker.selected = picker.selected.saturating_sub(1),
        Action::Down => picker.selected = (picker.selected + 1).min(last),
        // The key that opened the list walks through it.
        Action::ChooseTheme => picker.selected = if picker.selected < last { picker.selected + 1 } else { 0 },
        Action::PageUp => picker.selected = picker.selected.saturating_sub(page),
        Action::PageDown => picker.selected = (picker.selected + page).min(last),
        Action::First => picker.selected = 0,
        Action::Last => picker.selected = last,
        Action::Open => return keep(state),
        Action::Back => state.picker = None,
        _ => return Vec::new(),
    }
    show(state);
    Vec::new()
}

/// Keeps the chosen theme: from now on, and for good.
fn keep(state: &mut State) -> Vec<Effect> {
    let Some(offer) = state.picker.as_ref().and_then(Picker::chosen).cloned() else { return Vec::new() };
    let mut effects = Vec::new();
    match offer.theme {
        Err(why) => state.notice = Some(why),
        Ok(wanted) => {
            state.look.wanted = wanted;
            state.look.text.clone_from(&offer.name);
            state.picker = None;
            effects.push(Effect::KeepTheme(offer.name));
        }
    }
    show(state);
    effects
}

/// Says where the theme of that name is kept now, or why it could not be.
pub fn kept(state: &mut State, name: String, done: Result<(), Error>) {
    if let Err(error) = done {
        state.picker = Some(Picker { offers: Vec::new(), selected: 0, trouble: Some((name, error)) });
        return show(state);
    }
    let Keeps { shown, outdone_by, .. } = &state.look.keeps;
    let saved = format!("theme {name}, saved in {shown}");
    let words = match outdone_by {
        // What matters first: on a small terminal the rest is cut.
        Some(by) => vec![
            format!("{saved}; at the next start {by} goes before it"),
            format!("theme {name} is saved, but {by} goes before it"),
            format!("saved, but {by} goes before it"),
        ],
        None => vec![saved, format!("theme {name} is saved")],
    };
    let room = usize::from(state.size.0).saturating_sub(2);
    let fitting = words.iter().find(|words| width(words) <= room).or(words.last());
    state.notice = fitting.cloned();
}

/// What is said when a theme could not be kept: why, and what to write instead; at most `most` rows of `columns`. Where there
/// is little room the reason is cut, not the way out.
#[must_use]
pub fn trouble_rows(
    look: &Look,
    (name, error): &(String, Error),
    columns: usize,
    most: usize,
) -> Vec<String> {
    let wrap = |lines: &[String]| lines.iter().flat_map(|line| wrapped(line, columns)).collect::<Vec<_>>();
    let why = error.causes().iter().flat_map(|why| why.lines()).chain(error.advice());
    let mut why = wrap(&std::iter::once(error.what()).chain(why).map(str::to_owned).collect::<Vec<_>>());
    let head = wrap(&[format!("{name} is shown, but not saved:")]);
    let place = if look.keeps.shown.is_empty() { "your configuration" } else { &look.keeps.shown };
    let quoted = toml::Value::String(lasting(name)).to_string();
    let foot =
        [format!("To keep it, write into {place}:"), "  [replay]".to_owned(), format!("  theme = {quoted}")];
    let foot = wrap(&foot);
    let gap = if head.len() + why.len() + foot.len() + 2 <= most { vec![String::new()] } else { Vec::new() };
    why.truncate(most.saturating_sub(head.len() + foot.len()).max(1));
    [head, gap.clone(), why, gap, foot].concat()
}

/// Where the list stands: at the right, so that the most of what it changes is seen.
#[must_use]
pub fn place(state: &State) -> Rect {
    let (cols, lines) = state.size;
    if let Some(trouble) = state.picker.as_ref().and_then(|picker| picker.trouble.as_ref()) {
        let width = TOLD.min(cols);
        let most = lines.saturating_sub(1);
        let rows = trouble_rows(
            &state.look,
            trouble,
            usize::from(width.saturating_sub(4)),
            usize::from(most.max(2) - 2),
        );
        let height = u16::try_from(rows.len() + 2).unwrap_or(u16::MAX).min(most);
        return Rect { x: (cols - width) / 2, y: (most - height) / 2, width, height };
    }
    let count = state.picker.as_ref().map_or(0, |picker| picker.offers.len());
    let height =
        u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2).min(lines.saturating_sub(LEFT)).max(3);
    // Half of the screen, but with room for names.
    let width = (cols / 2).clamp(28, WIDEST).min(cols);
    Rect { x: cols - width, y: 1.min(lines), width, height: height.min(lines.saturating_sub(1)) }
}

/// The rows of the list inside its frame.
#[must_use]
pub fn rows(state: &State) -> Rect {
    let place = place(state);
    Rect {
        x: place.x + 1,
        y: place.y + 1,
        width: place.width.saturating_sub(2),
        height: place.height.saturating_sub(2),
    }
}

/// Takes the mouse while the list is open; none: it is not.
pub fn mouse(state: &mut State, mouse: MouseEvent) -> Option<Vec<Effect>> {
    let rows = rows(state);
    let picker = state.picker.as_mut()?;
    let action = match mouse.kind {
        MouseEventKind::Down(_) if picker.trouble.is_some() => Action::Back,
        _ if picker.trouble.is_some() => return Some(Vec::new()),
        MouseEventKind::ScrollUp => Action::Up,
        MouseEventKind::ScrollDown => Action::Down,
        MouseEventKind::Down(MouseButton::Left) => {
            if !rows.contains(Position::new(mouse.column, mouse.row)) {
                return Some(update(state, Action::Back));
            }
            let first = layout::top(picker.selected, picker.offers.len(), usize::from(rows.height));
            let row = first + usize::from(mouse.row - rows.y);
            if row == picker.selected {
                return Some(update(state, Action::Open));
            }
            picker.selected = row.min(picker.offers.len().saturating_sub(1));
            show(state);
            return Some(Vec::new());
        }
        _ => return Some(Vec::new()),
    };
    Some(update(state, action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fixture;
    use crate::replay::theme::Depth;
    use crate::term::Rgb;

    fn choose(state: &mut State, name: &str) {
        while state.picker.as_ref().unwrap().chosen().unwrap().name != name {
            update(state, Action::ChooseTheme);
        }
    }

    #[test]
    fn moving_shows_a_theme_at_once_enter_keeps_it_and_escape_restores() {
        let mut state = fixture::playing();
        assert_eq!(open(&mut state), [Effect::ListThemes, Effect::AskGround]);
        assert_eq!(state.picker.as_ref().unwrap().chosen().unwrap().name, "dark");
        update(&mut state, Action::Down);
        assert_eq!(state.theme.name(), "light");
        update(&mut state, Action::Back);
        assert!(state.theme.name() == "dark" && state.picker.is_none());
        open(&mut state);
        choose(&mut state, "nord");
        assert_eq!(update(&mut state, Action::Open), [Effect::KeepTheme("nord".to_owned())]);
        assert!(state.theme.name() == "nord" && state.picker.is_none());
        open(&mut state);
        choose(&mut state, "light");
        assert_eq!(update(&mut state, Action::Back), []);
        assert_eq!(state.theme.name(), "nord", "what was chosen before");
    }

    #[test]
    fn where_a_theme_was_saved_is_said_in_as_many_words_as_fit() {
        let mut state = fixture::playing();
        state.look.keeps.shown = "~/.config/hoop/config.toml".to_owned();
        let mut said = |columns, outdone_by: Option<&str>| {
            state.size.0 = columns;
            state.look.keeps.outdone_by = outdone_by.map(str::to_owned);
            kept(&mut state, "solarized-light".to_owned(), Ok(()));
            state.notice.take().unwrap()
        };
        assert_eq!(said(80, None), "theme solarized-light, saved in ~/.config/hoop/config.toml");
        assert_eq!(said(40, None), "theme solarized-light is saved");
        let by = Some("HOOP_REPLAY_THEME");
        assert!(said(120, by).ends_with("at the next start HOOP_REPLAY_THEME goes before it"));
        assert_eq!(said(80, by), "theme solarized-light is saved, but HOOP_REPLAY_THEME goes before it");
        assert!(said(40, by).starts_with("saved, but HOOP_REPLAY_THEME"));
    }

    #[test]
    fn what_is_saved_means_the_same_from_everywhere() {
        assert_eq!(lasting("auto"), "auto");
        let both = lasting("nord, ./mine.toml");
        assert!(both.starts_with("nord,/") && both.ends_with("/mine.toml"), "{both}");
        let error = Keeps::default().keep("nord").unwrap_err();
        assert!(error.to_string().contains("XDG_CONFIG_HOME"), "{error}");
    }

    #[test]
    fn auto_follows_the_terminal_also_while_the_list_is_open() {
        let mut state = fixture::playing();
        let shelf = Shelf::new(None, Depth::True);
        state.look.wanted = shelf.find("auto").unwrap();
        state.look.text = "auto".to_owned();
        answered(&mut state, Answer::Background(Rgb(255, 255, 255)));
        assert_eq!(state.theme.name(), "light");
        answered(&mut state, Answer::Ground(Ground::Dark));
        assert_eq!(state.theme.name(), "dark");
        open(&mut state);
        choose(&mut state, "nord");
        answered(&mut state, Answer::Ground(Ground::Light));
        assert_eq!(state.theme.name(), "nord");
        update(&mut state, Action::Back);
        assert_eq!(state.theme.name(), "light");
    }

    #[test]
    fn a_theme_that_cannot_be_read_says_why_and_is_not_kept() {
        let mut state = fixture::playing();
        open(&mut state);
        let mut offers = state.picker.as_ref().unwrap().offers.clone();
        offers.push(Offer { name: "bad".to_owned(), about: String::new(), theme: Err("line 3".to_owned()) });
        listed(&mut state, offers);
        choose(&mut state, "bad");
        assert_eq!(state.theme.name(), "dark");
        update(&mut state, Action::Open);
        assert!(state.picker.is_some() && state.notice.as_deref() == Some("line 3"));
    }

    #[test]
    fn a_click_chooses_and_a_second_one_keeps() {
        let mut state = fixture::playing();
        open(&mut state);
        let place = rows(&state);
        let click = |state: &mut State, row: u16| {
            let kind = MouseEventKind::Down(MouseButton::Left);
            let modifiers = crossterm::event::KeyModifiers::NONE;
            mouse(state, MouseEvent { kind, column: place.x, row, modifiers })
        };
        click(&mut state, place.y + 3);
        let name = state.theme.name().to_owned();
        assert_ne!(name, "dark");
        click(&mut state, place.y + 3);
        assert!(state.picker.is_none() && state.theme.name() == name);
        assert!(click(&mut state, place.y).is_none());
    }
}
