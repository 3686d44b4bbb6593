//! HTML: what makes any text harmless, and the frame of every page.

use std::fmt::Write;

use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header;
use http_body_util::Full;

use crate::term::safe;

/// A response of the page.
pub(super) type Reply = Response<Full<Bytes>>;

/// What the browser may do: show this page with its own style and script, and send its own form. No other server is ever
/// asked for anything, no other page may frame it, and nothing of it stays behind.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The frame of a page.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// In whose name answers are given.
    pub(super) who: &'a str,
    /// What stands in the browser's title; not escaped.
    pub(super) title: &'a str,
    /// The way back to all questions, where there is one.
    pub(super) all: Option<&'a str>,
    /// Browsers without scripts load the page again after so many seconds.
    pub(super) again: Option<u32>,
    /// Whether it is sent without encryption beyond this machine: browsers say less of where a form comes from then.
    pub(super) is_beyond: bool,
}

impl Frame<'_> {
    /// The page with `main` as it is.
    pub(super) fn page(&self, status: StatusCode, main: &str) -> Reply {
        let mut html = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        html.push_str("<meta name=\"color-scheme\" content=\"light dark\">");
        let _ = write!(html, "<title>{} · hoop</title>", escaped(self.title));
        html.push_str("<link rel=\"stylesheet\" href=\"/hoop.css\"><script src=\"/hoop.js\" defer></script>");
        if let Some(seconds) = self.again {
            let _ = write!(html, "<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>");
        }
        html.push_str("</head>\n<body><header>");
        match self.all {
            Some(all) => {
                let _ = write!(html, "<a href=\"{}\">← All questions</a>", escaped(all));
            }
            None => html.push_str("<span>hoop approvals</span>"),
        }
        if !self.who.is_empty() {
            let _ = write!(
                html,
                "<span>You answer as <strong class=\"who\">{}</strong></span>",
                escaped(self.who)
            );
        }
        let _ = write!(html, "</header>\n<main>{main}</main></body></html>\n");
        response(status, "text/html; charset=utf-8", html, self.is_beyond)
    }
}

/// A response with all its guards.
pub(super) fn response(
    status: StatusCode,
    sort: &'static str,
    body: impl Into<Bytes>,
    is_beyond: bool,
) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Without a referrer a form says no origin either, and beyond this machine browsers send nothing else to tell by.
    let referrer = if is_beyond { "same-origin" } else { "no-referrer" };
    for (name, value) in [
        (header::CONTENT_TYPE, sort),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, referrer),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page with one message.
pub(super) fn message(frame: &Frame<'_>, status: StatusCode, sort: &str, text: &str) -> Reply {
    let main = format!(
        "<h1>{}</h1><div class=\"box result {sort}\" role=\"status\"><p>{}</p></div>",
        escaped(frame.title),
        escaped_lines(text)
    );
    frame.page(status, &main)
}

/// The text as it can stand in HTML, in elements and in quoted attributes: on one line, with everything hidden or turning
/// written out.
pub(super) fn escaped(text: &str) -> String {
    entities(&safe(text))
}

/// As [`escaped`], but lines stay lines.
pub(super) fn escaped_lines(text: &str) -> String {
    entities(&crate::term::safe_lines(text))
}

fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escaped("<b a='\"'>&\u{202e}\n"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\u{202e}\\n");
        assert_eq!(escaped_lines("a\n<\t\u{1b}[2J"), "a\n&lt;    \\e[2J");
        let frame = Frame { who: "<i>", title: "</title><script>", ..Frame::default() };
        let page = message(&frame, StatusCode::OK, "good", "<img src=x>");
        let html = format!("{page:?}");
        assert!(
            !html.contains("<i>") && !html.contains("</title><script>") && !html.contains("<img"),
            "{html}"
        );
    }
}
