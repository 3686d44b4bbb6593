//! What is being typed at the cursor, for completion.

use std::ops::Range;

use super::fields::FIELDS;
use super::fields::Field;
use super::paint;

/// What could be completed at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// What a completion replaces, in bytes of the query.
    pub range: Range<usize>,
    /// What is wanted there.
    pub want: Want,
    /// What stands there before the cursor, without quotes.
    pub prefix: String,
}

/// What is wanted at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The name of a field, or a word of free text.
    Name,
    /// A value of this field.
    Value(Field),
}

impl Typing {
    /// The fields whose names begin as what is typed, or hold it; in the order of help. None of them are offered for
    /// the value of a field.
    #[must_use]
    pub fn names(&self) -> Vec<Field> {
        let typed = self.prefix.to_ascii_lowercase();
        if self.want != Want::Name {
            return Vec::new();
        }
        let begins = FIELDS.iter().filter(|info| info.name.starts_with(&typed));
        let holds = FIELDS
            .iter()
            .filter(|info| typed.len() > 1 && info.name.contains(&typed) && !info.name.starts_with(&typed));
        begins.chain(holds).map(|info| info.field).collect()
    }

    /// The values that `field` has anyway and that begin so.
    #[must_use]
    pub fn values(&self) -> Vec<&'static str> {
        let Want::Value(field) = self.want else { return Vec::new() };
        let typed = self.prefix.to_ascii_lowercase();
        field.info().values.iter().copied().filter(|value| value.starts_with(&typed)).collect()
    }

    /// A value as it is put into the query: in quotes where it needs them, with a space after it.
    #[must_use]
    pub fn completed(value: &str) -> String {
        let is_bare = !value.starts_with('"')
            && !value.is_empty()
            && value.chars().all(|letter| !letter.is_whitespace() && !"()".contains(letter));
        match is_bare {
            true => format!("{value} "),
            false => format!("\"{}\" ", value.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// What is being typed at `cursor`, in bytes.
#[must_use]
pub fn typing(text: &str, cursor: usize) -> Typing {
    let cursor = text.floor_char_boundary(cursor.min(text.len()));
    let Some((range, field)) = paint::at(text, cursor) else {
        return Typing { range: cursor..cursor, want: Want::Name, prefix: String::new() };
    };
    let typed = &text[range.start..cursor];
    let prefix = match field {
        Some(_) => typed.replace("\\\"", "\"").trim_start_matches('"').to_owned(),
        None => typed.to_owned(),
    };
    Typing { range, want: field.map_or(Want::Name, Want::Value), prefix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_completed_where_they_stand() {
        let found = |text: &str| typing(text, text.len());
        let typed = found("a de");
        assert_eq!((typed.range.clone(), typed.want, typed.prefix.as_str()), (2..4, Want::Name, "de"));
        assert_eq!(typed.names(), [Field::Decision]);
        assert_eq!(found("decision:").want, Want::Value(Field::Decision));
        assert_eq!(found("decision:d").values(), ["deny"]);
        assert_eq!(found("-user:an").range, 6..8);
        assert_eq!(found("command:\"git pu").prefix, "git pu");
        assert_eq!(found("x ").range, 2..2);
        assert_eq!(found("x ").names().len(), FIELDS.len());
        assert_eq!(found("\"some words").names().len(), FIELDS.len());
        assert_eq!(found("ov").names(), [Field::Approval, Field::Approver]);
        assert_eq!(typing("user:ana x", 6).prefix, "a");
        assert_eq!(typing("user:ana x", 2).range, 0..5);
        assert_eq!(Typing::completed("a b"), "\"a b\" ");
        assert_eq!(Typing::completed("ana"), "ana ");
    }
}
