//! Rows of the index in the order of their numbers, from the last to the first.

use std::collections::VecDeque;

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Index;
use super::texts::numbers;
use crate::error::Result;

/// Rows in a block, first and at most.
const SIZES: (usize, usize) = (32, 4_096);
/// So many lengths of a block further down is near.
const NEAR: i64 = 2;

/// Rows in the order of their numbers, from the last; read in blocks.
pub(super) struct Rows {
    /// Gives numbers up to `?`, at most `?`; the values of the condition come before.
    sql: String,
    values: Vec<Value>,
    /// Bits of a number that do not belong to the session.
    bits: u32,
    block: VecDeque<i64>,
    /// The lowest number that was read, and how far from the highest of its block.
    low: Option<i64>,
    span: i64,
    is_over: bool,
    /// Rows in the first block, at most, and in the last one.
    sizes: (usize, usize),
    size: usize,
}

impl Rows {
    pub(super) fn new(sql: String, values: Vec<Value>, bits: u32) -> Self {
        Self {
            sql,
            values,
            bits,
            block: Default::default(),
            low: None,
            span: 0,
            is_over: false,
            sizes: SIZES,
            size: 0,
        }
    }

    /// With so many rows in the first block, and at most.
    pub(super) fn in_blocks(self, sizes: (usize, usize)) -> Self {
        Self { sizes, ..self }
    }

    /// Texts that fit a query of FTS5.
    pub(super) fn of_words(table: &str, query: String, bits: u32) -> Self {
        let sql = format!(
            "SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?"
        );
        Self::new(sql, vec![Value::from(query)], bits)
    }

    /// The highest number up to `most`.
    pub(super) fn last(&mut self, index: &Index, most: i64) -> Result<Option<i64>> {
        loop {
            while self.block.front().is_some_and(|number| *number > most) {
                self.block.pop_front();
            }
            if let Some(number) = self.block.front() {
                return Ok(Some(*number));
            }
            if self.is_over {
                return Ok(None);
            }
            index.go_on()?;
            // What is asked for row by row is read in ever larger blocks; not what is far off, where few may be wanted.
            let is_near =
                self.low.is_some_and(|low| low - most <= self.span.saturating_mul(NEAR) || self.size == 1);
            self.size = if is_near { (self.size * 2).min(self.sizes.1) } else { self.sizes.0 };
            let from = self.low.map_or(most, |low| most.min(low - 1));
            let mut values = self.values.clone();
            values.extend([Value::from(from), Value::from(self.size as i64)]);
            self.block = index.get(|connection| {
                let mut statement = connection.prepare_cached(&self.sql)?;
                statement.query_map(params_from_iter(values), |row| row.get(0))?.collect()
            })?;
            self.is_over = self.block.len() < self.size;
            self.low = self.block.back().copied();
            self.span = self.block.front().zip(self.low).map_or(0, |(high, low)| high - low);
        }
    }

    /// The newest session up to `most`.
    pub(super) fn session(&mut self, index: &Index, most: i64) -> Result<Option<i64>> {
        let (_, last) = numbers(most, self.bits);
        Ok(self.last(index, last)?.map(|number| number >> self.bits))
    }
}
