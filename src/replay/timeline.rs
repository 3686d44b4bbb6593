//! What stands on the timeline: for each of its columns the gravest thing that happened there.

use std::ops::Range;

use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::play::Play;
use crate::replay::questions::REFUSED;
use crate::replay::questions::WAITS;
use crate::replay::theme::Meaning;
use crate::types::Micros;

/// Questions and answers looked at in one column.
const LOOKED_AT: usize = 64;
/// How much questions, answers and search hits matter beside [`Entry::weight`]. People are rare, and what they decide is
/// what a reviewer looks for first.
const NO: u8 = 9;
const YES: u8 = 9;
const QUESTION: u8 = 8;
const HIT: u8 = 4;

/// The marks, from grave to usual, for the list of keys.
pub const LEGEND: &[(&str, &str)] = &[
    ("▲", "an alert"),
    ("⊘ ◈ ◇", "people said no, or nothing; they said yes; they were asked"),
    ("✗", "a denied call, a refused command"),
    ("!", "a failed call; something lost"),
    ("+ ?", "a call that people decided, or did not"),
    ("▪", "a search hit"),
    ("◆ »", "a marker, a typed line"),
    ("┷ ┿", "a command, a call"),
];

/// A mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it looks like.
    pub symbol: char,
    /// How it is coloured.
    pub meaning: Meaning,
    /// When it was.
    pub at: Micros,
    /// How much it matters.
    weight: u8,
    /// What it stands for.
    pub of: Of,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// That entry.
    Entry(usize),
    /// That question to people, or its answer.
    Question(usize),
    /// A search hit.
    Hit,
}

/// The column of a timeline of `width` that `at` falls into.
#[must_use]
pub fn column(at: Micros, duration: Micros, width: u16) -> u16 {
    if duration.0 == 0 {
        return 0;
    }
    let columns = u128::from(width.saturating_sub(1));
    let part = u128::from(at.0.min(duration.0)) * columns / u128::from(duration.0);
    u16::try_from(part).unwrap_or(0)
}

/// The moment at which a column begins.
#[must_use]
pub fn moment(column: u16, duration: Micros, width: u16) -> Micros {
    let columns = u128::from(width.max(2) - 1);
    let part = (u128::from(duration.0) * u128::from(column)).div_ceil(columns);
    Micros(u64::try_from(part).unwrap_or(u64::MAX)).min(duration)
}

/// The marks of a timeline of `width`. Costs the same however long the session is.
#[must_use]
pub fn marks(play: &Play, width: u16) -> Vec<Option<Mark>> {
    (0..width).map(|column| mark(play, column, width)).collect()
}

/// The mark of a column.
#[must_use]
pub fn mark(play: &Play, column: u16, width: u16) -> Option<Mark> {
    let mut best: Option<Mark> = None;
    let mut put = |mark: Mark| {
        if best.as_ref().is_none_or(|best| best.weight < mark.weight) {
            best = Some(mark);
        }
    };
    let entries = play.moments.entries();
    let within = |at: &dyn Fn(usize) -> Micros, count: usize| between(play, column, width, at, count);
    let range = within(&|index| entries[index].at, entries.len());
    if let Some((index, entry)) = play.moments.gravest(range) {
        put(Mark {
            symbol: symbol(entry),
            meaning: entry.meaning,
            at: entry.at,
            weight: entry.weight(),
            of: Of::Entry(index),
        });
    }
    let people = play.questions.moments();
    let range = within(&|index| people[index].0, people.len());
    for (at, question, is_answer) in people[range].iter().take(LOOKED_AT) {
        let Some(asked) = play.questions.all().get(*question) else { continue };
        let (symbol, meaning, weight) = match (is_answer, asked.entry.symbol) {
            (false, _) => (WAITS, Meaning::Ask, QUESTION),
            (true, REFUSED) => (REFUSED, asked.entry.meaning, NO),
            (true, symbol) => (symbol, asked.entry.meaning, YES),
        };
        put(Mark { symbol, meaning, at: *at, weight, of: Of::Question(*question) });
    }
    let hits = &play.search.hits;
    if let Some(hit) = hits.get(within(&|index| hits[index].at, hits.len())).and_then(<[_]>::first) {
        put(Mark { symbol: '▪', meaning: Meaning::Match, at: hit.at, weight: HIT, of: Of::Hit });
    }
    best
}

/// How many entries fall into a column.
#[must_use]
pub fn count(play: &Play, column: u16, width: u16) -> usize {
    let entries = play.moments.entries();
    between(play, column, width, &|index| entries[index].at, entries.len()).len()
}

/// Those of `count` things, by time, that fall into a column.
fn between(play: &Play, column: u16, width: u16, at: &dyn Fn(usize) -> Micros, count: usize) -> Range<usize> {
    let duration = play.duration();
    let before = |limit: u16| {
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self::column(at(middle), duration, width) < limit {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    };
    before(column)..before(column + 1)
}

/// What an entry looks like on the timeline: shapes that can be told apart without colours.
#[must_use]
pub fn symbol(entry: &Entry) -> char {
    match (entry.kind, entry.meaning) {
        (Kind::Command, Meaning::Command) => '┷',
        (Kind::Call, Meaning::Allow | Meaning::Muted) => '┿',
        (Kind::Credential, _) => '┿',
        _ => entry.symbol,
    }
}

/// What a mark stands for, in words.
#[must_use]
pub fn words(play: &Play, mark: &Mark) -> String {
    let entry = match mark.of {
        Of::Entry(index) => play.moments.entries().get(index),
        Of::Question(index) => play.questions.all().get(index).map(|asked| &asked.entry),
        Of::Hit => None,
    };
    let Some(entry) = entry else { return "a search hit".to_owned() };
    let parts = [&entry.title, &entry.result, &entry.subject];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::alerts;
    use crate::replay::entries;
    use crate::replay::fixture;
    use crate::replay::moments::Moments;

    #[test]
    fn the_ends_of_time_are_the_ends_of_the_line() {
        let whole = Micros(u64::MAX);
        assert_eq!(column(Micros(0), whole, 40), 0);
        assert_eq!(column(whole, whole, 40), 39);
        assert_eq!(column(Micros(5), Micros(0), 40), 0);
        assert_eq!(column(Micros(50), Micros(100), 41), 20);
        for (width, duration) in [(40, 100), (200, 7), (2, 1_000_000), (1, 5), (300, u64::MAX)] {
            let duration = Micros(duration);
            for at in 0..width {
                let begin = moment(at, duration, width);
                assert!(column(begin, duration, width) >= at, "{width} {duration:?} {at}");
            }
            assert_eq!(
                (moment(0, duration, width), moment(width.max(2) - 1, duration, width)),
                (Micros(0), duration)
            );
        }
    }

    #[test]
    fn the_gravest_of_a_column_is_shown_and_every_kind_has_its_own_shape() {
        let mut state = fixture::playing();
        let play = state.play.as_mut().unwrap();
        let kinds = [
            (Kind::Call, Meaning::Allow, '✓'),
            (Kind::Command, Meaning::Command, '$'),
            (Kind::Marker, Meaning::Marker, '◆'),
            (Kind::Call, Meaning::Ask, '+'),
            (Kind::Call, Meaning::Error, '!'),
            (Kind::Call, Meaning::Deny, '✗'),
        ];
        let mut all: Vec<Entry> = kinds
            .iter()
            .zip(1..)
            .map(|((kind, meaning, symbol), at)| Entry {
                kind: *kind,
                meaning: *meaning,
                symbol: *symbol,
                ..entries::marker(Micros(at), "")
            })
            .collect();
        all.push(alerts::alert(Micros(7), &crate::audit::Alert::default()));
        let mut seen = Vec::new();
        // Each added one is graver than those before it, at whatever end of the column it stands.
        for count in 1..=all.len() {
            play.set_moments(Moments::new(all[..count].to_vec()), Vec::new());
            seen.push(mark(play, 0, 40).unwrap().symbol);
        }
        assert_eq!(seen, ['┿', '┷', '◆', '+', '!', '✗', '▲']);
        assert_eq!((super::count(play, 0, 40), super::count(play, 1, 40)), (7, 0));
    }
}
