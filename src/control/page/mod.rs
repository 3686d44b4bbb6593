//! The page of `hoopctl approvals serve`: the questions that wait, in a browser.
//!
//! Whoever has an address from here answers in the name of whoever serves it, so addresses are secrets: the page's own holds
//! a key that is new each time, a link of a notification is signed and good for one answer to one question. There are no
//! cookies on this machine, which other ports of it would get too; nothing answers a GET; and the sessions check who serves
//! as they check `hoopctl approvals`.

mod guard;
mod html;
mod respond;
mod tokens;
mod view;

use std::fmt;
use std::net::SocketAddr;
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::watch;

use crate::approval::Answered;
use crate::approval::Card;
use crate::approval::QuestionId;
use crate::clock::Clock;
use crate::control::client;
use crate::control::client::Session;
use crate::control::links::Links;
use crate::control::links::random;
use crate::control::wire::Claim;
use crate::control::wire::Given;
use crate::error::Error;
use crate::error::Result;
use crate::types::SessionId;
use guard::Guard;
use tokens::Tokens;

/// Connections at a time: a browser opens some, and looks again every two seconds.
const CONNECTIONS: usize = 64;
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of the head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// How long a whole connection may take: a session may have to ask an identity provider.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether the only question that is served still waits.
const LOOK: Duration = Duration::from_secs(1);
/// How long the browser has to fetch its last page.
const FAREWELL: Duration = Duration::from_millis(1_500);

/// The login that a session is shown for an answer to a question; none: the user of this machine answers.
pub type Claims = Arc<dyn Fn(&Session, &Card) -> Result<Option<Claim>> + Send + Sync>;

/// What the page is made of.
pub struct Setup {
    /// Where it is served.
    pub listener: StdListener,
    /// hoop's state folder.
    pub state: PathBuf,
    /// A folder that a team shares, where there is one.
    pub shared: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// In whose name answers are given: `ana, by corp`.
    pub who: String,
    /// Names in `Host` besides the address: of a proxy before the page.
    pub names: Vec<String>,
    /// The login that is shown.
    pub claims: Claims,
}

/// The page, before anybody is let in.
pub struct Page {
    listener: StdListener,
    known: Arc<Known>,
}

/// What all connections know.
struct Known {
    state: PathBuf,
    shared: Option<PathBuf>,
    clock: Clock,
    who: String,
    guard: Guard,
    links: Links,
    tokens: Tokens,
    /// Of the page's own address.
    key: String,
    claims: Claims,
    /// The only question that is served, where it is one.
    only: Mutex<Option<(SessionId, QuestionId)>>,
    /// What became of the last answer.
    answered: watch::Sender<Option<Answered>>,
}

impl Page {
    /// A page at `listener`.
    ///
    /// # Errors
    /// The key of links cannot be used.
    pub fn new(setup: Setup) -> Result<Self> {
        let Setup { listener, state, shared, clock, who, names, claims } = setup;
        let cannot = |cause: std::io::Error| Error::io("cannot serve the page", &cause);
        listener.set_nonblocking(true).map_err(cannot)?;
        let guard = Guard::new(listener.local_addr().map_err(cannot)?, names);
        let links = Links::open(&state)?;
        links.forget_old(clock.unix_seconds());
        let known = Known {
            state,
            shared,
            clock,
            who,
            guard,
            links,
            tokens: Tokens::new()?,
            key: URL_SAFE_NO_PAD.encode(*random::<24>()?),
            claims,
            only: Mutex::default(),
            answered: watch::channel(None).0,
        };
        Ok(Self { listener, known: Arc::new(known) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not know.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(|cause| Error::io("cannot serve the page", &cause))
    }

    /// The path of the list of all questions, with the page's key.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/k/{}/", self.known.key)
    }

    /// A path that is good for one answer to the question of `card`, and nothing else is served.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn only(&self, card: &Card) -> Result<String> {
        *self.known.only.lock().unwrap_or_else(PoisonError::into_inner) = Some((card.session, card.id));
        Ok(format!("/a/{}", self.known.links.make(card)?))
    }

    /// Serves until the only question is settled, and gives what became of it on the page; for ever if it is not only one.
    ///
    /// # Errors
    /// The port cannot be used.
    pub fn serve(self) -> Result<Option<Answered>> {
        let cannot = |cause: std::io::Error| Error::io("cannot serve the page", &cause);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let known = Arc::clone(&self.known);
        let outcome = runtime.block_on(async {
            let listener = TcpListener::from_std(self.listener).map_err(cannot)?;
            let accepting = accept(listener, Arc::clone(&known));
            let ended = known.end();
            tokio::pin!(accepting, ended);
            tokio::select! {
                () = &mut accepting => Ok(None),
                answered = &mut ended => {
                    // The browser is still to learn it.
                    let _ = tokio::time::timeout(FAREWELL, accepting).await;
                    Ok(answered)
                }
            }
        });
        runtime.shutdown_background();
        outcome
    }
}

impl Known {
    /// Waits until the only question that is served is settled; what became of it here.
    async fn end(&self) -> Option<Answered> {
        let only = *self.only.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((session, id)) = only else { return std::future::pending().await };
        let mut answers = self.answered.subscribe();
        loop {
            let settled = answers.wait_for(|answered| *answered == Some(Answered::Settled));
            if let Ok(Ok(settled)) = tokio::time::timeout(LOOK, settled).await {
                return settled.clone();
            }
            if !self.cards().await.0.iter().any(|card| (card.session, card.id) == (session, id)) {
                return answers.borrow().clone();
            }
        }
    }

    /// What waits in all sessions, the most urgent first, and what is to be said of those that do not answer.
    async fn cards(&self) -> (Vec<Card>, Vec<String>) {
        let (state, shared) = (self.state.clone(), self.shared.clone());
        let look = move || {
            let (mut cards, mut gone) = (Vec::new(), Vec::new());
            for session in client::sessions(&state, shared.as_deref()) {
                match session.cards() {
                    Ok(found) => cards.extend(found),
                    Err(error) => {
                        let why: Vec<&str> = error.causes().iter().map(String::as_str).collect();
                        gone.push(format!("{}: {}", error.what(), why.join(", ")));
                    }
                }
            }
            cards.sort_by_key(|card: &Card| (card.deadline, card.session, card.id));
            (cards, gone)
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Gives an answer in the name of whoever serves.
    async fn answer(&self, card: &Card, given: Given) -> Result<Answered> {
        let (state, shared) = (self.state.clone(), self.shared.clone());
        let (claims, card) = (Arc::clone(&self.claims), card.clone());
        let answer = move || {
            let sessions = client::sessions(&state, shared.as_deref());
            let Some(session) = sessions.iter().find(|known| known.id == card.session) else {
                return Ok(Answered::NotWaiting);
            };
            let login = claims(session, &card)?;
            session.answer(Given { login, ..given })
        };
        let answered = tokio::task::spawn_blocking(answer).await;
        let answered = answered.unwrap_or(Ok(Answered::NotWaiting))?;
        self.answered.send_replace(Some(answered.clone()));
        Ok(answered)
    }
}

async fn accept(listener: TcpListener, known: Arc<Known>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, or a connection that broke at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let known = Arc::clone(&known);
        tokio::spawn(async move {
            // One that takes longer is ended.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, serve(stream, known)).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, known: Arc<Known>) {
    let service = service_fn(move |request| {
        let known = Arc::clone(&known);
        async move { Ok::<_, std::convert::Infallible>(respond::respond(request, &known).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // How a browser ends a connection is its own business.
    let _ = connection.await;
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("listener", &self.listener).finish_non_exhaustive()
    }
}
