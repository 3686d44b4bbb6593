//! The page that the browser ends on: what happened, in a sentence, and that it can be closed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header;
use http_body_util::Full;
use sha2::Digest as _;
use sha2::Sha256;

use crate::error::Error;

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    title: &'static str,
    text: String,
}

const STYLE: &str = "body{font:1.1em/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color-scheme:light dark}";

/// What is asked of the person who reads it.
const CLOSE: &str = "You can close this page.";

impl Page {
    pub(super) fn signed_in(user: &str, provider: &str) -> Self {
        let text = format!("hoop knows you as {user}, by {provider}. {CLOSE} It goes on in the terminal.");
        Self { title: "Signed in", text }
    }

    /// Only what the terminal says, too; without its advice, which is for there.
    pub(super) fn failed(error: &Error) -> Self {
        let why = error.causes().first().map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!("{}{why}. {CLOSE} The terminal says what to do.", error.what());
        Self { title: "Not signed in", text }
    }

    pub(super) fn not_ours() -> Self {
        let text = format!(
            "This is not the answer to the sign-in that hoop waits for. {CLOSE} Nothing has changed."
        );
        Self { title: "Not signed in", text }
    }

    pub(super) fn used() -> Self {
        let text = format!("This sign-in has been answered already. {CLOSE} The terminal says how it went.");
        Self { title: "Answered already", text }
    }

    pub(super) fn nothing_here() -> Self {
        Self { title: "Nothing here", text: format!("hoop waits for a sign-in, and not here. {CLOSE}") }
    }

    pub(super) fn response(&self, status: StatusCode) -> Response<Full<Bytes>> {
        let html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>hoop: {title}</title><style>{STYLE}</style>\
             <h1>{title}</h1><p>{text}</p></html>\n",
            title = self.title,
            text = escaped(&self.text)
        );
        let mut response = Response::new(Full::new(Bytes::from(html)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            STANDARD.encode(Sha256::digest(STYLE))
        );
        let nothing = HeaderValue::from_static("default-src 'none'");
        let policy = HeaderValue::from_str(&policy).unwrap_or(nothing);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_use_its_own_style_and_nothing_else() {
        let response = Page::nothing_here().response(StatusCode::NOT_FOUND);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("inline"), "{policy}");
    }
}
