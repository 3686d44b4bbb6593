//! The tabs of the list as they stand in a row: their words and numbers, and where each is.

use ratatui::layout::Rect;

use crate::replay::panes::Tab;
use crate::replay::play::Play;
use crate::term::width;

/// The tabs as they stand on a row of `columns`: their words, the shown one's with its numbers. Where there is no room for
/// all it is the shown one alone, with signs that there are others.
#[must_use]
pub fn words(play: &Play, columns: u16) -> Vec<(Tab, String)> {
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

/// The tab at column `x` of `area`, on which [`words`] stand; where the shown one stands alone, the next one.
#[must_use]
pub fn tab_at(play: &Play, area: Rect, x: u16) -> Option<Tab> {
    let tabs = words(play, area.width);
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
