//! All about what is chosen, as it was laid out.

use ratatui::layout::Rect;

use crate::replay::bodies;
use crate::replay::detail::Find;
use crate::replay::detail::Row;
use crate::replay::play::Play;
use crate::replay::pretty::Form;
use crate::replay::theme::Meaning;
use crate::replay::view::pen::Pen;

/// Draws it on `area`: a heading, then the rows from the one scrolled to.
pub fn draw(play: &Play, area: Rect, pen: &mut Pen<'_>) {
    let (Some(open), false) = (&play.detail, area.is_empty()) else { return };
    pen.fill(area, Meaning::Text);
    let all = open.rows();
    let height = usize::from(area.height - 1);
    let last = (open.scroll + height).min(all.len());
    let found = open.find.as_ref().map(|find| match find.hits.len() {
        0 => format!(" \"{}\" not found", find.text),
        count => format!(" \"{}\" {} of {count}  n N", find.text, find.at + 1),
    });
    let place = if all.len() > height {
        format!("  {}-{last} of {}  PgUp PgDn", open.scroll + 1, all.len())
    } else {
        String::new()
    };
    let keys = if found.is_none() { "  F find" } else { "" };
    let pieces = [
        (" Detail ", Meaning::Selected),
        (found.as_deref().unwrap_or_default(), Meaning::Key),
        (place.as_str(), Meaning::Bar),
        (keys, Meaning::Bar),
    ];
    pen.row(area, Meaning::Bar, &pieces);
    let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
    rows(all.iter().skip(open.scroll), open.find.as_ref(), rest, pen);
}

/// Draws rows, as many as there is room for.
pub fn rows<'a>(rows: impl Iterator<Item = &'a Row>, find: Option<&Find>, area: Rect, pen: &mut Pen<'_>) {
    for (y, row) in (area.y..area.y + area.height).zip(rows) {
        let left =
            if row.text.is_empty() || row.meaning == Meaning::Heading { row.meaning } else { Meaning::Muted };
        let mut pieces = vec![(row.left.as_str(), left)];
        let looks = looks(row, find);
        let mut from = 0;
        while from < row.text.len() {
            let length = looks[from..].iter().take_while(|look| **look == looks[from]).count();
            pieces.push((&row.text[from..from + length], looks[from]));
            from += length;
        }
        pen.row(Rect { y, height: 1, ..area }, Meaning::Text, &pieces);
    }
}

/// How each byte of a row's text is coloured; the bytes of one letter alike.
fn looks(row: &Row, find: Option<&Find>) -> Vec<Meaning> {
    let text = row.text.as_str();
    let usual = if row.meaning == Meaning::Heading { Meaning::Muted } else { row.meaning };
    let mut looks = vec![usual; text.len()];
    match row.form {
        Some(Form::Json | Form::Cbor) => {
            let from = text.len() - text.trim_start().len();
            let name = text[from..].strip_prefix('"').and_then(|rest| rest.find("\": "));
            if let Some(length) = name {
                looks[from..from + length + 2].fill(Meaning::Command);
            }
        }
        Some(Form::Query) => {
            if let Some(length) = text.find(" = ") {
                looks[..length].fill(Meaning::Command);
            }
        }
        Some(Form::Xml) => {
            let mut at = 0;
            while let Some(begin) = text[at..].find('<').map(|offset| at + offset) {
                let end = text[begin..].find('>').map_or(text.len(), |offset| begin + offset + 1);
                looks[begin..end].fill(Meaning::Command);
                at = end;
            }
        }
        _ => {}
    }
    if row.form.is_some() {
        for range in bodies::hidden(text) {
            looks[range].fill(Meaning::Marker);
        }
    }
    for hit in find.into_iter().flat_map(|find| find.pattern.find_iter(text)) {
        looks[hit.range()].fill(Meaning::Match);
    }
    looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_masked_values_are_coloured() {
        let row = |text: &str, form| Row {
            left: String::new(),
            text: text.to_owned(),
            meaning: Meaning::Text,
            form,
        };
        let piece = |text: &str, form, meaning| -> String {
            let looks = looks(&row(text, Some(form)), None);
            text.char_indices().filter(|(at, _)| looks[*at] == meaning).map(|(_, c)| c).collect()
        };
        let line = "  \"é\": \"hoopmask:jwt:abcdefgh, \\\": \"";
        assert_eq!(piece(line, Form::Json, Meaning::Command), "\"é\"");
        assert_eq!(piece(line, Form::Json, Meaning::Marker), "hoopmask:jwt:abcdefgh");
        assert_eq!(piece("<a>x</a", Form::Xml, Meaning::Command), "<a></a");
        assert_eq!(piece("Key = a = *****", Form::Query, Meaning::Command), "Key");
        assert_eq!(piece("Key = a = *****", Form::Query, Meaning::Marker), "*****");
    }
}
