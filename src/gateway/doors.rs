//! Where connections come in: one port of this machine, or everything that the sandbox's network leads here.

use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use crate::error::IoContext;
use crate::error::Result;
use crate::net::Publish;
use crate::sandbox::network::Datagram;
use crate::sys::poll;
use crate::sys::wake::Wakeups;

/// Listeners, before anybody serves them.
#[derive(Debug)]
pub struct Doors {
    /// The gateway's own port, for clients that are told of it.
    pub port: Option<TcpListener>,
    /// The captured ports of the sandbox.
    pub captured: Vec<TcpListener>,
    /// Where the sandbox asks for names.
    pub names: Vec<Datagram>,
    /// Ports of this machine that lead into the sandbox, and where to.
    pub published: Vec<(TcpListener, u16)>,
    /// Wakes whoever waits, to stop.
    pub wakeups: Wakeups,
}

impl Doors {
    /// Waits until somebody comes, or is to stop. Until then nothing but this thread exists of a gateway.
    pub fn wait(&self) -> std::io::Result<()> {
        let listeners = self.port.iter().chain(&self.captured).map(AsFd::as_fd);
        let published = self.published.iter().map(|(listener, _)| listener.as_fd());
        let names = self.names.iter().map(|names| names.0.as_fd());
        let all: Vec<BorrowedFd<'_>> =
            listeners.chain(published).chain(names).chain([self.wakeups.as_fd()]).collect();
        poll::wait_for_any(&all)
    }
}

/// A port of 127.0.0.1 that the system chooses, and its listener.
pub fn own_port() -> Result<(u16, TcpListener)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context(|| "cannot listen on 127.0.0.1 for the child's AWS calls")?;
    let port = listener.local_addr().context(|| "cannot find the gateway's port")?.port();
    Ok((port, listener))
}

/// Listeners for what is to be reached inside.
pub fn published(wanted: &[Publish]) -> Result<Vec<(TcpListener, u16)>> {
    let listen = |publish: &Publish| {
        let listener = TcpListener::bind(publish.outside)
            .context(|| format!("cannot listen on {} for --publish", publish.outside))
            .map_err(|error| error.fix("choose another port, or stop what uses this one"))?;
        Ok((listener, publish.outside.port()))
    };
    wanted.iter().map(listen).collect()
}
