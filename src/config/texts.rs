//! Values that are written as one text and hold more: addresses, commands.

use crate::config::keys::Value;
use crate::types::is_loopback;

/// Addresses of one key.
const MOST_ADDRESSES: usize = 8;

/// An `http` or `https` address.
pub(super) fn url(text: &str) -> Result<Value, (String, String)> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if !text.is_empty() && (host.is_empty() || host.contains('@') || text.contains(' ')) {
        let fix = "write it like \"http://127.0.0.1:5000\"".to_owned();
        return Err(("this is not an http or https address".to_owned(), fix));
    }
    Ok(Value::Text(text.to_owned()))
}

/// Addresses that may be secrets themselves: none is shown.
pub(super) fn addresses(text: &str) -> Result<Value, (String, String)> {
    let list = text.split([',', ' ']).filter(|address| !address.is_empty());
    for (number, address) in list.clone().enumerate() {
        let number = number + 1;
        let advice = || "write it like \"https://hooks.example.com/approvals\"".to_owned();
        if url(address).is_err() {
            return Err((format!("address {number} is not an https address"), advice()));
        }
        let host = address.split(['/', '?', '#']).nth(2).unwrap_or_default();
        let host = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => host,
        };
        if address.starts_with("http://") && !is_loopback(host) {
            let what = format!("address {number} is not encrypted (http), and leads to another machine");
            return Err((what, advice()));
        }
    }
    if list.clone().count() > MOST_ADDRESSES {
        return Err((format!("there are more than {MOST_ADDRESSES} addresses"), "leave some out".to_owned()));
    }
    Ok(Value::Text(list.collect::<Vec<_>>().join(", ")))
}

/// Words apart by blanks, or a JSON list of them.
pub(super) fn command(text: &str) -> Result<Value, (String, String)> {
    if !text.trim_start().starts_with('[') {
        return Ok(Value::Words(text.split_ascii_whitespace().map(str::to_owned).collect()));
    }
    serde_json::from_str(text).map(Value::Words).map_err(|_| {
        ("this is no list of words".to_owned(), r#"write it like ["pass", "show", "dev/db"]"#.to_owned())
    })
}
