//! The network inside: every connection to the captured ports lands on our listeners.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

/// TEMPORARY
#[derive(Clone, Debug, Default)]
pub struct Wanted {}
/// TEMPORARY
pub enum Served {
    /// S
    Served,
    /// C
    Closed,
}
/// TEMPORARY
pub fn set_up(_wanted: &Wanted) -> Result<Vec<OwnedFd>, (&'static str, io::Error)> {
    Ok(Vec::new())
}
/// TEMPORARY
pub fn serve_request(_channel: BorrowedFd<'_>) -> io::Result<Served> {
    Ok(Served::Closed)
}
