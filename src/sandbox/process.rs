//! Looking at other processes: arguments, parents, exit status.
