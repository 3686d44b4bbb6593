//! The links on the recorded screen, and on lines that have left it: what they say, where they lead, and whether the two fit.
//!
//! A target is shown, and nothing else: it reaches neither the terminal nor a browser.

use std::ops::Range;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::back::Back;
use crate::replay::layout;
use crate::replay::play::Play;
use crate::replay::state::State;
use crate::term::Snapshot;

/// A link that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it leads to, as it came: to be made safe before it is shown.
    pub target: Arc<str>,
    /// Its text, as far as it is known.
    pub text: String,
    /// Column and row of its cells: of the recorded screen, or of the lines that are looked back at.
    pub cells: Vec<(u16, u16)>,
}

/// Which link is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its number on the screen, from 0.
    pub number: usize,
    /// Lines of it that are scrolled off.
    pub scroll: u16,
}

/// The links that are shown where there are `height` rows: of the screen, or of the lines that are looked back at.
#[must_use]
pub fn shown(play: &Play, height: u16) -> Vec<Link> {
    match (&play.back, &play.frame) {
        (Some(back), _) => among(back, back.shown(usize::from(height))),
        (None, Some(frame)) => on(&frame.screen),
        (None, None) => Vec::new(),
    }
}

/// The links on these lines, rows counted from the first one. Of a link that begins above them or ends below, all the text is
/// read, so that it is doubted for the same reasons.
fn among(back: &Back, rows: Range<usize>) -> Vec<Link> {
    if rows.is_empty() {
        return Vec::new();
    }
    let all = back.line(rows.start).start..back.line(rows.end - 1).end;
    let mut links: Vec<Link> = Vec::new();
    // Where the last cell was.
    let mut last: Option<(usize, u16)> = None;
    for at in all {
        let Some(row) = back.rows.get(at) else { continue };
        for linked in &row.links {
            for col in linked.columns.clone() {
                let follows = last.is_some_and(|(line, before)| {
                    let is_beside = line == at && before + 1 == col;
                    let above = back.rows.get(line).filter(|above| above.wrapped);
                    let is_below = col == 0
                        && line + 1 == at
                        && above.is_some_and(|above| usize::from(before) + 1 >= above.cells.len());
                    is_beside || is_below
                });
                if !links.last().is_some_and(|link| follows && link.target == linked.target) {
                    let target = Arc::clone(&linked.target);
                    links.push(Link { target, text: String::new(), cells: Vec::new() });
                }
                last = Some((at, col));
                let Some(link) = links.last_mut() else { continue };
                if let Some(cell) = row.cells.get(usize::from(col)).filter(|cell| cell.columns > 0) {
                    link.text.push(cell.character);
                }
                if rows.contains(&at) {
                    link.cells.push((col, u16::try_from(at - rows.start).unwrap_or(u16::MAX)));
                }
            }
        }
    }
    links.retain(|link| !link.cells.is_empty());
    links
}

/// The links of a screen, in the order in which one reads.
#[must_use]
pub fn on(screen: &Snapshot) -> Vec<Link> {
    let mut links: Vec<(Link, u16)> = Vec::new();
    for ((row, col), target) in &screen.links.cells {
        let follows = |(link, number): &(Link, u16)| {
            let Some((before, line)) = link.cells.last() else { return false };
            let is_beside = line == row && before + 1 == *col;
            let is_below = *col == 0 && *line + 1 == *row && *before + 1 == screen.cols;
            number == target && (is_beside || is_below)
        };
        if !links.last().is_some_and(follows) {
            let Some(target_text) = screen.links.targets.get(usize::from(*target)) else { continue };
            let link = Link { target: Arc::clone(target_text), text: String::new(), cells: Vec::new() };
            links.push((link, *target));
        }
        if let (Some((link, _)), Some(cell)) = (links.last_mut(), screen.row(*row).get(usize::from(*col))) {
            link.cells.push((*col, *row));
            if cell.columns > 0 {
                link.text.push(cell.character);
            }
        }
    }
    links.into_iter().map(|(link, _)| link).collect()
}

impl Link {
    /// Why it may not lead where it seems to; empty when nothing speaks for that.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let Some((scheme, _)) = self.target.split_once(':') else {
            return vec!["this is no address".to_owned()];
        };
        let scheme = scheme.to_ascii_lowercase();
        let Some(host) = host(&self.target).filter(|_| scheme == "http" || scheme == "https") else {
            if !matches!(scheme.as_str(), "file" | "mailto") {
                doubts.push(format!("`{scheme}:` is no address of the web: it may start another program"));
            }
            if let Some(seems) = named(&self.text) {
                doubts.push(format!("the text names {seems}, the target does not"));
            }
            return doubts;
        };
        // A name of a file, `README.md`, looks like that of a host.
        let is_part = self.target.trim_end_matches('/').ends_with(self.text.trim());
        if let Some(seems) = named(&self.text).filter(|seems| bare(seems) != bare(&host) && !is_part) {
            doubts.push(format!("the text names {seems}, the target is {host}"));
        }
        if authority(&self.target).is_some_and(|authority| authority.contains('@')) {
            doubts.push(format!("what stands before the @ is not where it leads: that is {host}"));
        }
        if !host.is_ascii() || host.split('.').any(|part| part.starts_with("xn--")) {
            doubts.push("its host has letters that may look like others".to_owned());
        }
        doubts
    }
}

/// What stands between `://` and the path.
fn authority(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("://")?;
    // Browsers take a backslash for a slash.
    Some(rest.split(['/', '\\', '?', '#']).next().unwrap_or(rest))
}

/// The host of an address, in small letters, without port.
fn host(target: &str) -> Option<String> {
    let authority = authority(target)?;
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let end = host.rfind(']').map_or(0, |end| end + 1);
    let host = match host[end..].find(':') {
        Some(port) => &host[..end + port],
        None => host,
    };
    (!host.is_empty()).then(|| host.trim_end_matches('.').to_lowercase())
}

/// The host that a text names: an address, or what looks like a name with a dot.
fn named(text: &str) -> Option<String> {
    let word = text.split_whitespace().find(|word| word.contains("://")).or_else(|| {
        let mut words = text.split_whitespace();
        words.next().filter(|_| words.next().is_none())
    })?;
    let word = word.trim_matches(|c: char| "<>()[]{}\"'`,;".contains(c));
    if word.contains("://") {
        return host(word);
    }
    let name = word.split(['/', '?', '#', ':']).next()?.trim_end_matches('.').to_lowercase();
    let last = name.rsplit('.').next()?;
    let is_name = name.contains('.')
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic);
    is_name.then_some(name)
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// What `action` does where a link is looked at, or where it begins that; says whether nothing else is to be done.
pub fn update(state: &mut State, action: Action) -> bool {
    let size = state.size;
    let Some(play) = &mut state.play else { return false };
    if play.link.is_none() && action == Action::ShowLinks {
        state.notice = open(play, size, None).err();
        return true;
    }
    if play.link.is_none() {
        return false;
    }
    let last = shown(play, height(play, size)).len().saturating_sub(1);
    let is_back = play.back.is_some();
    let Some(choice) = &mut play.link else { return false };
    let number = choice.number.min(last);
    let other = |number| Choice { number, scroll: 0 };
    match action {
        Action::Up | Action::SeekBack(_) => *choice = other(number.saturating_sub(1)),
        Action::Down | Action::SeekForward(_) => *choice = other((number + 1).min(last)),
        Action::PageUp => choice.scroll = choice.scroll.saturating_sub(4),
        Action::PageDown => choice.scroll = choice.scroll.saturating_add(4),
        Action::Back | Action::ShowLinks => play.link = None,
        // Lines that are looked back at would move away from below it.
        Action::Pan(_, rows) if !is_back || rows == 0 => return false,
        Action::FollowCursor | Action::ToggleZoom => return false,
        // Whatever goes elsewhere ends it.
        _ => {
            play.link = None;
            return false;
        }
    }
    true
}

/// Rows on which lines are shown.
fn height(play: &Play, (cols, rows): (u16, u16)) -> u16 {
    layout::play(play, Rect::new(0, 0, cols, rows)).screen.height
}

/// Looks at the link at a place of what is shown; says whether there is one.
pub fn click(state: &mut State, (col, row): (u16, u16)) -> bool {
    let Some(play) = &mut state.play else { return false };
    let links = shown(play, height(play, state.size));
    let clicked = links.iter().position(|link| link.cells.contains(&(col, row)));
    clicked.is_some_and(|number| open(play, state.size, Some(number)).is_ok())
}

fn open(play: &mut Play, size: (u16, u16), number: Option<usize>) -> Result<(), String> {
    let links = shown(play, height(play, size));
    if links.is_empty() {
        let place = if play.back.is_some() { "on these lines" } else { "on this screen" };
        return Err(format!("there is no link {place}"));
    }
    // A link that may lead elsewhere is what one wants to see first.
    let doubtful = links.iter().position(|link| !link.doubts().is_empty());
    (play.playing, play.live) = (false, false);
    if layout::play(play, Rect::new(0, 0, size.0, size.1)).screen.is_empty() {
        (play.list, play.detail) = (Some(false), None);
    }
    play.link = Some(Choice { number: number.or(doubtful).unwrap_or(0), scroll: 0 });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Screen;

    fn doubts(text: &str, target: &str) -> String {
        Link { target: target.into(), text: text.to_owned(), cells: Vec::new() }.doubts().join("; ")
    }

    #[test]
    fn links_are_found_in_reading_order_with_their_text() {
        let mut screen = Screen::new(10, 3);
        screen.feed("a \x1b]8;;http://x/\x07link that wraps\x1b]8;;\x07 \x1b]8;;http://x/\x07世\x1b]8;;\x07");
        let links = on(&screen.snapshot());
        let texts: Vec<&str> = links.iter().map(|link| link.text.as_str()).collect();
        assert_eq!(texts, ["link that wraps", "世"]);
        assert_eq!((links[0].cells.len(), links[1].cells.len()), (15, 2));
        assert_eq!(links[0].cells[..2], [(2, 0), (3, 0)]);
    }

    #[test]
    fn a_target_that_does_not_fit_its_text_is_doubted() {
        for (text, target, words) in [
            (
                "https://github.com/a",
                "https://evil.example/a",
                "the text names github.com, the target is evil.example",
            ),
            ("github.com", "https://evil.example/", "the text names github.com"),
            ("see https://a.b/x now", "https://a.c/x", "the text names a.b"),
            ("a.b", "https://a.b@evil.example/", "before the @"),
            ("a.b", "https://a.b\\@evil.example/", ""),
            ("here", "https://xn--80ak6aa92e.com/", "may look like others"),
            ("here", "https://аpple.com/", "may look like others"),
            ("here", "javascript:alert(1)", "no address of the web"),
            ("www.bank.example", "vscode://x", "the text names www.bank.example"),
            ("bank.example", "file:///tmp/x", "the text names bank.example"),
            ("here", "x", "this is no address"),
        ] {
            assert!(doubts(text, target).contains(words), "{text} -> {target}: {}", doubts(text, target));
        }
        for (text, target) in [
            ("here", "https://github.com/a"),
            ("https://GitHub.com/a", "https://github.com:443/b"),
            ("www.github.com", "https://github.com/"),
            ("README.md", "https://github.com/a/README.md"),
            ("notes.txt and more", "https://github.com/a"),
            ("notes", "file:///home/ana/notes"),
            ("v1.2", "https://github.com/a"),
            ("1.5", "https://[::1]:80/"),
        ] {
            assert_eq!(doubts(text, target), "", "{text} -> {target}");
        }
    }
}
