//! SigV4a, and the signatures of chunks and events.

use super::*;

/// What is signed here with the real key, anew, after it was checked with the placeholder's.
#[test]
fn event_messages_are_checked_and_signed_anew() {
    use crate::aws::events::Resigner;
    use crate::aws::events::tests::frame;
    let seed_of = |secret: &str| {
        let key = key("AKIDEXAMPLE", secret, None);
        let mut request = parts("POST", "/stream-transcription", &[("host", "transcribestreaming.x")]);
        let scope = Scope { region: "us-east-1", service: "transcribe" };
        let signing = Signing { algorithm: Algorithm::Hmac, key: &key, scope, at: SUITE_TIME };
        sign_as(&mut request, &PayloadHash::Events, &signing)
    };
    let signed = |secret: &str, at: u64, payloads: &[Vec<u8>]| {
        let mut key = EventKey::from(seed_of(secret));
        payloads
            .iter()
            .flat_map(|payload| crate::aws::events::signed(&mut key, at, payload))
            .collect::<Vec<u8>>()
    };
    let payloads = [frame(&[(":event-type", "AudioEvent")], b"sound"), frame(&[], &[0; 3000]), Vec::new()];
    let sent = signed("placeholder", SUITE_TIME + 2, &payloads);
    let wanted = signed("real", SUITE_TIME + 60, &payloads);
    let resigned = |bytes: &[u8], cut: usize, now: u64| {
        let mut resigner =
            Resigner::new(EventKey::from(seed_of("placeholder")), EventKey::from(seed_of("real")));
        let mut out = Vec::new();
        for piece in bytes.chunks(cut) {
            out.extend_from_slice(&resigner.push(piece, now, SUITE_TIME + 60)?);
        }
        resigner.finish().map(|()| out)
    };
    for cut in [1, 13, 100, sent.len()] {
        assert_eq!(resigned(&sent, cut, SUITE_TIME).unwrap(), wanted);
    }
    // A message of an hour ago; a stream that ends within one; any altered byte.
    assert!(resigned(&sent, 50, SUITE_TIME + 3600).is_err());
    assert!(resigned(&sent[..sent.len() - 1], 50, SUITE_TIME).is_err());
    for at in 0..sent.len() {
        let mut altered = sent.clone();
        altered[at] ^= 1;
        assert!(resigned(&altered, 999, SUITE_TIME).is_err(), "byte {at}");
    }
    // In another order, with true checksums.
    let length = |at: usize| u32::from_be_bytes(sent[at..at + 4].try_into().unwrap()) as usize;
    let (first, second) = (length(0), length(length(0)));
    let swapped = [&sent[first..first + second], &sent[..first], &sent[first + second..]].concat();
    assert!(resigned(&swapped, 999, SUITE_TIME).is_err());
}

/// Of several regions, in the header or in the query; and for one region only.
#[test]
fn what_is_signed_for_several_regions_verifies() {
    for (set, region) in [("*", "*"), ("us-east-1", "us-east-1"), ("us-east-1,eu-*", "*")] {
        for presigned in [false, true] {
            let host = ("host", "alias.accesspoint.s3-global.amazonaws.com");
            let mut request = parts("GET", "/a%20b?list-type=2&prefix=x", &[host]);
            let payload = if presigned { PayloadHash::Unsigned } else { PayloadHash::Signed(sha(b"")) };
            let key = suite_key(Some("token"));
            let scope = Scope { region: set, service: "s3" };
            let signing = Signing { algorithm: Algorithm::Ecdsa, key: &key, scope, at: SUITE_TIME };
            if presigned {
                presign(&mut request, &payload, &signing, 60);
            } else {
                sign_as(&mut request, &payload, &signing);
            }
            let auth = parse(&request).unwrap();
            assert_eq!((auth.algorithm, auth.region.as_str()), (Algorithm::Ecdsa, region));
            assert_eq!(auth.region_set.as_deref(), Some(set));
            assert_eq!(verify(&auth, &request, None, &key, SUITE_TIME), Ok(()));
            let other = Key { secret: Secret::new("another"), ..key.clone() };
            assert_eq!(
                verify(&auth, &request, None, &other, SUITE_TIME).unwrap_err().code,
                "SignatureDoesNotMatch"
            );
            let moved = Authorization { region_set: Some("us-west-2".to_owned()), ..auth };
            let mut elsewhere = request.clone();
            if presigned {
                let uri = request.uri.to_string().replace("Region-Set=", "Region-Set=us-west-2%2C");
                elsewhere.uri = uri.parse().unwrap();
            } else {
                elsewhere.headers.insert("x-amz-region-set", http::HeaderValue::from_static("us-west-2"));
            }
            assert!(verify(&moved, &elsewhere, None, &key, SUITE_TIME).is_err());
        }
    }
}

/// SigV4a's chunks, as they are signed here: each one padded to the same length.
#[test]
fn chunks_of_several_regions_verify_until_they_are_altered() {
    let key = s3_key();
    let mut request = parts("PUT", "/k", &[("host", "alias.accesspoint.s3-global.amazonaws.com")]);
    let payload = PayloadHash::StreamingEcdsa { trailer: true };
    let scope = Scope { region: "*", service: "s3" };
    let signing = Signing { algorithm: Algorithm::Ecdsa, key: &key, scope, at: S3_TIME };
    let seed = sign_as(&mut request, &payload, &signing);
    let mut encoder = crate::aws::chunked::Encoder::new(Some(ChunkKey::from(&seed)));
    let mut body = Vec::new();
    encoder.chunk(&[7; 100], &mut body);
    encoder.chunk(b"tail", &mut body);
    encoder.end(&[("x-amz-checksum-crc32".to_owned(), "AAAAAA==".to_owned())], true, &mut body);
    assert_eq!(String::from_utf8_lossy(&body).matches("chunk-signature=30").count(), 3);
    let auth = parse(&request).unwrap();
    let decoded = decode_in(7, &auth, &body, true).unwrap();
    assert_eq!(decoded.0, [&[7; 100][..], b"tail"].concat());
    for at in (0..body.len()).step_by(3).filter(|at| !matches!(body[*at], b'*')) {
        let mut altered = body.clone();
        altered[at] ^= 1;
        assert!(decode_in(999, &auth, &altered, true).is_err(), "byte {at}");
    }
}
