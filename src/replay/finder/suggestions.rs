//! What the word at the cursor can become: fields, and values of them.

use crate::query;
use crate::query::About;
use crate::query::Field;
use crate::query::Typing;
use crate::query::Want;
use crate::replay::finder::Finder;
use crate::replay::finder::Wish;
use crate::replay::finder::librarian::AskValues;
use crate::replay::finder::popup::Item;
use crate::replay::finder::popup::Popup;

impl Finder {
    /// Shows what the word at the cursor can become, if one has begun and there is anything.
    pub(super) fn suggest(&mut self) {
        self.suggest_words(false);
    }

    /// The same where no word has begun, too: all fields.
    pub(super) fn suggest_all(&mut self) {
        self.suggest_words(true);
    }

    fn suggest_words(&mut self, all: bool) {
        if self.popup.as_ref().is_some_and(Popup::is_list) {
            return;
        }
        let chosen = self.popup.take().and_then(|popup| popup.choice().cloned());
        if !self.typing {
            return;
        }
        let typing = query::typing(self.line.text(), self.line.cursor());
        let items = match typing.want {
            Want::Name if typing.prefix.is_empty() && !all => Vec::new(),
            Want::Name => typing.names().into_iter().map(name).collect(),
            Want::Value(field) => self.values(field, &typing),
        };
        let range = typing.range;
        let there = self.line.text().get(range.clone()).unwrap_or_default();
        let is_there = items.len() == 1 && items[0].text.trim_end() == there;
        self.popup = Popup::words(range, items).filter(|_| !is_there);
        // Values that came later do not take the choice away.
        if let (Some(popup), Some(chosen)) = (&mut self.popup, chosen) {
            popup.chosen = popup.items.iter().position(|item| *item == chosen);
        }
    }

    /// The question for values of the field at the cursor, if there is one.
    pub(super) fn values_wanted(&self) -> Vec<Wish> {
        let typing = query::typing(self.line.text(), self.line.cursor());
        let Want::Value(field) = typing.want else { return Vec::new() };
        let ask = AskValues { field, prefix: typing.prefix };
        let is_known = self.known.as_ref().is_some_and(|(known, _)| *known == ask);
        if is_known { Vec::new() } else { vec![Wish::Values(ask)] }
    }

    /// Values to offer: those that the index has, then those that the language has.
    fn values(&self, field: Field, typing: &Typing) -> Vec<Item> {
        let prefix = typing.prefix.to_lowercase();
        let begins = |value: &str| value.to_lowercase().starts_with(&prefix);
        let known = self.known.iter().filter(|(ask, _)| ask.field == field).flat_map(|(_, values)| values);
        let mut items: Vec<Item> = known
            .filter(|(value, _)| begins(value))
            .map(|(value, count)| item(value, uses(field, *count)))
            .collect();
        for value in typing.values() {
            if items.iter().all(|item| item.shown != value) {
                items.push(item(value, String::new()));
            }
        }
        items
    }
}

/// In how many sessions a value is, where the index counts those.
fn uses(field: Field, count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    match (field, field.info().about) {
        (Field::Session, _) | (_, About::Call | About::Command | About::Question) => String::new(),
        (_, About::Session) => format!("{count} session{plural}"),
    }
}

fn name(field: Field) -> Item {
    let info = field.info();
    let text = format!("{}:", info.name);
    Item { shown: text.clone(), text, note: format!("{}  {}", info.help, info.example) }
}

/// A value as it is put into the line; what cannot be typed may be anything.
fn item(value: &str, note: String) -> Item {
    let typed: String = value.chars().map(|c| if c.is_control() { '*' } else { c }).collect();
    Item { text: Typing::completed(&typed), shown: value.to_owned(), note }
}
