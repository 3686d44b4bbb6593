//! `hoopctl approvals serve`: the questions that wait, on a page of the browser.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;

use super::Console;
use super::Person;
use super::find;
use crate::approval::Answered;
use crate::approval::Card;
use crate::cli::sign_in;
use crate::clock::Clock;
use crate::control::client::Session;
use crate::control::page::Page;
use crate::control::page::Setup;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::sys::user;
use crate::term::safe;

/// Where the page is, if nothing else is said.
const PORT: u16 = 7468;

/// Show what waits on a page of your browser, and answer it there
///
/// Prints an address with a key that is new each time. Whoever has it answers in your name: your login's (hoopctl login), or
/// the user of this machine. Links of notifications (`approval.page`) lead here too, each good for one answer to one
/// question. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hoopctl approvals serve
  hoopctl approvals serve --once r0s1-3
  ssh -L 7468:127.0.0.1:7468 build-host hoopctl approvals serve

Exit status of --once: 0 the question was settled on the page; 3 your yes counts, and others have
to say yes too; 1 it was settled elsewhere, or its time was over; 2 wrong usage.")]
pub(super) struct ServeArgs {
    /// Where to listen [default: the port of `approval.page` on this machine, else 127.0.0.1:7468; with --once any free port]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Serve this question alone, and end when it is settled
    #[arg(long, value_name = "NAME")]
    once: Option<String>,
    /// Let --listen reach beyond this machine: nothing is encrypted, and whoever connects with the page's address answers in
    /// your name. Better: forward the port by ssh, or put a server with TLS before it
    #[arg(long)]
    beyond_this_machine: bool,
}

/// Serves until it is ended; gives the exit status. `found`: what waits now.
pub(super) fn serve(
    args: &ServeArgs,
    person: &Person,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8> {
    let config = &person.config;
    let only = match &args.once {
        Some(name) => Some(find(person, name)?.card),
        None => None,
    };
    let page_of_config = config.approval_page().and_then(|page| page.parse::<http::Uri>().ok());
    let listen = args.listen.unwrap_or_else(|| {
        let named = page_of_config.as_ref().filter(|page| {
            page.scheme_str() == Some("http") && page.host().is_some_and(crate::types::is_loopback)
        });
        let named = named.map(|page| page.port_u16().unwrap_or(80)).filter(|_| only.is_none());
        let port = named.unwrap_or(if only.is_some() { 0 } else { PORT });
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    });
    let is_beyond = !listen.ip().is_loopback();
    if is_beyond && !args.beyond_this_machine {
        return Err(Error::new(Kind::Usage, format!("{listen} can be reached from other machines"))
            .why("nothing between a browser and the page is encrypted, and whoever has its address answers in your name")
            .fix("listen at 127.0.0.1 and forward the port (ssh -L); or give --beyond-this-machine, too"));
    }
    let listener = TcpListener::bind(listen).map_err(|cause| {
        Error::io(format!("cannot listen at {listen}"), &cause)
            .fix("end what uses the port (another `approvals serve`?), or give another: --listen 127.0.0.1:0")
    })?;
    let who = who(person)?;
    let names =
        page_of_config.as_ref().and_then(|page| page.authority()).map(|name| name.as_str().to_owned());
    let claims = {
        let person = person.clone();
        move |session: &Session, card: &Card| {
            let shown = person.claim(session.is_own(), !card.question.needs.is_empty())?;
            Ok(shown.0)
        }
    };
    let page = Page::new(Setup {
        listener,
        state: config.state_dir(),
        shared: config.approval_shared_dir().map(std::path::PathBuf::from),
        clock: clock.clone(),
        who: who.clone(),
        names: names.into_iter().collect(),
        claims: Arc::new(claims),
    })?;
    let address = page.address()?;
    let (path, what) = match &only {
        Some(card) => (page.only(card)?, format!("{} on a page", card.name())),
        None => (page.path(), "What waits, on a page".to_owned()),
    };
    console.line(&format!("{what}. Whoever has its address answers as {}. Ctrl-C ends it.", safe(&who)))?;
    if is_beyond {
        console.line("It can be reached from other machines, and what is sent is not encrypted.")?;
    }
    // Behind a name of its own, that is where people find it.
    let named =
        config.approval_page().filter(|_| is_beyond).map(|page| page.trim_end_matches('/').to_owned());
    let base = named.unwrap_or_else(|| format!("http://{address}"));
    console.line(&format!("\n{base}{path}\n"))?;
    if is_beyond && address.ip().is_unspecified() && config.approval_page().is_none() {
        console.line(&format!("In place of {} stands an address of this machine.", address.ip()))?;
    }
    let answered = page.serve()?;
    let Some(card) = only else { return Ok(0) };
    let name = card.name();
    Ok(match answered {
        Some(Answered::Settled) => {
            console.line(&format!("{name} is settled"))?;
            0
        }
        Some(Answered::Counted(_)) => {
            console.line(&format!("{name}: your yes counted, and it does not wait any more"))?;
            3
        }
        _ => {
            console.line(&format!("{name} does not wait any more, and was not settled here"))?;
            1
        }
    })
}

/// In whose name answers are given: of a login, where there is one to show.
fn who(person: &Person) -> Result<String> {
    let local = user::current().name;
    let Some(claim) = person.claim(true, true)?.0 else {
        return Ok(format!("{local}, user of this machine"));
    };
    let login = sign_in::store(&person.config)?.load(&claim.provider)?;
    Ok(login.map_or(local, |login| format!("{}, by {}", login.identity.user, claim.provider)))
}
