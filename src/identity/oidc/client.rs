//! The client that hoop is registered as, and what its refusals mean.

use std::fs::File;
use std::io::Read;

use openidconnect::AuthType;
use openidconnect::ClientId;
use openidconnect::ClientSecret;
use openidconnect::EndpointNotSet;
use openidconnect::EndpointSet;
use openidconnect::ErrorResponseType;
use openidconnect::IssuerUrl;
use openidconnect::RequestTokenError;
use openidconnect::Scope;
use openidconnect::StandardErrorResponse;
use openidconnect::TokenUrl;
use openidconnect::core::CoreClient;
use zeroize::Zeroizing;

use crate::config::providers::OidcSettings;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::identity::oidc::failed;
use crate::identity::oidc::issuer::Issuer;
use crate::identity::quote::quoted;
use crate::net::WebError;

/// A client that can ask for tokens.
pub(super) type Client =
    CoreClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// Scopes that are asked for where the provider knows them.
const USUAL_SCOPES: &[&str] = &["email", "profile", "groups", "offline_access"];

/// Bytes of a client's secret.
const SECRET_BYTES: u64 = 4_096;

/// The client of `settings` at `issuer`.
pub(super) fn client(issuer: &Issuer<'_>, settings: &OidcSettings) -> Result<Client> {
    let lacking = |what: &str| failed(&issuer.name, format!("its discovery document has no {what}"));
    let document = &issuer.document;
    let address = IssuerUrl::new(document.issuer.clone()).map_err(|_| lacking("usable issuer"))?;
    let endpoint = document.token_endpoint.clone().ok_or_else(|| lacking("token endpoint"))?;
    let endpoint = TokenUrl::new(endpoint).map_err(|_| lacking("usable token endpoint"))?;
    let client = CoreClient::new(ClientId::new(settings.client_id.clone()), address, issuer.keys());
    // The scopes are ours, and hold `openid`.
    let client = client.disable_openid_scope().set_token_uri(endpoint);
    let Some(secret) = secret(settings)? else { return Ok(client) };
    let methods = &document.token_endpoint_auth_methods_supported;
    let has = |method: &str| methods.iter().any(|known| known == method);
    let client = match has("client_secret_post") && !has("client_secret_basic") {
        true => client.set_auth_type(AuthType::RequestBody),
        false => client,
    };
    Ok(client.set_client_secret(ClientSecret::new(secret.to_string())))
}

/// The client's secret, where it has one.
pub(super) fn secret(settings: &OidcSettings) -> Result<Option<Zeroizing<String>>> {
    let Some(path) = &settings.client_secret_file else { return Ok(None) };
    let what = || format!("cannot read the client's secret in {}", path.display());
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(SECRET_BYTES).read_to_string(&mut text));
    read.map_err(|cause| Error::io(what(), &cause).fix("correct `client_secret_file`"))?;
    match text.trim() {
        "" => Err(Error::new(Kind::Config, what()).why("the file is empty")),
        secret => Ok(Some(Zeroizing::new(secret.to_owned()))),
    }
}

/// The scopes to ask for.
pub(super) fn scopes(issuer: &Issuer<'_>, settings: &OidcSettings) -> Vec<Scope> {
    if !settings.scopes.is_empty() {
        return settings.scopes.iter().cloned().map(Scope::new).collect();
    }
    let known = &issuer.document.scopes_supported;
    let usual = USUAL_SCOPES.iter().filter(|scope| match known.is_empty() {
        true => ["email", "profile"].contains(scope),
        false => known.iter().any(|known| known == *scope),
    });
    std::iter::once("openid").chain(usual.copied()).map(|scope| Scope::new(scope.to_owned())).collect()
}

/// Why there are no tokens. `secrets` are those of the request.
pub(super) fn refused<T: ErrorResponseType + AsRef<str> + std::fmt::Display>(
    issuer: &Issuer<'_>,
    wrong: &RequestTokenError<WebError, StandardErrorResponse<T>>,
    secrets: &[&str],
) -> Error {
    let name = &issuer.name;
    let response = match wrong {
        RequestTokenError::Request(cause) => return issuer.unreached("a token", cause),
        // What did not parse may be a token.
        RequestTokenError::Parse(..) => {
            return failed(name, "its answer to the request for a token cannot be read");
        }
        RequestTokenError::Other(why) => return failed(name, quoted(why, secrets)),
        RequestTokenError::ServerResponse(response) => response,
    };
    let code = response.error().as_ref();
    let said = response.error_description().map(|said| quoted(said, secrets)).unwrap_or_default();
    let error = failed(name, sentence(code, &said, secrets));
    match code {
        "access_denied" => error.fix(format!("try again, and consent: hoopctl login {name}")),
        "expired_token" => error.fix(format!("try again, and be quicker: hoopctl login {name} --device")),
        "invalid_grant" => error.fix(format!("sign in again: hoopctl login {name}")),
        "invalid_client" | "unauthorized_client" => error.fix(
            "look at `client_id`: it is to be a native (public) client with the redirect http://127.0.0.1/callback, and \
             with the device flow for --device",
        ),
        "invalid_scope" => error.fix("name the `scopes` that the provider grants to this client"),
        _ => error,
    }
}

/// `the provider refused: access_denied (the user said no)`
pub(super) fn sentence(code: &str, said: &str, secrets: &[&str]) -> String {
    let meaning = match code {
        "access_denied" => "the request was denied",
        "expired_token" => "the code has expired",
        "invalid_grant" => "what was shown to it is expired, revoked or used",
        _ => "it refused",
    };
    let code = quoted(code, secrets);
    if said.is_empty() { format!("{meaning} ({code})") } else { format!("{meaning} ({code}: {said})") }
}
