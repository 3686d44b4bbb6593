//! A provider that says what a test wants it to say, truths and lies.

use std::collections::HashMap;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hoop::clock::Clock;
use hoop::config::providers::OidcSettings;
use hoop::config::providers::ProviderKind;
use hoop::error::Result;
use hoop::identity::Login;
use hoop::identity::Provider;
use hoop::identity::Surroundings;
use hoop::identity::Told;
use hoop::identity::oidc;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::KeyPair;
use serde_json::Value;
use serde_json::json;

/// The time of all tests here: a fixed clock tells it, and the stub's `Date` unless a test says otherwise.
pub const NOW: u64 = 1_763_700_000;

/// What the stub says.
pub struct Script {
    /// Fields of the discovery document that are otherwise; `null`: missing.
    pub document: Value,
    /// Claims that are otherwise; `null`: missing.
    pub claims: Value,
    /// The algorithm that tokens claim.
    pub algorithm: &'static str,
    /// Tokens are signed with this key, and name that one.
    pub signs: (usize, &'static str),
    /// The keys that are shown: name and number.
    pub shown: Vec<(&'static str, usize)>,
    /// The keys that are shown from the second time on.
    pub shown_later: Option<Vec<(&'static str, usize)>>,
    /// Parameters of the redirect that are otherwise; `null`: missing.
    pub redirect: Value,
    /// The answer of the token endpoint, in place of tokens: status and body.
    pub refusal: Option<(u16, String)>,
    /// Answers of the token endpoint before any other, one after the other.
    pub first: Vec<(u16, String)>,
    /// Fields of the tokens' answer that are otherwise; `null`: missing.
    pub tokens: Value,
    pub userinfo: Option<Value>,
    /// Whether the payload is changed after it was signed.
    pub is_tampered: bool,
    /// The stub's clock minus the tests', in seconds.
    pub ahead: i64,
    /// What was asked: path and form.
    pub asked: Vec<(String, HashMap<String, String>)>,
    nonce: Option<String>,
}

/// A stub that runs until the test ends.
pub struct Stub {
    pub issuer: String,
    pub script: Arc<Mutex<Script>>,
}

impl Stub {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let script = Arc::new(Mutex::new(Script {
            document: json!({}),
            claims: json!({}),
            algorithm: "ES256",
            signs: (0, "k0"),
            shown: vec![("k0", 0)],
            shown_later: None,
            redirect: json!({}),
            refusal: None,
            first: Vec::new(),
            tokens: json!({}),
            userinfo: None,
            is_tampered: false,
            ahead: 0,
            asked: Vec::new(),
            nonce: None,
        }));
        let keys: Arc<Vec<EcdsaKeyPair>> = Arc::new((0..3).map(|_| key()).collect());
        let (own, told) = (issuer.clone(), Arc::clone(&script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, script, keys) = (own.clone(), Arc::clone(&told), Arc::clone(&keys));
                thread::spawn(move || serve(stream, &own, &script, &keys));
            }
        });
        Self { issuer, script }
    }

    pub fn told(self, change: impl FnOnce(&mut Script)) -> Self {
        change(&mut self.script.lock().unwrap());
        self
    }

    pub fn provider(&self) -> Provider {
        provider("corp", &self.issuer)
    }

    /// Signs in, the browser going wherever it is sent; gives what came of it and the browser's last page.
    pub fn sign_in(&self) -> (Result<Login>, String) {
        sign_in(&self.provider(), &around())
    }

    /// How often the path was asked.
    pub fn hits(&self, path: &str) -> usize {
        self.script.lock().unwrap().asked.iter().filter(|(asked, _)| asked == path).count()
    }
}

pub fn provider(name: &str, issuer: &str) -> Provider {
    let settings = OidcSettings {
        issuer: issuer.to_owned(),
        client_id: "hoop".to_owned(),
        groups_claim: "groups".to_owned(),
        ..OidcSettings::default()
    };
    Provider {
        name: name.to_owned(),
        kind: ProviderKind::Oidc(settings),
        tags: Vec::new(),
        ca_file: None,
        file: PathBuf::from("config.toml"),
        line: 1,
        is_machine: false,
    }
}

pub fn around() -> Surroundings {
    Surroundings { clock: Clock::fixed(NOW * 1_000_000), environment: HashMap::new() }
}

/// Signs in with a browser that goes wherever it is sent; its last page comes, too.
pub fn sign_in(provider: &Provider, around: &Surroundings) -> (Result<Login>, String) {
    let page = Arc::new(Mutex::new(None));
    let tell = |told: Told<'_>| {
        let Told::Address { url, .. } = told else { return };
        let (url, page) = (url.to_owned(), Arc::clone(&page));
        let browser = thread::spawn(move || get(&url).1);
        *page.lock().unwrap() = Some(browser);
    };
    let outcome = oidc::browser(provider, around, false, &tell);
    let page = page.lock().unwrap().take();
    (outcome, page.map(|browser| browser.join().unwrap()).unwrap_or_default())
}

/// GETs an address and follows where it leads; the last status and body.
pub fn get(url: &str) -> (u16, String) {
    let mut url = url.to_owned();
    for _ in 0..10 {
        let (authority, path) = parts(&url);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        let answer = raw(&authority, &request);
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let location = head.lines().find_map(|line| line.strip_prefix("Location: "));
        match location {
            Some(location) => url = location.to_owned(),
            None => return (status(&answer), answer),
        }
    }
    panic!("too many redirects");
}

pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
}

pub fn parts(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").unwrap();
    match rest.split_once('/') {
        Some((authority, path)) => (authority.to_owned(), format!("/{path}")),
        None => (rest.to_owned(), "/".to_owned()),
    }
}

pub fn raw(authority: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

fn serve(mut stream: TcpStream, issuer: &str, script: &Mutex<Script>, keys: &[EcdsaKeyPair]) {
    let Some((target, body)) = read(&mut stream) else { return };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let form = form(if body.is_empty() { query } else { &body });
    let mut script = script.lock().unwrap();
    script.asked.push((path.to_owned(), form.clone()));
    let (status, more, body) = match path {
        "/.well-known/openid-configuration" => (200, String::new(), document(issuer, &script).to_string()),
        "/jwks" => (200, String::new(), jwks(&script, keys).to_string()),
        "/auth" => {
            script.nonce = form.get("nonce").cloned();
            let mut answer = json!({"code": "the-code-of-the-stub", "state": form["state"]});
            merge(&mut answer, &script.redirect);
            let query: Vec<String> = answer
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{name}={}", escape(value.as_str().unwrap())))
                .collect();
            let location = format!("Location: {}?{}\r\n", form["redirect_uri"], query.join("&"));
            (302, location, String::new())
        }
        "/token" if !script.first.is_empty() => {
            let (status, body) = script.first.remove(0);
            (status, String::new(), body)
        }
        "/token" => match &script.refusal {
            Some((status, body)) => (*status, String::new(), body.clone()),
            None => (200, String::new(), tokens(issuer, &script, keys).to_string()),
        },
        "/device" => {
            let issuer = script.document["issuer"].as_str().unwrap_or(issuer);
            let answer = json!({"device_code": "the-device-code-of-the-stub", "user_code": "WDJB-MJHT",
                "verification_uri": format!("{issuer}/enter"), "expires_in": 600, "interval": 1});
            (200, String::new(), answer.to_string())
        }
        "/userinfo" => (200, String::new(), script.userinfo.clone().unwrap_or(json!({})).to_string()),
        // As GitHub gives tokens.
        "/github" => (200, String::new(), json!({"value": token(issuer, &script, keys)}).to_string()),
        _ => (404, String::new(), String::new()),
    };
    let now = i64::try_from(NOW).unwrap() + script.ahead;
    let date = jiff::Timestamp::from_second(now).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n{more}\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}

fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut block = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.split(' ').nth(1)?.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut block).ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&block[..count]),
        }
    }
}

fn form(text: &str) -> HashMap<String, String> {
    let plain = |part: &str| {
        percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn merge(value: &mut Value, changes: &Value) {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            change => value[name] = change.clone(),
        }
    }
}

fn document(issuer: &str, script: &Script) -> Value {
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "device_authorization_endpoint": format!("{issuer}/device"),
        "code_challenge_methods_supported": ["S256"],
    });
    merge(&mut document, &script.document);
    document
}

fn jwks(script: &Script, keys: &[EcdsaKeyPair]) -> Value {
    let times = script.asked.iter().filter(|(path, _)| path == "/jwks").count();
    let shown = script.shown_later.as_ref().filter(|_| times > 1).unwrap_or(&script.shown);
    let shown = shown.iter().map(|(name, number)| {
        let public = keys[*number].public_key().as_ref();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": name, "x": part(&public[1..33]), "y": part(&public[33..])})
    });
    json!({"keys": shown.collect::<Vec<_>>()})
}

fn tokens(issuer: &str, script: &Script, keys: &[EcdsaKeyPair]) -> Value {
    let mut answer = json!({"access_token": "the-access-token-of-the-stub", "token_type": "Bearer", "expires_in": 300,
        "refresh_token": "the-refresh-token-of-the-stub", "id_token": token(issuer, script, keys)});
    merge(&mut answer, &script.tokens);
    answer
}

fn token(issuer: &str, script: &Script, keys: &[EcdsaKeyPair]) -> String {
    let mut claims = json!({"iss": issuer, "sub": "7", "aud": "hoop", "iat": NOW, "exp": NOW + 600,
        "email": "ana@corp.example", "email_verified": true, "groups": ["dev"]});
    if let Some(nonce) = &script.nonce {
        claims["nonce"] = json!(nonce);
    }
    merge(&mut claims, &script.claims);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (number, name) = script.signs;
    let head = part(&json!({"alg": script.algorithm, "kid": name}));
    let input = format!("{head}.{}", part(&claims));
    let signature = match script.algorithm {
        "none" => Vec::new(),
        // The classic: the public key as the secret.
        "HS256" => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, keys[number].public_key().as_ref());
            ring::hmac::sign(&key, input.as_bytes()).as_ref().to_vec()
        }
        _ => keys[number].sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec(),
    };
    let input = match script.is_tampered {
        true => {
            claims["groups"] = json!(["admins"]);
            format!("{head}.{}", part(&claims))
        }
        false => input,
    };
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
