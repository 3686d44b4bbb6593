//! The recorder, for those who only write events and need not know more of it.

use super::recorder::Recorder;
use crate::audit::Event;
use crate::audit::Journal;
use crate::error::Result;

impl Journal for Recorder {
    fn write(&self, event: &Event) -> Result<()> {
        self.event(event).map(drop)
    }
}
