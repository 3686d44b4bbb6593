//! Waking the terminal thread from another one.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::error::Result;
use crate::sys::fd;

/// Makes a waiting poll return. Cheap to clone, callable from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

/// What the woken thread polls.
#[derive(Debug)]
pub struct Wakeups {
    reader: OwnedFd,
    /// Kept open, or the pipe would be "ready" for ever once the last waker is gone.
    _writer: Arc<OwnedFd>,
}

/// A waker and what it wakes.
///
/// # Errors
/// When the process has too many descriptors.
pub fn channel() -> Result<(Waker, Wakeups)> {
    let (reader, writer) = fd::pipe()?;
    fd::set_nonblocking(&reader)?;
    fd::set_nonblocking(&writer)?;
    let writer = Arc::new(writer);
    Ok((Waker(Arc::clone(&writer)), Wakeups { reader, _writer: writer }))
}

impl Waker {
    /// Wakes the other thread, or lets it not fall asleep; many calls may count as one.
    pub fn wake(&self) {
        // A full pipe already wakes; a closed one has nobody to wake.
        let _ = fd::write(&*self.0, &[1]);
    }
}

impl Wakeups {
    /// Forgets the wake-ups so far.
    pub fn clear(&self) {
        let mut buffer = [0; 64];
        while let Ok(fd::Moved::Bytes(_)) = fd::read(&self.reader, &mut buffer) {}
    }
}

impl AsFd for Wakeups {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
