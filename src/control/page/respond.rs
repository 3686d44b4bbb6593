//! One request to the page. A GET only looks; what answers is a POST with everything that a form of ours has.

use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header;
use http_body_util::BodyExt;
use http_body_util::Limited;
use hyper::body::Incoming;
use openidconnect::url::form_urlencoded;
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::approval::Answered;
use crate::approval::Card;
use crate::approval::QuestionId;
use crate::approval::Via;
use crate::control::links::Link;
use crate::control::links::Unfit;
use crate::control::links::request as request_of;
use crate::control::page::Known;
use crate::control::page::html;
use crate::control::page::html::Frame;
use crate::control::page::html::Reply;
use crate::control::page::html::message;
use crate::control::page::view;
use crate::control::wire::Given;
use crate::control::wire::Word;
use crate::types::SessionId;

/// Bytes of a form: a reason of 500 characters, each escaped, and some words.
const FORM_BYTES: usize = 16 * 1024;
/// How long a form may take.
const FORM_TIMEOUT: Duration = Duration::from_secs(15);
/// Its name. Only a page that others than this machine reach sets one.
const COOKIE: &str = "hoop-approvals";
/// Without scripts the list is loaded again after so many seconds.
const AGAIN: u32 = 5;

/// What a path leads to.
enum Place {
    /// The list, by the page's key.
    List,
    /// A question, by the page's key.
    Listed(SessionId, QuestionId),
    /// A question, by a link.
    Linked(Link),
    /// A link that is not good any more.
    Expired,
    Style,
    Script,
    Nothing,
}

/// The answer to one request.
pub(super) async fn respond(request: Request<Incoming>, known: &Known) -> Reply {
    let frame = known.frame("Nothing here");
    if !known.guard.is_our_host(request.headers()) {
        return nothing(&frame, StatusCode::MISDIRECTED_REQUEST);
    }
    let path = request.uri().path().to_owned();
    let place = known.place(&path);
    let is_post = request.method() == Method::POST;
    if !is_post && request.method() != Method::GET && request.method() != Method::HEAD {
        let mut reply = nothing(&frame, StatusCode::METHOD_NOT_ALLOWED);
        reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return reply;
    }
    let is_beyond = known.guard.is_beyond();
    match place {
        Place::Style if !is_post => {
            html::response(StatusCode::OK, "text/css; charset=utf-8", include_str!("style.css"), is_beyond)
        }
        Place::Script if !is_post => html::response(
            StatusCode::OK,
            "text/javascript; charset=utf-8",
            include_str!("script.js"),
            is_beyond,
        ),
        Place::List if !is_post => known.list().await,
        Place::Expired => known.over(&frame, None),
        Place::Listed(session, id) => known.question(request, (session, id), None, &path).await,
        Place::Linked(link) => {
            known.question(request, (link.session, link.question), Some(&link), &path).await
        }
        _ => nothing(&frame, StatusCode::NOT_FOUND),
    }
}

fn nothing(frame: &Frame<'_>, status: StatusCode) -> Reply {
    let text = "Open the address that hoopctl approvals serve has printed, or the link of a notification.";
    // Whoever has no good address learns nothing, not even who serves.
    message(&Frame { who: "", all: None, ..*frame }, status, "", text)
}

impl Known {
    fn frame<'a>(&'a self, title: &'a str) -> Frame<'a> {
        Frame { who: &self.who, title, is_beyond: self.guard.is_beyond(), ..Frame::default() }
    }

    fn place(&self, path: &str) -> Place {
        let now = self.clock.unix_seconds();
        match path {
            "/hoop.css" => return Place::Style,
            "/hoop.js" => return Place::Script,
            _ => {}
        }
        if let Some(link) = path.strip_prefix("/a/") {
            return match self.links.read(link, now) {
                Ok(link) if self.serves((link.session, link.question)) => Place::Linked(link),
                Ok(_) | Err(Unfit::Forged) => Place::Nothing,
                Err(Unfit::Expired) => Place::Expired,
            };
        }
        let Some((key, rest)) = path.strip_prefix("/k/").and_then(|rest| rest.split_once('/')) else {
            return Place::Nothing;
        };
        let is_open = self.only.lock().is_ok_and(|only| only.is_none());
        if !is_open || !bool::from(key.as_bytes().ct_eq(self.key.as_bytes())) {
            return Place::Nothing;
        }
        if rest.is_empty() {
            return Place::List;
        }
        let parts =
            rest.split_once('/').and_then(|(session, id)| Some((session.parse().ok()?, id.parse().ok()?)));
        parts.map_or(Place::Nothing, |(session, id)| Place::Listed(session, QuestionId(id)))
    }

    fn serves(&self, question: (SessionId, QuestionId)) -> bool {
        self.only.lock().is_ok_and(|only| only.is_none_or(|only| only == question))
    }

    async fn list(&self) -> Reply {
        let (cards, gone) = self.cards().await;
        let at = |card: &Card| format!("/k/{}/{}/{}", self.key, card.session, card.id);
        let main = view::list(&cards, &gone, self.clock.unix_micros(), &at);
        let title = format!("Approvals ({})", cards.len());
        let frame = Frame { again: Some(AGAIN), ..self.frame(&title) };
        let mut reply = frame.page(StatusCode::OK, &main);
        if self.guard.is_beyond() {
            let cookie =
                format!("{COOKIE}={}; HttpOnly; SameSite=Lax; Path=/; Max-Age=604800", self.cookie());
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                reply.headers_mut().insert(header::SET_COOKIE, cookie);
            }
        }
        reply
    }

    /// Shows a question, or takes an answer to it.
    async fn question(
        &self,
        request: Request<Incoming>,
        (session, id): (SessionId, QuestionId),
        link: Option<&Link>,
        path: &str,
    ) -> Reply {
        let all = format!("/k/{}/", self.key);
        let all = Some(all.as_str()).filter(|_| link.is_none());
        let over = Frame { all, ..self.frame("Not waiting any more") };
        let is_used = link.is_some_and(|link| self.links.is_used(link));
        let (cards, _) = self.cards().await;
        let Some(card) = cards.into_iter().find(|card| (card.session, card.id) == (session, id)) else {
            return self.over(&over, link.filter(|_| is_used));
        };
        if link.is_some_and(|link| link.request != request_of(&card)) {
            let frame = self.frame("Another question");
            let text = "This link was made for another request. Nothing was answered.";
            return message(&frame, StatusCode::CONFLICT, "bad", text);
        }
        // Whom a link was sent to beyond this machine is not known: the browser must have seen the page's own address.
        let may_answer = link.is_none() || !self.guard.is_beyond() || self.has_cookie(request.headers());
        if request.method() == Method::POST {
            if !may_answer {
                return nothing(&over, StatusCode::FORBIDDEN);
            }
            return self.take(request, &card, link, (path, all)).await;
        }
        let form = match (is_used, may_answer, self.tokens.make(&card, path)) {
            (true, ..) => note("This link has been used already. Nothing more can be answered by it."),
            (_, false, _) => note(
                "To answer from this browser, open in it once the address that hoopctl approvals serve has printed, then \
                 load this page again.",
            ),
            (.., Ok(token)) => view::form(&card, &token, &self.who),
            (.., Err(error)) => note(error.what()),
        };
        let title = card.question.line();
        let again = card.findings.is_looking.then_some(AGAIN);
        let frame = Frame { all, again, ..self.frame(&title) };
        frame.page(StatusCode::OK, &view::card(&card, self.clock.unix_micros(), &form))
    }

    fn over(&self, frame: &Frame<'_>, used: Option<&Link>) -> Reply {
        let text = match used {
            Some(_) => "This link has been used, and the question does not wait any more.",
            None => "The question has been answered, its time is over, or the client has gone away.",
        };
        let frame = Frame { title: "Not waiting any more", who: frame.who, all: frame.all, ..self.frame("") };
        message(&frame, StatusCode::GONE, "", text)
    }

    /// Takes the answer of a form.
    async fn take(
        &self,
        request: Request<Incoming>,
        card: &Card,
        link: Option<&Link>,
        (path, all): (&str, Option<&str>),
    ) -> Reply {
        let not_taken = Frame { all, ..self.frame("Not taken") };
        let refuse = |status, text: &str| message(&not_taken, status, "bad", text);
        if !self.guard.is_our_form(request.headers()) {
            let text = "This answer does not come from a page of hoop. Nothing was answered.";
            return refuse(StatusCode::FORBIDDEN, text);
        }
        let form = match form(request).await {
            Ok(form) => form,
            Err(status) => return refuse(status, "This is no form of hoop. Nothing was answered."),
        };
        let Some(given) = given(&form, card) else {
            return refuse(StatusCode::BAD_REQUEST, "This is no answer. Nothing was answered.");
        };
        if !self.tokens.take(form.value("token"), card, path, self.clock.unix_micros()) {
            let text = "This form has been sent already, or is too old. Load the question again.";
            return refuse(StatusCode::CONFLICT, text);
        }
        match link.map(|link| self.links.use_up(link)).transpose() {
            Ok(Some(false)) => {
                return refuse(
                    StatusCode::CONFLICT,
                    "This link has been used already. Nothing was answered.",
                );
            }
            Err(error) => return refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            Ok(_) => {}
        }
        let word = given.answer;
        let answered = self.answer(card, given).await;
        if let (Some(link), Err(_) | Ok(Answered::Refused(_))) = (link, &answered) {
            // It had no effect: another answer may have one.
            self.links.give_back(link);
        }
        let line = card.question.line();
        let (title, sort, text) = match answered {
            Ok(Answered::Settled) if word == Word::Allow => {
                ("Allowed", "good", format!("It goes on: {line}"))
            }
            Ok(Answered::Settled) if word == Word::Stop => {
                ("Denied", "bad", format!("It is refused, and the session ends: {line}"))
            }
            Ok(Answered::Settled) => ("Denied", "bad", format!("It is refused: {line}")),
            Ok(Answered::Counted(missing)) => {
                let text = format!("Your yes counts. It still needs {}.", missing.join(", and "));
                ("Counted", "good", text)
            }
            Ok(Answered::NotWaiting) => {
                let text = "Too late: it was answered, its time is over, or the client has gone away.";
                ("Not waiting any more", "", text.to_owned())
            }
            Ok(Answered::Refused(why)) => ("Not taken", "bad", format!("You cannot answer it so: {why}.")),
            Err(error) => {
                let whys =
                    error.causes().iter().fold(error.what().to_owned(), |text, why| format!("{text}: {why}"));
                ("Not taken", "bad", whys)
            }
        };
        message(&Frame { all, ..self.frame(title) }, StatusCode::OK, sort, &text)
    }

    /// What a browser shows that has seen the page's own address.
    fn cookie(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.key.as_bytes());
        hex::encode(hmac::sign(&key, b"hoop approvals cookie 1"))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let own = self.cookie();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        cookies.flat_map(|cookies| cookies.split(';')).any(|cookie| {
            let value = cookie.trim().strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('='));
            value.is_some_and(|value| bool::from(value.as_bytes().ct_eq(own.as_bytes())))
        })
    }
}

fn note(text: &str) -> String {
    format!("<div class=\"box\" role=\"status\"><p>{}</p></div>", html::escaped(text))
}

/// The fields of a form.
struct Form(Vec<(String, String)>);

impl Form {
    /// A field that stands there once; else nothing.
    fn value(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

async fn form(request: Request<Incoming>) -> Result<Form, StatusCode> {
    let sort = request.headers().get(header::CONTENT_TYPE).and_then(|sort| sort.to_str().ok());
    let sort = sort.and_then(|sort| sort.split(';').next()).unwrap_or_default().trim();
    if !sort.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = Limited::new(request.into_body(), FORM_BYTES).collect();
    match tokio::time::timeout(FORM_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(Form(form_urlencoded::parse(&body.to_bytes()).into_owned().collect())),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The answer that the form's button means.
fn given(form: &Form, card: &Card) -> Option<Given> {
    let (answer, scope) = match form.value("answer") {
        "once" => (Word::Allow, Some("once")),
        "session" => (Word::Allow, Some("session")),
        // Those two are words of their own: here only a time is meant.
        "time" => (
            Word::Allow,
            Some(form.value("time")).filter(|time| time.starts_with(|c: char| c.is_ascii_digit())),
        ),
        "deny" => (Word::Deny, None),
        "stop" => (Word::Stop, None),
        _ => return None,
    };
    if answer == Word::Allow && scope.is_none() {
        return None;
    }
    let scope = scope.map(str::parse).transpose().ok()?;
    let reason = form.value("reason").to_owned();
    Some(Given { id: card.id, answer, scope, reason, via: Via::Page, login: None })
}
