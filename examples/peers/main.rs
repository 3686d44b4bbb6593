//! What the gateway is measured with: a stand-in for AWS that answers at once, a proxy that does nothing but carry, and
//! a client that asks as fast as it can. `benches/gateway.py` starts them.
//!
//! ```text
//! peers stub AUTHORITY.pem       listens; prints "PORT TLSPORT"; its certificate's authority goes into the file
//! peers proxy URL                listens, sends everything to URL (trusts $SSL_CERT_FILE); prints its port
//! peers load URL [HOST]          reads orders from its input, prints a line of JSON for each
//! ```
//!
//! All are single threads, as the gateway is.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::exit,
    clippy::disallowed_methods,
    reason = "a yardstick, not a product"
)]

mod filler;
mod load;
mod proxy;
mod stub;
mod wire;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match arguments[..] {
        ["stub", authority] => runtime.block_on(stub::run(authority)),
        ["proxy", upstream] => runtime.block_on(proxy::run(upstream)),
        ["load", target] => runtime.block_on(load::run(target, None)),
        ["load", target, host] => runtime.block_on(load::run(target, Some(host))),
        _ => {
            println!("usage: peers stub FILE | peers proxy URL | peers load URL [HOST]");
            std::process::exit(2);
        }
    }
}
