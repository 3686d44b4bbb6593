//! Results in rows: the columns' names stand beside the rows, not in them (Athena, RDS Data, Redshift Data, Timestream).

use std::ops::Range;

use super::csv;
use super::fields::How;
use super::tree::Decider;
use super::tree::New;
use super::tree::Node;

/// Where the columns are described, in lower case.
const COLUMNS: &[&str] = &["columnmetadata", "columninfo"];
/// Where the rows are.
const ROWS: &[&str] = &["records", "rows"];
/// What a column may be called; an alias and the name of what it was made from both count.
const NAMES: &[&str] = &["label", "name"];

/// The columns of a result.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The names of each column.
    pub columns: Vec<Vec<String>>,
    /// The member that has the rows.
    pub rows: String,
}

impl Table {
    /// The table in a map of `members`, if there is one.
    pub fn of(members: &[(String, Node)]) -> Option<Self> {
        let is = |name: &str, known: &[&str]| known.contains(&name.to_lowercase().as_str());
        let rows = members.iter().find(|(name, node)| is(name, ROWS) && matches!(node, Node::List(_)))?;
        // Beside the rows, or one member deeper: `ResultSetMetadata.ColumnInfo`.
        let deeper = members.iter().filter_map(|(_, node)| match node {
            Node::Map(members) => Some(members.as_slice()),
            _ => None,
        });
        let columns =
            std::iter::once(members).chain(deeper).flatten().find_map(|(name, node)| match node {
                Node::List(columns) if is(name, COLUMNS) && !columns.is_empty() => Some(columns),
                _ => None,
            })?;
        Some(Self { columns: columns.iter().map(names_of).collect(), rows: rows.0.clone() })
    }

    /// Whether a row only repeats the columns' names.
    pub fn is_header(&self, cells: &[Node]) -> bool {
        let repeats = |(cell, names): (&Node, &Vec<String>)| {
            text(cell).is_some_and(|text| names.iter().any(|name| name == text))
        };
        cells.len() == self.columns.len() && cells.iter().zip(&self.columns).all(repeats)
    }
}

/// Whether there are rows of cells in a map of `members`.
pub fn has_rows(members: &[(String, Node)]) -> bool {
    members.iter().any(|(name, node)| {
        let is_row = |row: &Node| cells(row).is_some_and(|cells| !cells.is_empty());
        ROWS.contains(&name.to_lowercase().as_str())
            && matches!(node, Node::List(rows) if rows.iter().any(is_row))
    })
}

fn names_of(column: &Node) -> Vec<String> {
    let Node::Map(members) = column else { return Vec::new() };
    let named = members.iter().filter(|(name, _)| NAMES.contains(&name.to_lowercase().as_str()));
    let mut found: Vec<String> = Vec::new();
    for (_, node) in named {
        if let Node::Text(_, text) = node
            && !text.is_empty()
            && !found.contains(text)
        {
            found.push(text.clone());
        }
    }
    found
}

/// The text of a cell such as `{"VarCharValue": "x"}`.
fn text(cell: &Node) -> Option<&str> {
    match cell {
        Node::Text(_, text) => Some(text),
        Node::Map(members) => match members.as_slice() {
            [(_, Node::Text(_, text))] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The cells of a row: a list, or a map with a list `Data`.
pub fn cells(row: &Node) -> Option<&[Node]> {
    match row {
        Node::List(cells) => Some(cells),
        Node::Map(members) => members.iter().find_map(|(name, node)| match node {
            Node::List(cells) if name.eq_ignore_ascii_case("data") => Some(cells.as_slice()),
            _ => None,
        }),
        _ => None,
    }
}

/// Rows in the text of a member `CSVRecords`.
pub fn csv_row(row: &Node) -> Option<(&Range<usize>, &str)> {
    let Node::Map(members) = row else { return None };
    members.iter().find_map(|(name, node)| match node {
        Node::Text(range, text) if name.eq_ignore_ascii_case("csvrecords") => Some((range, text.as_str())),
        _ => None,
    })
}

impl Decider<'_> {
    /// The rows of a result whose columns are named beside them.
    pub fn rows(&mut self, rows: &Node, table: &Table, how: Option<How>) {
        let Node::List(rows) = rows else { return self.node(rows, None, how) };
        for (index, row) in rows.iter().enumerate() {
            let Some(cells) = cells(row) else {
                if let Some((range, text)) = csv_row(row) {
                    self.csv(range, text, table, how);
                } else {
                    self.node(row, None, how);
                }
                continue;
            };
            // Athena's first row repeats the names.
            if index == 0 && table.is_header(cells) {
                continue;
            }
            for (cell, names) in
                cells.iter().zip(table.columns.iter().map(Some).chain(std::iter::repeat(None)))
            {
                let Some(names) = names else {
                    self.node(cell, None, how);
                    continue;
                };
                let lower = |name: &String| name.to_lowercase();
                let found = names.iter().find_map(|name| self.leads(&lower(name), false)).or(how);
                let first = names.first().map(String::as_str);
                let own = names
                    .iter()
                    .map(String::as_str)
                    .find(|name| self.engine.is_sensitive_name(name))
                    .or(first);
                self.enter(&own.unwrap_or_default().to_lowercase(), false);
                self.node(cell, own, found);
                self.leave(false);
            }
        }
    }

    /// Rows in one text of commas.
    fn csv(&mut self, range: &Range<usize>, text: &str, table: &Table, how: Option<How>) {
        let hidden: Vec<bool> = table
            .columns
            .iter()
            .map(|names| {
                let by_name = names.iter().any(|name| self.engine.is_sensitive_name(name));
                by_name || names.iter().any(|name| self.leads(&name.to_lowercase(), false).is_some())
            })
            .collect();
        if how.is_none() && !hidden.contains(&true) {
            if let Some(new) = self.text(text, None, None) {
                self.change(range, New::Text(new));
            }
            return;
        }
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        self.leaf.clear();
        let mut cells = 0;
        for (number, row) in csv::rows(text.as_bytes(), b',').into_iter().enumerate() {
            let cell = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
            if number == 0
                && row
                    .iter()
                    .zip(&table.columns)
                    .all(|(range, names)| names.iter().any(|name| name == cell(range)))
            {
                continue;
            }
            for (column, range) in row.into_iter().enumerate() {
                if cell(&range).is_empty() || !(how.is_some() || hidden.get(column) == Some(&true)) {
                    continue;
                }
                let name = table.columns.get(column).and_then(|names| names.first()).map(String::as_str);
                shown.push_str(text.get(at..range.start).unwrap_or_default());
                shown.push_str(&self.whole(cell(&range), name));
                // Its place is the cell's.
                self.leaf.iter_mut().skip(cells).for_each(|found| found.range = range.clone());
                cells = self.leaf.len();
                at = range.end;
            }
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        let shown = self.by_rules(&shown).unwrap_or(shown);
        self.leaf.truncate(cells);
        self.change(range, New::Text(shown));
    }
}
