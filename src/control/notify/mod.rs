//! Telling people elsewhere that a question waits, and how it ended: webhooks, Slack, a command, the desktop.
//!
//! Nothing here holds a question up or decides anything. What could not be told is written down and said to the person at
//! the terminal; the question waits all the same.

mod command;
mod deliver;
mod desktop;
mod event;
mod sign;
mod slack;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderValue;
use http::Request;
use http::Uri;
use http::header;
use tokio::sync::OnceCell;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::approval::Broker;
use crate::approval::Card;
use crate::approval::Outcome;
use crate::approval::QuestionId;
use crate::control::links::Links;
use crate::net::Web;
use crate::types::Secret;
use deliver::Delivery;
use deliver::Ended;
pub use desktop::Desktop;
use event::Event;
use sign::Signer;

/// Deliveries to one place at a time: with a hundred questions the others wait their turn.
const AT_ONCE: usize = 4;
/// How long a message waits for what is being found out about its question.
const FINDINGS: Duration = Duration::from_millis(2_500);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a program that prints the secret may take: a person may have to unlock a password store for it.
const SECRET_TIME: Duration = Duration::from_secs(60);
/// Bytes of a secret.
const SECRET_BYTES: usize = 4 * 1024;

/// Says something to the person at hoop-run's terminal: masked already.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Whom to tell, and how. Nothing is configured by default.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where it is told.
    pub hooks: Vec<Hook>,
    /// Where the page of `hoopctl approvals serve` is reached (`http://127.0.0.1:7468`), for links to it; none: no links.
    pub page: Option<String>,
    /// The state folder, with the key that links are signed with.
    pub state: PathBuf,
    /// The client for web servers: proxies and certificates.
    pub web: Option<Arc<Web>>,
    /// Tells the person of what did not get there.
    pub tell: Option<Tell>,
}

/// One place where it is told.
#[derive(Clone, Debug)]
pub enum Hook {
    /// A web server that gets the card, signed. What follows the host in its address may be a secret.
    Webhook(Secret, SecretFrom),
    /// An incoming webhook of Slack, or of what understands its format. The address is a secret.
    Slack(Secret),
    /// A program and its arguments.
    Command(Vec<String>),
    /// The desktop's notifications.
    Desktop(Desktop),
}

/// Where the secret of a webhook comes from.
#[derive(Clone, Debug)]
pub enum SecretFrom {
    /// It is known.
    Known(Secret),
    /// A program prints it; run when it is needed first.
    Command(Vec<String>),
}

impl Settings {
    /// Whether others would be told, and not only whoever sits at this machine.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.hooks.iter().any(|hook| !matches!(hook, Hook::Desktop(_)))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("hooks", &self.hooks)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// Checks a secret before anything begins.
///
/// # Errors
/// What is wrong with it, as a sentence without a full stop.
pub fn check_secret(secret: &Secret) -> Result<(), String> {
    Signer::new(secret).map(drop)
}

/// Tells of every question from now on, until `stop` is true; then what is under way has until its caller drops it.
///
/// `changes` changes after each change of what waits; it begins as changed.
pub(super) async fn run(
    broker: Broker,
    settings: Settings,
    mut changes: watch::Receiver<u64>,
    mut stop: watch::Receiver<bool>,
) {
    if settings.hooks.is_empty() {
        return;
    }
    let teller = Arc::new(Teller::new(broker.clone(), settings));
    let mut telling = JoinSet::new();
    let mut known: BTreeMap<QuestionId, watch::Sender<Option<Outcome>>> = BTreeMap::new();
    let mut is_stopping = false;
    while !is_stopping {
        is_stopping = *stop.borrow();
        let cards = broker.cards();
        known.retain(|id, ended| {
            let waits = cards.iter().any(|card| card.id == *id);
            if !waits {
                // Whoever tells of it learns how it ended; where nobody knows any more, the session is at its end.
                ended.send_replace(broker.ended(*id));
            }
            waits
        });
        for card in cards {
            if let Entry::Vacant(vacant) = known.entry(card.id) {
                let ended = vacant.insert(watch::channel(None).0).subscribe();
                for place in 0..teller.places.len() {
                    let (teller, card, ended) = (Arc::clone(&teller), card.clone(), ended.clone());
                    telling.spawn(async move { teller.follow(place, card, ended).await });
                }
            }
        }
        while telling.try_join_next().is_some() {}
        if !is_stopping {
            tokio::select! {
                changed = changes.changed() => is_stopping = changed.is_err(),
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }
    // The ends of the last questions are on their way.
    drop(known);
    while telling.join_next().await.is_some() {}
}

/// Tells of questions.
struct Teller {
    broker: Broker,
    places: Vec<Place>,
    page: Option<String>,
    state: PathBuf,
    web: Option<Arc<Web>>,
    tell: Option<Tell>,
    links: OnceCell<Option<Links>>,
}

/// A hook with what it needs while the session lasts.
struct Place {
    hook: Hook,
    /// What it is called in the record: the host, never the rest of an address.
    name: String,
    turns: Semaphore,
    signer: OnceCell<Signer>,
    /// Whether the person knows already that it fails.
    has_failed: Mutex<bool>,
}

impl Teller {
    fn new(broker: Broker, settings: Settings) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for hook in settings.hooks {
            let mut name = name_of(&hook);
            let same =
                places.iter().filter(|place| place.via() == via(&hook) && place.host() == name).count();
            if same > 0 {
                name = format!("{name} ({})", same + 1);
            }
            places.push(Place {
                hook,
                name,
                turns: Semaphore::new(AT_ONCE),
                signer: OnceCell::new(),
                has_failed: Mutex::default(),
            });
        }
        let (page, state) = (settings.page, settings.state);
        let (web, tell) = (settings.web, settings.tell);
        Self { broker, places, page, state, web, tell, links: OnceCell::new() }
    }

    /// Tells one place of one question: that it waits, then how it ended.
    async fn follow(&self, place: usize, card: Card, mut ended: Ended) {
        let Some(place) = self.places.get(place) else { return };
        let card = self.with_findings(card).await;
        let id = card.id;
        let link = self.link(&card).await;
        let at = self.broker.unix_micros();
        let mut event = Event { card, at, link, outcome: None };
        let Ok(turn) = place.turns.acquire().await else { return };
        if ended.borrow().is_some() {
            return;
        }
        match self.deliver(place, &event, Some(ended.clone())).await {
            Delivery::Done => {
                self.broker.shown(id, &place.name, place.via(), None);
                *place.has_failed.lock().unwrap_or_else(PoisonError::into_inner) = false;
            }
            Delivery::Overtaken => return,
            Delivery::Failed(why) => {
                self.broker.shown(id, &place.name, place.via(), Some(why.clone()));
                return self.say(place, &event.card, &why);
            }
        }
        drop(turn);
        if matches!(place.hook, Hook::Desktop(_)) {
            return;
        }
        let outcome = match ended.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => return,
        };
        (event.outcome, event.link, event.at) = (outcome, None, self.broker.unix_micros());
        let Ok(_turn) = place.turns.acquire().await else { return };
        if let Delivery::Failed(why) = self.deliver(place, &event, None).await {
            self.say(place, &event.card, &why);
        }
    }

    /// The card as it is when its findings are there, or after a moment.
    async fn with_findings(&self, mut card: Card) -> Card {
        for _ in 0..FINDINGS.as_millis() / LOOK.as_millis() {
            // Before the first look, too: what is to be looked up begins a moment after the question.
            tokio::time::sleep(LOOK).await;
            let Some(now) = self.broker.cards().into_iter().find(|now| now.id == card.id) else { break };
            card = now;
            if !card.findings.is_looking {
                break;
            }
        }
        card
    }

    async fn link(&self, card: &Card) -> Option<String> {
        let page = self.page.as_ref()?;
        let links = self.links.get_or_init(async || match Links::open(&self.state) {
            Ok(links) => Some(links),
            Err(error) => {
                self.tell(&format!("hoop-run: notifications have no links: {error}"));
                None
            }
        });
        let link = links.await.as_ref()?.make(card).ok()?;
        Some(format!("{}/a/{link}", page.trim_end_matches('/')))
    }

    async fn deliver(&self, place: &Place, event: &Event, ended: Option<Ended>) -> Delivery {
        let web =
            || self.web.as_deref().ok_or_else(|| Delivery::Failed("there is no client for it".to_owned()));
        match &place.hook {
            Hook::Command(argv) => command::run(argv, event).await,
            Hook::Desktop(desktop) => desktop.show(event).await,
            Hook::Slack(address) => {
                let body = slack::payload(event);
                let request = || json_request(address.expose(), body.clone());
                match web() {
                    Ok(web) => deliver::post(web, request, ended).await,
                    Err(failed) => failed,
                }
            }
            Hook::Webhook(address, secret) => {
                let signer = match place.signer.get_or_try_init(|| signer(secret)).await {
                    Ok(signer) => signer,
                    Err(why) => return Delivery::Failed(format!("its secret is missing: {why}")),
                };
                let (id, body) = (event.id(), event.json());
                // Each attempt has its own time: a receiver refuses old ones.
                let request = || {
                    signed_request(
                        address.expose(),
                        (&id, self.broker.unix_micros() / 1_000_000),
                        signer,
                        &body,
                    )
                };
                match web() {
                    Ok(web) => deliver::post(web, request, ended).await,
                    Err(failed) => failed,
                }
            }
        }
    }

    /// Tells the person, once until it works again.
    fn say(&self, place: &Place, card: &Card, why: &str) {
        let was_told =
            std::mem::replace(&mut *place.has_failed.lock().unwrap_or_else(PoisonError::into_inner), true);
        if !was_told {
            let what = match &place.hook {
                Hook::Webhook(..) => "webhook",
                Hook::Slack(_) => "Slack webhook",
                Hook::Command(_) => "command",
                Hook::Desktop(_) => "desktop notification",
            };
            let name = card.name();
            self.tell(&format!(
                "hoop-run: nobody was told of approval {name} by the {what} {}\n  why: {why}\n  fix: the question \
                 waits all the same: hoopctl approvals; check `approval.{}`",
                place.name,
                place.via()
            ));
        }
    }

    fn tell(&self, text: &str) {
        if let Some(tell) = &self.tell {
            tell(text);
        }
    }
}

impl Place {
    fn via(&self) -> &'static str {
        via(&self.hook)
    }

    /// Its name without a number.
    fn host(&self) -> String {
        name_of(&self.hook)
    }
}

/// The word in the record.
fn via(hook: &Hook) -> &'static str {
    match hook {
        Hook::Webhook(..) => "webhook",
        Hook::Slack(_) => "slack",
        Hook::Command(_) => "command",
        Hook::Desktop(_) => "desktop",
    }
}

fn name_of(hook: &Hook) -> String {
    match hook {
        Hook::Webhook(address, _) | Hook::Slack(address) => host_of(address.expose()),
        Hook::Command(argv) => argv.first().cloned().unwrap_or_default(),
        Hook::Desktop(desktop) => desktop.name(),
    }
}

/// The host of an address; what follows may be a secret.
fn host_of(address: &str) -> String {
    let authority = address.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
    authority.map_or_else(|| "?".to_owned(), |authority| authority.as_str().to_owned())
}

fn json_request(address: &str, body: Vec<u8>) -> Result<Request<Vec<u8>>, String> {
    let request = Request::post(address).header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::CONTENT_LENGTH, body.len());
    // The address may be a secret, and is not told.
    request.body(body).map_err(|_| "its address cannot be used".to_owned())
}

fn signed_request(
    address: &str,
    (id, timestamp): (&str, u64),
    signer: &Signer,
    body: &[u8],
) -> Result<Request<Vec<u8>>, String> {
    let mut request = json_request(address, body.to_vec())?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| "it cannot be signed".to_owned());
    let headers = request.headers_mut();
    headers.insert("webhook-id", value(id)?);
    headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
    headers.insert("webhook-signature", value(&signer.sign(id, timestamp, body))?);
    Ok(request)
}

async fn signer(secret: &SecretFrom) -> Result<Signer, String> {
    match secret {
        SecretFrom::Known(secret) => Signer::new(secret),
        SecretFrom::Command(argv) => {
            let printed = tokio::time::timeout(SECRET_TIME, printed(argv)).await;
            let printed =
                printed.map_err(|_| format!("its command took longer than {} s", SECRET_TIME.as_secs()))?;
            Signer::new(&printed?)
        }
    }
}

/// What a program prints.
async fn printed(argv: &[String]) -> Result<Secret, String> {
    use std::process::Stdio;
    use tokio::io::AsyncReadExt;
    let (program, arguments) = argv.split_first().ok_or("there is no command")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.kill_on_drop(true);
    let cannot = |cause: std::io::Error| format!("`{program}`: {}", crate::error::plain(&cause));
    let mut child = command.spawn().map_err(cannot)?;
    // Room for all of it at once: a buffer that grows would leave copies behind.
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(SECRET_BYTES + 1));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(SECRET_BYTES as u64 + 1).read_to_end(&mut text).await.map_err(cannot)?;
    }
    let status = child.wait().await.map_err(cannot)?;
    if !status.success() {
        return Err(format!("`{program}` ended with {status}"));
    }
    match std::str::from_utf8(&text) {
        Ok(text) if text.len() <= SECRET_BYTES => Ok(Secret::new(text.trim())),
        _ => Err(format!("`{program}` did not print a secret")),
    }
}
