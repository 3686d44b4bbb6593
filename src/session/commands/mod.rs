//! The command log: every program that is executed inside the session, in the record.
