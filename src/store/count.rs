//! How many sessions fit a query.

use rusqlite::params_from_iter;

use super::Index;
use super::condition::Condition;
use super::find::compile;
use super::write::unsigned;
use crate::error::Result;
use crate::query::Query;
use crate::query::plan;

impl Index {
    /// How many sessions fit `query`. May take much longer than the first page of them, and can be stopped as that.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let mut condition = Condition { sql: String::new(), values: Vec::new() };
        compile(&plan(query), &mut condition);
        let Condition { sql, values } = condition;
        let sql = format!("SELECT count(*) FROM sessions s WHERE {sql}");
        self.get(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row(params_from_iter(values), |row| row.get(0).map(unsigned))
        })
    }
}
