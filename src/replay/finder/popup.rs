//! The box below the query line: what the word at the cursor can become, queries asked before, saved queries.

use std::ops::Range;

use crate::replay::finder::queries::Queries;

/// Most lines kept; nobody scrolls further.
const MOST: usize = 500;

/// What the lines of the box are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fields, or values of one: they take the place of these bytes of the line.
    Words(Range<usize>),
    /// Queries asked before: they take the place of the line.
    Asked,
    /// Saved queries: they too.
    Saved,
}

/// A line of the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is put into the query line.
    pub text: String,
    /// What is shown.
    pub shown: String,
    /// A word about it.
    pub note: String,
}

/// The box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popup {
    /// What its lines are.
    pub kind: Kind,
    /// The lines, best first.
    pub items: Vec<Item>,
    /// The chosen line; none while keys go on into the query line.
    pub chosen: Option<usize>,
}

impl Popup {
    /// Words for `range` of the line; none when there is nothing to show.
    #[must_use]
    pub fn words(range: Range<usize>, items: Vec<Item>) -> Option<Self> {
        (!items.is_empty()).then_some(Self { kind: Kind::Words(range), items, chosen: None })
    }

    /// Queries asked before that hold every word of `typed`, newest first.
    #[must_use]
    pub fn asked(queries: &Queries, typed: &str) -> Self {
        let fits = queries.asked.iter().filter(|query| holds(query, typed)).take(MOST);
        let item = |query: &String| Item { text: query.clone(), shown: query.clone(), note: String::new() };
        Self::of(Kind::Asked, fits.map(item).collect())
    }

    /// Saved queries with every word of `typed` in their name or in themselves, by name.
    #[must_use]
    pub fn saved(queries: &Queries, typed: &str) -> Self {
        let typed = typed.trim_start().trim_start_matches('@');
        let fits = queries.saved.iter().filter(|(name, query)| holds(&format!("{name} {query}"), typed));
        let item = |(name, query): (&String, &String)| Item {
            text: query.clone(),
            shown: format!("@{name}"),
            note: query.clone(),
        };
        Self::of(Kind::Saved, fits.map(item).collect())
    }

    fn of(kind: Kind, items: Vec<Item>) -> Self {
        let chosen = (!items.is_empty()).then_some(0);
        Self { kind, items, chosen }
    }

    /// The chosen line.
    #[must_use]
    pub fn choice(&self) -> Option<&Item> {
        self.items.get(self.chosen?)
    }

    /// Chooses the next line, or the one before; around the ends.
    pub fn step(&mut self, forward: bool) {
        let count = self.items.len();
        self.chosen = match (self.chosen, forward) {
            _ if count == 0 => None,
            (None, true) => Some(0),
            (None, false) => Some(count - 1),
            (Some(at), true) => Some((at + 1) % count),
            (Some(at), false) => Some((at + count - 1) % count),
        };
    }

    /// Whether the lines take the place of the whole query line.
    #[must_use]
    pub fn is_list(&self) -> bool {
        !matches!(self.kind, Kind::Words(_))
    }
}

fn holds(text: &str, typed: &str) -> bool {
    let text = text.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries() -> Queries {
        let saved = [("denied", "decision:deny"), ("mine", "user:ana")];
        let saved = saved.map(|(name, query)| (name.to_owned(), query.to_owned())).into();
        Queries { asked: vec!["user:ana make".to_owned(), "deploy".to_owned()], saved }
    }

    fn shown(popup: &Popup) -> Vec<&str> {
        popup.items.iter().map(|item| item.shown.as_str()).collect()
    }

    #[test]
    fn queries_are_narrowed_by_what_is_typed() {
        assert_eq!(shown(&Popup::asked(&queries(), "")), ["user:ana make", "deploy"]);
        assert_eq!(shown(&Popup::asked(&queries(), "MAKE ana")), ["user:ana make"]);
        assert_eq!(shown(&Popup::saved(&queries(), "@")), ["@denied", "@mine"]);
        let popup = Popup::saved(&queries(), "@ana");
        assert_eq!(popup.choice().unwrap().text, "user:ana");
        assert!(Popup::asked(&queries(), "nothing such").choice().is_none());
    }

    #[test]
    fn the_choice_goes_around() {
        let mut popup = Popup::asked(&queries(), "");
        popup.step(false);
        assert_eq!(popup.chosen, Some(1));
        popup.step(true);
        assert_eq!(popup.chosen, Some(0));
        let item = popup.items[0].clone();
        let mut words = Popup::words(0..1, vec![item]).unwrap();
        assert!(words.choice().is_none() && Popup::words(0..1, Vec::new()).is_none());
        words.step(true);
        assert_eq!(words.chosen, Some(0));
    }
}
