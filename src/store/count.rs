//! How many sessions fit a query.

use super::Index;
use super::texts::TEXT_BITS;
use super::walk::Walk;
use crate::error::Result;
use crate::query::Query;
use crate::query::plan;

impl Index {
    /// How many sessions fit `query`. May take much longer than the first page of them, and can be stopped as that.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let mut walk = Walk::new(self, &plan(query))?;
        let (mut count, mut most) = (0, i64::MAX >> TEXT_BITS);
        while let Some(row) = walk.next(self, most)? {
            self.go_on()?;
            most = row - 1;
            count += 1;
        }
        Ok(count)
    }
}
