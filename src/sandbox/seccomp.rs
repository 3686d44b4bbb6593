//! The filters that a program runs under.
