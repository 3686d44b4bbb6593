//! Rows that are shown before the others of the same answer have been found, where that takes long.

use std::panic;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use crate::error::Result;
use crate::replay::finder::rows::Row;

/// An answer that takes no longer comes in one; the parts of others come so far apart.
const APART: Duration = Duration::from_millis(40);

/// Rows that have been found and not been told.
#[derive(Default)]
struct Waiting {
    rows: Vec<Row>,
    is_over: bool,
}

/// Calls `find`, which is given what takes its rows. Tells of those that have to wait for later ones, with the number of
/// the first of them, which begins at `first`; gives those of which has not been told.
pub(super) fn gather(
    first: usize,
    tell: impl Fn(usize, Vec<Row>) + Sync,
    find: impl FnOnce(&mut dyn FnMut(Row)) -> Result<()>,
) -> Result<(usize, Vec<Row>)> {
    let (waiting, over) = (Mutex::new(Waiting::default()), Condvar::new());
    let lock = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let teller = scope.spawn(|| {
            let mut offset = first;
            let mut now = lock();
            while !now.is_over {
                (now, _) = over.wait_timeout(now, APART).unwrap_or_else(PoisonError::into_inner);
                if !now.is_over && !now.rows.is_empty() {
                    let rows = std::mem::take(&mut now.rows);
                    let count = rows.len();
                    drop(now);
                    tell(offset, rows);
                    offset += count;
                    now = lock();
                }
            }
            offset
        });
        // Also when it panics: the other thread is waited for.
        let _over = Over(&waiting, &over);
        let found = find(&mut |row| lock().rows.push(row));
        drop(_over);
        let offset = teller.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        found.map(|()| (offset, std::mem::take(&mut lock().rows)))
    })
}

/// Says that no more rows come.
struct Over<'a>(&'a Mutex<Waiting>, &'a Condvar);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::error::Kind;
    use crate::replay::fixture;

    fn row(name: &str) -> Row {
        fixture::row(name, "x", Vec::new())
    }

    #[test]
    fn rows_are_told_while_later_ones_are_looked_for() {
        let names = |rows: Vec<Row>| rows.into_iter().map(|row| row.session.id).collect::<Vec<_>>();
        let told = Mutex::new(Vec::new());
        let tell = |offset, rows: Vec<Row>| told.lock().unwrap().push((offset, names(rows)));
        let (offset, rest) = gather(10, tell, |give| {
            give(row("a"));
            give(row("b"));
            while told.lock().unwrap().is_empty() {
                thread::yield_now();
            }
            give(row("c"));
            Ok(())
        })
        .unwrap();
        let mut told = told.into_inner().unwrap();
        told.push((offset, names(rest)));
        let mut all = Vec::new();
        for (offset, names) in told {
            assert_eq!(offset, 10 + all.len());
            all.extend(names);
        }
        assert_eq!(all, ["a", "b", "c"]);
    }

    #[test]
    fn trouble_comes_out_and_a_panic_too() {
        let fail = |_: &mut dyn FnMut(Row)| Err(Error::new(Kind::Usage, "it failed"));
        assert_eq!(gather(0, |_, _| {}, fail).unwrap_err().what(), "it failed");
        let panics = panic::catch_unwind(|| gather(0, |_, _| {}, |_| panic!("it broke")));
        assert!(panics.is_err());
    }
}
