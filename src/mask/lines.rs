//! Rows that come as JSON, one object on each line, of which a rule hides columns.

use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::fields::FieldPath;
use super::fields::How;
use super::json;
use super::tree::Decider;
use super::tree::Node;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// The longest row. S3 Select's own limit is 1 MB.
const LONGEST_ROW: usize = 4 << 20;

/// Masks rows line by line.
#[derive(Debug)]
pub struct Lines {
    engine: Arc<Engine>,
    fields: Vec<(FieldPath, How)>,
    waiting: Vec<u8>,
}

impl Lines {
    /// Hides what `paths` lead to.
    pub fn new(engine: Arc<Engine>, paths: Vec<FieldPath>) -> Self {
        let fields = paths.into_iter().map(|path| (path, How::Whole)).collect();
        Self { engine, fields, waiting: Vec::new() }
    }

    /// Takes `input`, appends to `out` the rows that have come whole. Fails with `Record` on a row that is no JSON.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>, masks: &mut Masks) -> Result<()> {
        for piece in input.split_inclusive(|byte| *byte == b'\n') {
            self.waiting.extend_from_slice(piece);
            if self.waiting.len() > LONGEST_ROW {
                return Err(unreadable("a row is too long"));
            }
            if piece.ends_with(b"\n") {
                self.row(out, masks)?;
            }
        }
        Ok(())
    }

    /// The last row, which need not end in a newline.
    pub fn finish(&mut self, out: &mut Vec<u8>, masks: &mut Masks) -> Result<()> {
        self.row(out, masks)
    }

    fn row(&mut self, out: &mut Vec<u8>, masks: &mut Masks) -> Result<()> {
        let row = std::mem::take(&mut self.waiting);
        if row.trim_ascii().is_empty() {
            out.extend_from_slice(&row);
            return Ok(());
        }
        let Ok(tree @ Node::Map(_)) = json::parse(&row) else {
            return Err(unreadable("its rows are no JSON objects, and only those tell their columns"));
        };
        let mut decider = Decider::new(&self.engine, &self.fields);
        let changes = decider.decide(&tree);
        masks.merge(decider.masks);
        out.extend(json::apply(&row, &changes));
        Ok(())
    }
}

fn unreadable(why: &str) -> Error {
    Error::new(Kind::Record, "columns of the answer must be masked and cannot be told")
        .why(why.to_owned())
        .fix("ask for JSON rows (`OutputSerialization: {JSON: {}}`), without another record delimiter")
}
