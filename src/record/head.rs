//! The header of the terminal recording.

use crate::audit::Start;
use crate::cast;

/// The header of the terminal recording.
pub(super) fn header(start: &Start) -> cast::Header {
    cast::Header {
        version: 3,
        cols: start.cols,
        rows: start.rows,
        timestamp: Some(start.started / 1_000_000),
        command: Some(crate::audit::command_line(&start.command)),
        title: start.title.clone(),
        env: start.env.clone(),
        term_type: start.term.clone(),
        ..cast::Header::default()
    }
}
