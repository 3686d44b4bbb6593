//! Bringing something to a web server: a bounded number of attempts, each bounded in time, with pauses between them.

use std::time::Duration;

use http::Request;
use http::Response;
use http::header;
use tokio::sync::watch;

use crate::approval::Outcome;
use crate::net::Web;

/// How long one attempt may take, connecting included.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The pauses before the second attempt and further ones; a server that asks for a longer one gets it, up to `LONGEST`.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// Characters of a server's words that are told.
const QUOTED: usize = 120;

/// A question's end, once it is there.
pub(super) type Ended = watch::Receiver<Option<Outcome>>;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It got there.
    Done,
    /// It did not: why, as a sentence without a full stop.
    Failed(String),
    /// The question ended before it got there: there is nothing more to tell.
    Overtaken,
}

/// Why an attempt failed.
struct Failure {
    why: String,
    /// Another attempt could go well; the server may have said when.
    again: Option<Duration>,
}

/// Sends what `request` makes (once for each attempt), until a server takes it. `ended`: where the question's end makes
/// it pointless.
pub(super) async fn post(
    web: &Web,
    request: impl Fn() -> Result<Request<Vec<u8>>, String>,
    mut ended: Option<Ended>,
) -> Delivery {
    let mut pauses = PAUSES.iter();
    let mut attempts = 0;
    loop {
        let request = match request() {
            Ok(request) => request,
            Err(why) => return Delivery::Failed(why),
        };
        attempts += 1;
        let failure = match attempt(web, request).await {
            Ok(()) => return Delivery::Done,
            Err(failure) => failure,
        };
        let (Some(wanted), Some(pause)) = (failure.again, pauses.next()) else {
            let tries = if attempts > 1 { format!(", {attempts} times") } else { String::new() };
            return Delivery::Failed(format!("{}{tries}", failure.why));
        };
        let pause = tokio::time::sleep(wanted.min(LONGEST).max(*pause));
        match &mut ended {
            None => pause.await,
            Some(ended) => tokio::select! {
                () = pause => {}
                _ = ended.wait_for(Option::is_some) => return Delivery::Overtaken,
            },
        }
    }
}

async fn attempt(web: &Web, request: Request<Vec<u8>>) -> Result<(), Failure> {
    let again = Some(Duration::ZERO);
    let answer = match tokio::time::timeout(ATTEMPT, web.fetch(request)).await {
        Err(_) => {
            let why = format!("no answer within {} s", ATTEMPT.as_secs());
            return Err(Failure { why, again });
        }
        Ok(Err(cause)) => return Err(Failure { why: cause.to_string(), again }),
        Ok(Ok(answer)) => answer,
    };
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let why = format!("it answered {}{}", status.as_u16(), words(&answer));
    match status.as_u16() {
        // It would be told again elsewhere, with the signature and the secret address.
        300..400 => Err(Failure { why: format!("{why}, and redirections are not followed"), again: None }),
        408 | 425 | 429 | 500.. => Err(Failure { why, again: Some(wanted(&answer)) }),
        _ => Err(Failure { why, again: None }),
    }
}

/// The pause that the server asks for, in seconds (`Retry-After`).
fn wanted(answer: &Response<Vec<u8>>) -> Duration {
    let wanted = answer.headers().get(header::RETRY_AFTER).and_then(|wanted| wanted.to_str().ok());
    Duration::from_secs(wanted.and_then(|wanted| wanted.trim().parse().ok()).unwrap_or_default())
}

/// What a server says of a refusal, where that is a word or two (Slack: `invalid_blocks`).
fn words(answer: &Response<Vec<u8>>) -> String {
    let text = std::str::from_utf8(answer.body()).unwrap_or_default().trim();
    let is_plain = !text.is_empty() && text.chars().count() <= QUOTED && !text.contains(['<', '\n']);
    if is_plain { format!(" ({})", crate::term::safe(text)) } else { String::new() }
}
