//! The way from the supervisor to the writer: bounded, and nothing is dropped.

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::lock;

/// Things that may wait.
const MOST_ITEMS: usize = 1 << 16;
/// Bytes that may wait; one more thing may come on top.
const MOST_BYTES: usize = 64 << 20;
/// After something was taken, so long nothing is: whoever pushes need not wake the taker for every single thing, which
/// takes longer than all else that it does.
const REST: Duration = Duration::from_millis(5);

/// A queue between threads. Whoever pushes waits only while it is full.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    emptied: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    bytes: usize,
    taker_waits: bool,
    taker_rests: bool,
    pushers_wait: bool,
    closed: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = State {
            items: VecDeque::new(),
            bytes: 0,
            taker_waits: false,
            taker_rests: false,
            pushers_wait: false,
            closed: false,
        };
        Self { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new() }
    }
}

impl<T> State<T> {
    fn is_half_full(&self) -> bool {
        self.items.len() >= MOST_ITEMS / 2 || self.bytes >= MOST_BYTES / 2
    }
}

impl<T> Queue<T> {
    /// Adds a thing of about so many bytes. Waits while there is no room; a closed queue forgets it.
    pub(super) fn push(&self, item: T, bytes: usize) {
        let mut state = lock(&self.state);
        while !state.closed && (state.items.len() >= MOST_ITEMS || state.bytes >= MOST_BYTES) {
            state.pushers_wait = true;
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return;
        }
        state.items.push_back(item);
        state.bytes += bytes;
        let wake = std::mem::take(&mut state.taker_waits) || state.taker_rests && state.is_half_full();
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Everything that waits, in the order in which it came; waits for something. None: closed, and nothing is left.
    pub(super) fn take(&self) -> Option<VecDeque<T>> {
        let mut state = lock(&self.state);
        if state.taker_rests {
            let rested =
                self.filled.wait_timeout_while(state, REST, |state| !state.closed && !state.is_half_full());
            state = rested.unwrap_or_else(PoisonError::into_inner).0;
            state.taker_rests = false;
        }
        while state.items.is_empty() {
            if state.closed {
                return None;
            }
            state.taker_waits = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.taker_waits = false;
        state.taker_rests = true;
        state.bytes = 0;
        let items = std::mem::take(&mut state.items);
        if std::mem::take(&mut state.pushers_wait) {
            self.emptied.notify_all();
        }
        Some(items)
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what matters here")]
    fn nothing_is_lost_and_the_order_is_kept_even_if_it_is_full() {
        let queue = Arc::new(Queue::default());
        let taker = {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                let mut all = Vec::new();
                while let Some(items) = queue.take() {
                    assert!(items.len() <= MOST_ITEMS);
                    all.extend(items);
                }
                all
            })
        };
        let start = std::time::Instant::now();
        for number in 0..200_000 {
            queue.push(number, if number % 1_000 == 0 { MOST_BYTES } else { 10 });
        }
        assert!(start.elapsed() < 100 * REST, "a full queue does not rest");
        queue.close();
        queue.push(7, 1);
        assert_eq!(taker.join().unwrap(), (0..200_000).collect::<Vec<_>>());
    }
}
