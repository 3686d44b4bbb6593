//! The values that a field has in the index, for completion.

use rusqlite::params;

use super::Index;
use super::query::literal;
use crate::error::Result;
use crate::query::Field;

/// Newest calls and commands that are looked through for values that are not kept apart.
const NEWEST: u32 = 20_000;

impl Index {
    /// The values of `field` that begin with `prefix`, letters of either case, the most used first; with each how often
    /// it occurs: in sessions, for fields of sessions; among kinds of calls, for those of calls.
    ///
    /// Fields with fixed values, numbers and times give none: [`crate::query::FIELDS`] has what can be offered.
    pub fn values(&self, field: Field, prefix: &str, limit: u32) -> Result<Vec<(String, u64)>> {
        let plain = |column: &str, table: &str| {
            format!(
                "SELECT {column} AS value, count(*) AS uses FROM {table}
                 WHERE {column} LIKE ?1 ESCAPE '\\' AND {column} <> '' GROUP BY 1"
            )
        };
        let newest = |value: &str, from: &str| {
            format!(
                "SELECT value, count(*) AS uses FROM (SELECT {value} AS value FROM {from} LIMIT {NEWEST})
                 WHERE value LIKE ?1 ESCAPE '\\' AND value <> '' GROUP BY 1"
            )
        };
        let sql = match field {
            Field::User => plain("user", "sessions"),
            Field::Agent => plain("agent", "sessions"),
            Field::Host => plain("host", "sessions"),
            Field::Title => plain("title", "sessions"),
            Field::Session => {
                "SELECT id AS value, n AS uses FROM sessions WHERE id LIKE ?1 ESCAPE '\\'".to_owned()
            }
            Field::Group => plain("name", "groups"),
            Field::Alert => plain("name", "alerts"),
            Field::Secret => plain("rule", "secrets"),
            Field::Service => plain("service", "kinds"),
            Field::Action => plain("action", "kinds"),
            Field::Account => plain("account", "kinds"),
            Field::Region => plain("region", "kinds"),
            Field::Rule => plain("rule", "kinds"),
            Field::Error => plain("error", "kinds"),
            Field::Resource => newest("resource", "calls ORDER BY session DESC, call DESC"),
            // The program.
            Field::Command => newest(
                "substr(line, 1, instr(line || ' ', ' ') - 1)",
                "commands WHERE kind <> 1 ORDER BY session DESC, number DESC",
            ),
            Field::Approver => plain("person", "approval_people"),
            Field::After
            | Field::Before
            | Field::Duration
            | Field::Access
            | Field::Decision
            | Field::Status
            | Field::Exit
            | Field::Took
            | Field::Approval => return Ok(Vec::new()),
        };
        let sql = format!("{sql} ORDER BY uses DESC, value LIMIT ?2");
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![format!("{}%", literal(prefix)), limit], |row| {
                Ok((row.get(0)?, super::write::unsigned(row.get(1)?)))
            })?;
            rows.collect()
        })
    }
}
