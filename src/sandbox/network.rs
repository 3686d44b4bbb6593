//! The network inside: every connection to the captured ports lands on our listeners.
