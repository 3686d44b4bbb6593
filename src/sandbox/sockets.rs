//! Whose a connection is (sock_diag(7)).
