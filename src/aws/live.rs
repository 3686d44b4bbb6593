//! Calls that stay open: streams both ways and websockets. botocore speaks neither, so its models leave them out.
//!
//! Sources: the API references of the services; the IAM actions are those of the service authorization reference.

use super::call::Call;
use super::call::RequestView;
use super::call::UNKNOWN;
use super::host::Address;
use super::partition::Partition;
use super::sigv4::decode;
use crate::types::AccessLevel;

/// One such call.
struct Live {
    signing: &'static str,
    /// `GET` asks for a websocket.
    method: &'static str,
    /// A final `*` stands for anything.
    path: &'static str,
    service: &'static str,
    operation: &'static str,
    action: &'static str,
    /// The last label of its hosts before the region.
    host: &'static str,
    /// Each customer has hosts of their own: the client has to name one.
    own: bool,
}

const fn transcribe(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    action: &'static str,
) -> Live {
    let (signing, service, host) = ("transcribe", "transcribe", "transcribestreaming");
    Live { signing, method, path, service, operation, action, host, own: false }
}

const LIVE: [Live; 11] = [
    transcribe(
        "POST",
        "/stream-transcription",
        "StartStreamTranscription",
        "transcribe:StartStreamTranscription",
    ),
    transcribe(
        "POST",
        "/medical-stream-transcription",
        "StartMedicalStreamTranscription",
        "transcribe:StartMedicalStreamTranscription",
    ),
    transcribe(
        "POST",
        "/call-analytics-stream-transcription",
        "StartCallAnalyticsStreamTranscription",
        "transcribe:StartCallAnalyticsStreamTranscription",
    ),
    transcribe(
        "POST",
        "/medical-scribe-stream",
        "StartMedicalScribeStream",
        "transcribe:StartMedicalScribeStream",
    ),
    transcribe(
        "GET",
        "/stream-transcription-websocket",
        "StartStreamTranscriptionWebSocket",
        "transcribe:StartStreamTranscriptionWebSocket",
    ),
    transcribe(
        "GET",
        "/medical-stream-transcription-websocket",
        "StartMedicalStreamTranscriptionWebSocket",
        "transcribe:StartMedicalStreamTranscriptionWebSocket",
    ),
    transcribe(
        "GET",
        "/call-analytics-stream-transcription-websocket",
        "StartCallAnalyticsStreamTranscriptionWebSocket",
        "transcribe:StartCallAnalyticsStreamTranscriptionWebSocket",
    ),
    Live {
        signing: "lex",
        method: "POST",
        path: "/bots/*",
        service: "lexv2-runtime",
        operation: "StartConversation",
        action: "lex:StartConversation",
        host: "runtime-v2-lex",
        own: false,
    },
    Live {
        signing: "iotdevicegateway",
        method: "GET",
        path: "/mqtt",
        service: "iotdevicegateway",
        operation: "Connect",
        action: "iot:Connect",
        host: "iot",
        own: true,
    },
    Live {
        signing: "kinesisvideo",
        method: "GET",
        path: "/",
        service: "kinesisvideo",
        operation: "ConnectAsViewer",
        action: "kinesisvideo:ConnectAsViewer",
        host: "kinesisvideo",
        own: true,
    },
    Live {
        signing: "execute-api",
        method: "GET",
        path: "/*",
        service: "execute-api",
        operation: "Invoke",
        action: "execute-api:Invoke",
        host: "execute-api",
        own: true,
    },
];

/// Tells what a call is that [`super::identify`] does not know, if it is one of these. `is_websocket`: the client asks for
/// one.
pub fn recognise(request: &RequestView<'_>, is_websocket: bool, call: &mut Call) {
    if call.operation != UNKNOWN {
        return;
    }
    let uri = &request.parts.uri;
    let fits = |live: &&Live| {
        live.signing == request.service
            && live.method == request.parts.method.as_str()
            && (live.method == "GET") == is_websocket
            && match live.path.strip_suffix('*') {
                Some(start) => uri.path().starts_with(start),
                None => uri.path() == live.path,
            }
            && (live.operation != "StartConversation" || uri.path().ends_with("/conversation"))
    };
    let Some(live) = LIVE.iter().find(fits) else { return };
    live.service.clone_into(&mut call.service);
    live.operation.clone_into(&mut call.operation);
    live.action.clone_into(&mut call.action);
    call.action.split(':').next().unwrap_or_default().clone_into(&mut call.prefix);
    call.access = AccessLevel::Write;
    let parameter = |name: &str| {
        let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()?;
        String::from_utf8(decode(value.as_bytes()).into_owned()).ok()
    };
    let arn = |service: &str, rest: &str| {
        let (region, account) = (request.region, request.account);
        vec![format!("arn:{}:{service}:{region}:{account}:{rest}", Partition::of_region(region).name)]
    };
    match live.signing {
        "iotdevicegateway" => call.resources = arn("iot", "client/*"),
        "kinesisvideo" => {
            // Only viewers have an id of their own.
            if parameter("X-Amz-ClientId").is_none() {
                "ConnectAsMaster".clone_into(&mut call.operation);
                "kinesisvideo:ConnectAsMaster".clone_into(&mut call.action);
            }
            call.resources = vec![parameter("X-Amz-ChannelARN").unwrap_or_else(|| "*".to_owned())];
        }
        "execute-api" => {
            let api = request.host.and_then(|host| host.split('.').next()).unwrap_or("*");
            let stage = uri.path().split('/').nth(1).filter(|stage| !stage.is_empty()).unwrap_or("*");
            call.resources = arn("execute-api", &format!("{api}/{stage}/$connect"));
        }
        _ => return,
    }
    call.needs_account = request.account.is_empty() && live.signing != "kinesisvideo";
}

/// Where such a call goes. `None`: it is none, and [`super::upstream_host`] knows. The error says why it goes nowhere.
pub fn host(call: &Call, client_host: Option<&str>) -> Option<Result<String, String>> {
    let live = LIVE.iter().find(|live| live.signing == call.signing_name && live.service == call.service)?;
    let known = |live: &Live| live.operation == call.operation || call.operation == "ConnectAsMaster";
    if !LIVE.iter().any(|other| other.service == live.service && known(other)) {
        return None;
    }
    let fits = |host: &&str| {
        Address::parse(host).is_some_and(|address| {
            address.s3.is_none()
                && address.stem.rsplit('.').next() == Some(live.host)
                && address.region.as_deref() == Some(&call.region)
        })
    };
    Some(match client_host.filter(fits) {
        Some(host) => Ok(host.trim_end_matches('.').to_ascii_lowercase()),
        None if live.own => Err(format!(
            "{} needs a host of yours in {}; it cannot be told from the request",
            call.action, call.region
        )),
        None => Ok(format!("{}.{}.{}", live.host, call.region, Partition::of_region(&call.region).domain)),
    })
}

/// Whether calls signed for `signing_name` are made to the hosts at `address`.
pub(super) fn serves(address: &Address, signing_name: &str) -> bool {
    let last = address.stem.rsplit('.').next();
    LIVE.iter().any(|live| live.signing == signing_name && last == Some(live.host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(service: &str, host: Option<&str>, method: &str, uri: &str, websocket: bool) -> Call {
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let view = RequestView { parts: &parts, host, service, region: "eu-west-1", body: b"", account: "1" };
        let mut call = super::super::identify(&view);
        recognise(&view, websocket, &mut call);
        call
    }

    #[test]
    fn streams_and_websockets_have_their_iam_action() {
        let call = read("transcribe", None, "POST", "/stream-transcription", false);
        assert_eq!(call.action, "transcribe:StartStreamTranscription");
        assert_eq!(host(&call, None), Some(Ok("transcribestreaming.eu-west-1.amazonaws.com".to_owned())));
        let call = read("transcribe", None, "GET", "/stream-transcription-websocket?a=b", true);
        assert_eq!(call.action, "transcribe:StartStreamTranscriptionWebSocket");
        let own = "abc-ats.iot.eu-west-1.amazonaws.com";
        let call = read("iotdevicegateway", Some(own), "GET", "/mqtt", true);
        assert_eq!(
            (call.action.as_str(), call.resources[0].as_str()),
            ("iot:Connect", "arn:aws:iot:eu-west-1:1:client/*")
        );
        assert_eq!(host(&call, Some(own)), Some(Ok(own.to_owned())));
        for elsewhere in
            [None, Some("abc-ats.iot.us-east-1.amazonaws.com"), Some("sts.eu-west-1.amazonaws.com")]
        {
            assert!(host(&call, elsewhere).unwrap().is_err());
        }
        let api = "a1.execute-api.eu-west-1.amazonaws.com";
        let call = read("execute-api", Some(api), "GET", "/prod", true);
        assert_eq!(call.resources, ["arn:aws:execute-api:eu-west-1:1:a1/prod/$connect"]);
        let uri =
            "/?X-Amz-ChannelARN=arn%3Aaws%3Akinesisvideo%3Aeu-west-1%3A1%3Achannel%2Fa&X-Amz-ClientId=x";
        let call = read("kinesisvideo", Some("v-1.kinesisvideo.eu-west-1.amazonaws.com"), "GET", uri, true);
        assert_eq!(call.action, "kinesisvideo:ConnectAsViewer");
        assert_eq!(call.resources, ["arn:aws:kinesisvideo:eu-west-1:1:channel/a"]);
    }

    #[test]
    fn a_plain_request_is_no_websocket() {
        assert_eq!(read("iotdevicegateway", None, "GET", "/mqtt", false).operation, UNKNOWN);
        let call = read("sts", None, "GET", "/", true);
        assert_eq!(host(&call, None), None);
    }
}
