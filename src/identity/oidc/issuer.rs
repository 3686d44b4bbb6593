//! An issuer: its discovery document, its keys, and how far its clock is from ours.

use std::sync::Mutex;
use std::sync::PoisonError;

use http::Request;
use http::Response;
use http::StatusCode;
use http::Uri;
use http::header;
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::aws::sigv4::http_date;
use crate::error::Error;
use crate::error::Result;
use crate::identity::Provider;
use crate::identity::around::Surroundings;
use crate::identity::oidc::CLOCK_SKEW;
use crate::identity::oidc::failed;
use crate::identity::quote::quoted;
use crate::net::Web;
use crate::net::WebError;
use crate::types::is_loopback;

/// What discovery tells. Issuers of CI tokens have no more than keys.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::identity) struct Document {
    pub issuer: String,
    pub jwks_uri: String,
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub userinfo_endpoint: Option<String>,
    pub device_authorization_endpoint: Option<String>,
    pub revocation_endpoint: Option<String>,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// An issuer that has been asked.
pub(in crate::identity) struct Issuer<'s> {
    /// The provider's name.
    pub name: String,
    pub document: Document,
    pub around: &'s Surroundings,
    web: Web,
    keys: Mutex<CoreJsonWebKeySet>,
    /// Their clock minus ours, in seconds, where an answer told their time.
    ahead: Mutex<Option<i64>>,
}

impl<'s> Issuer<'s> {
    /// Asks the issuer of `provider`, called `address`, for its discovery document and its keys.
    pub(in crate::identity) async fn discover(
        provider: &Provider,
        address: &str,
        around: &'s Surroundings,
    ) -> Result<Self> {
        let web = around.web(Some(provider))?;
        let nothing = Document {
            issuer: address.to_owned(),
            jwks_uri: String::new(),
            authorization_endpoint: None,
            token_endpoint: None,
            userinfo_endpoint: None,
            device_authorization_endpoint: None,
            revocation_endpoint: None,
            scopes_supported: Vec::new(),
            token_endpoint_auth_methods_supported: Vec::new(),
            code_challenge_methods_supported: Vec::new(),
            authorization_response_iss_parameter_supported: false,
        };
        let mut issuer = Self {
            name: provider.name.clone(),
            document: nothing,
            around,
            web,
            keys: Mutex::new(CoreJsonWebKeySet::new(Vec::new())),
            ahead: Mutex::new(None),
        };
        let place = format!("{}/.well-known/openid-configuration", address.trim_end_matches('/'));
        let document: Document = issuer.get(&place, "its discovery document").await?;
        if document.issuer != address {
            return Err(failed(
                &issuer.name,
                format!(
                    "its discovery document is that of another issuer, `{}`",
                    quoted(&document.issuer, &[])
                ),
            )
            .fix(format!(
                "write `issuer` in {} exactly as the provider calls itself, if you trust it",
                provider.file.display()
            )));
        }
        issuer.document = document;
        let document = &issuer.document;
        let endpoints = [
            Some(&document.jwks_uri),
            document.authorization_endpoint.as_ref(),
            document.token_endpoint.as_ref(),
            document.userinfo_endpoint.as_ref(),
            document.device_authorization_endpoint.as_ref(),
            document.revocation_endpoint.as_ref(),
        ];
        for endpoint in endpoints.into_iter().flatten() {
            issuer.check_address(endpoint)?;
        }
        issuer.fetch_keys().await?;
        Ok(issuer)
    }

    /// The keys that tokens are signed with.
    pub(in crate::identity) fn keys(&self) -> CoreJsonWebKeySet {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for the keys again: an issuer changes them from time to time.
    pub(in crate::identity) async fn fetch_keys(&self) -> Result<()> {
        let keys: CoreJsonWebKeySet = self.get(&self.document.jwks_uri, "its keys").await?;
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Sends a request, and looks at their clock.
    pub(in crate::identity) async fn fetch(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, WebError> {
        let response = self.web.fetch(request).await?;
        let date = response.headers().get(header::DATE).and_then(|date| http_date(date.to_str().ok()?));
        if let Some(ahead) = date.and_then(|date| date.checked_signed_diff(self.around.now())) {
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(response)
    }

    /// Whether this machine's clock is off, in words.
    pub(in crate::identity) fn clock_remark(&self) -> Option<String> {
        let ahead = (*self.ahead.lock().unwrap_or_else(PoisonError::into_inner))?;
        if ahead.unsigned_abs() <= CLOCK_SKEW {
            return None;
        }
        let side = if ahead > 0 { "behind" } else { "ahead of" };
        Some(format!("this machine's clock is {} {side} the provider's", span(ahead.unsigned_abs())))
    }

    async fn get<T: DeserializeOwned>(&self, address: &str, what: &str) -> Result<T> {
        let request = Request::get(address).header(header::ACCEPT, "application/json").body(Vec::new());
        let request =
            request.map_err(|_| failed(&self.name, format!("the address of {what} cannot be used")))?;
        let response = self.fetch(request).await.map_err(|cause| self.unreached(what, &cause))?;
        if response.status() != StatusCode::OK {
            let why = format!("asked for {what}, the provider answered {}", response.status().as_u16());
            return Err(
                failed(&self.name, why).fix("look at `issuer` in the configuration: hoopctl config path")
            );
        }
        serde_json::from_slice(response.body()).map_err(|cause| {
            failed(&self.name, format!("{what} cannot be read: {}", quoted(&cause.to_string(), &[])))
        })
    }

    /// The error of a provider that did not answer.
    pub(in crate::identity) fn unreached(&self, what: &str, cause: &WebError) -> Error {
        failed(&self.name, format!("asked for {what}: {}", quoted(&cause.to_string(), &[])))
            .fix("look at the network, HTTPS_PROXY and `ca_file`; then try again")
    }

    /// Nothing of an `https` issuer is asked, or opened in a browser, by anything less.
    pub(in crate::identity) fn check_address(&self, address: &str) -> Result<()> {
        let is_own = self.document.issuer.starts_with("http://");
        let is_fit = address.parse::<Uri>().is_ok_and(|uri| match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(host)) => is_own && is_loopback(host),
            _ => false,
        });
        if is_fit && !address.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Ok(());
        }
        Err(failed(&self.name, format!("its address `{}` is not safe: not https", quoted(address, &[]))))
    }
}

/// A length of time in words, in the unit that suits it.
pub(in crate::identity) fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}
