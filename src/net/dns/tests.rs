use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const HTTPS: u16 = 65;

/// A question as resolvers write it, with recursion desired.
fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut out = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out.extend(kind.to_be_bytes());
    out.extend([0, 1]);
    out
}

fn with_opt(mut query: Vec<u8>, version: u8) -> Vec<u8> {
    query[11] += 1;
    query.extend([0, 0, 41, 4, 208, 0, version, 0x80, 0, 0, 0]);
    query
}

fn code(answer: &[u8]) -> u8 {
    answer[3] & 0xf
}

fn records(answer: &[u8]) -> u8 {
    answer[7]
}

/// The address that ends an answer without OPT.
fn address(answer: &[u8]) -> Ipv4Addr {
    let octets: [u8; 4] = answer[answer.len() - 4..].try_into().unwrap();
    octets.into()
}

#[derive(Default)]
struct Heard {
    asked: Mutex<Vec<String>>,
    told: Mutex<Vec<String>>,
}

/// Knows `*.example.org` outside but for `missing`, `empty` and `broken`; `denied.test` may not be reached.
fn resolver() -> (Arc<Heard>, Resolver) {
    let heard = Arc::new(Heard::default());
    let (asked, told) = (heard.clone(), heard.clone());
    let rules = Rules {
        is_aws: |name| name.ends_with(".amazonaws.com"),
        may_reach: Box::new(|name| match name {
            name if name.ends_with("denied.test") => Effect::Deny,
            name if name.ends_with("asked.test") => Effect::Ask,
            _ => Effect::Allow,
        }),
        told: Box::new(move |name| told.told.lock().unwrap().push(name.to_owned())),
    };
    let lookup: Lookup = Box::new(move |name| {
        asked.asked.lock().unwrap().push(name.clone());
        Box::pin(async move {
            match name.split('.').next() {
                Some("missing") => Found::Missing,
                Some("empty") => Found::NoAddress,
                Some("broken") => Found::Failed,
                _ => Found::Address,
            }
        })
    });
    (heard, Resolver::with_lookup(Names::new(), rules, lookup))
}

#[tokio::test]
async fn aws_names_exist_without_a_question_outside() {
    let (heard, resolver) = resolver();
    let answer = resolver.answer(&query("S3.us-east-1.AmazonAWS.com", A)).await.unwrap();
    assert_eq!((code(&answer), records(&answer)), (0, 1));
    assert_eq!(resolver.names.name_of(address(&answer)).as_deref(), Some("s3.us-east-1.amazonaws.com"));
    // The question comes back with its letters' case.
    assert!(answer.windows(9).any(|bytes| bytes == b"AmazonAWS"));
    for kind in [AAAA, HTTPS, PTR, 16, 33] {
        let answer = resolver.answer(&query("new.amazonaws.com", kind)).await.unwrap();
        assert_eq!((code(&answer), records(&answer)), (0, 0), "{kind}");
    }
    assert!(heard.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_names_exist_if_the_outside_says_so() {
    let (heard, resolver) = resolver();
    for (name, kind, expected) in [
        ("www.example.org", A, (0, 1)),
        ("www.example.org", AAAA, (0, 0)),
        ("v6.example.org", AAAA, (0, 0)),
        ("missing.example.org", A, (3, 0)),
        ("missing.example.org", AAAA, (3, 0)),
        ("empty.example.org", A, (0, 0)),
        ("broken.example.org", A, (2, 0)),
    ] {
        let answer = resolver.answer(&query(name, kind)).await.unwrap();
        assert_eq!((code(&answer), records(&answer)), expected, "{name} {kind}");
    }
    // The second question for `www` was not needed.
    assert_eq!(heard.asked.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn what_may_not_be_reached_does_not_exist_and_is_not_asked_for() {
    let (heard, resolver) = resolver();
    for kind in [A, AAAA] {
        assert_eq!(code(&resolver.answer(&query("secret.DENIED.test", kind)).await.unwrap()), 3);
    }
    assert_eq!(*heard.told.lock().unwrap(), ["secret.denied.test", "secret.denied.test"]);
    for name in ["127.1", "10.0.0.0x1", "a b.example.org", "é.example.org", "fe80::1", "a/b.example.org"] {
        assert_eq!(code(&resolver.answer(&query(name, A)).await.unwrap()), 3, "{name}");
    }
    // Seen as labels, this is not the name that it looks like.
    let mut dotted = query("s3xamazonaws.com", A);
    dotted[12 + 3] = b'.';
    assert_eq!(code(&resolver.answer(&dotted).await.unwrap()), 3);
    assert!(heard.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_a_person_is_asked_about_stays_here() {
    let (heard, resolver) = resolver();
    let answer = resolver.answer(&query("data-in-a-name.asked.test", A)).await.unwrap();
    assert_eq!((code(&answer), records(&answer)), (0, 1));
    assert_eq!(resolver.names.name_of(address(&answer)).as_deref(), Some("data-in-a-name.asked.test"));
    let answer = resolver.answer(&query("data-in-a-name.asked.test", AAAA)).await.unwrap();
    assert_eq!((code(&answer), records(&answer)), (0, 0));
    assert!(heard.asked.lock().unwrap().is_empty() && heard.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn localhost_and_addresses_are_known_here() {
    let (heard, resolver) = resolver();
    let answer = resolver.answer(&query("a.LOCALHOST", A)).await.unwrap();
    assert_eq!(address(&answer), Ipv4Addr::LOCALHOST);
    let answer = resolver.answer(&query("localhost", AAAA)).await.unwrap();
    assert_eq!((records(&answer), answer.last()), (1, Some(&1)));
    let [a, b, c, d] = resolver.names.address_of("www.example.org").octets();
    let answer = resolver.answer(&query(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), PTR)).await.unwrap();
    assert!(answer.ends_with(b"\x03www\x07example\x03org\0"), "{answer:?}");
    let loopback = format!("1{}.ip6.arpa", ".0".repeat(31));
    for name in ["1.0.0.127.in-addr.arpa", &loopback] {
        assert!(resolver.answer(&query(name, PTR)).await.unwrap().ends_with(b"\x09localhost\0"), "{name}");
    }
    for name in ["8.8.8.8.in-addr.arpa", "in-addr.arpa.ip6.arpa", "1.2.in-addr.arpa"] {
        assert_eq!(code(&resolver.answer(&query(name, PTR)).await.unwrap()), 3, "{name}");
    }
    assert!(heard.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_a_plain_question() {
    let (_, resolver) = resolver();
    let plain = query("www.example.org", A);
    let changed = |at: usize, byte: u8| {
        let mut bytes = plain.clone();
        bytes[at] = byte;
        bytes
    };
    let cases = [
        ("several questions", changed(5, 2), 1),
        ("no question", changed(5, 0), 1),
        ("a record that is not there", changed(11, 1), 1),
        ("a pointer as name", changed(12, 0xc0), 1),
        ("cut short", plain[..20].to_vec(), 1),
        ("a header only", plain[..12].to_vec(), 1),
        ("an update", changed(2, 0x28), 4),
        ("another class", changed(plain.len() - 1, 3), 4),
        ("a zone", query("example.org", 252), 4),
        ("two OPTs", with_opt(with_opt(plain.clone(), 0), 0), 1),
    ];
    for (what, bytes, expected) in cases {
        let answer = resolver.answer(&bytes).await.unwrap();
        assert_eq!((code(&answer), &answer[..2]), (expected, &plain[..2]), "{what}");
        assert_eq!(answer[2] & 0x80, 0x80, "{what}");
    }
    assert_eq!(resolver.answer(&changed(2, 0x81)).await, None, "an answer");
    assert_eq!(resolver.answer(&plain[..11]).await, None, "too short");
}

#[tokio::test]
async fn an_opt_record_is_answered_with_one() {
    let (_, resolver) = resolver();
    let answer = resolver.answer(&with_opt(query("www.example.org", A), 0)).await.unwrap();
    assert_eq!((code(&answer), records(&answer), answer[11]), (0, 1, 1));
    assert!(answer.ends_with(&[0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0]), "{answer:?}");
    let answer = resolver.answer(&with_opt(query("www.example.org", A), 1)).await.unwrap();
    assert!(answer.ends_with(&[0, 0, 41, 4, 208, 1, 0, 0x80, 0, 0, 0]), "{answer:?}");
    assert_eq!((code(&answer), records(&answer)), (0, 0));
    let answer = resolver.answer(&query("www.example.org", A)).await.unwrap();
    assert_eq!(answer[11], 0);
}

#[tokio::test]
async fn look_ups_are_bounded_and_known_names_do_not_wait_for_them() {
    let rules = Rules {
        is_aws: |name| name.ends_with(".amazonaws.com"),
        may_reach: Box::new(|_| Effect::Allow),
        told: Box::new(|_| {}),
    };
    let running = Arc::new(Mutex::new(0_usize));
    let seen = running.clone();
    let lookup: Lookup = Box::new(move |_| {
        *seen.lock().unwrap() += 1;
        Box::pin(std::future::pending())
    });
    let resolver = Arc::new(Resolver::with_lookup(Names::new(), rules, lookup));
    let mut tasks = Vec::new();
    for number in 0..WAITING {
        let resolver = resolver.clone();
        tasks.push(tokio::spawn(async move { resolver.answer(&query(&format!("n{number}"), A)).await }));
    }
    while resolver.waiting.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*running.lock().unwrap(), LOOKUPS);
    assert_eq!(code(&resolver.answer(&query("one.more", A)).await.unwrap()), 2);
    assert_eq!(records(&resolver.answer(&query("s3.amazonaws.com", A)).await.unwrap()), 1);
    for task in tasks {
        task.abort();
    }
}

/// The answer of a resolver for which every name exists, or none.
fn answered(bytes: &[u8], exists: bool) -> Option<Vec<u8>> {
    let rules = Rules {
        is_aws: |name| name.len() % 2 == 0,
        may_reach: Box::new(|_| Effect::Allow),
        told: Box::new(|_| {}),
    };
    let lookup: Lookup =
        Box::new(move |_| Box::pin(std::future::ready(if exists { Found::Address } else { Found::Missing })));
    let resolver = Resolver::with_lookup(Names::new(), rules, lookup);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(resolver.answer(bytes))
}

fn holds(bytes: &[u8], answer: Option<&[u8]>) {
    let Some(answer) = answer else { return };
    assert!(answer.len() <= 512, "{}", answer.len());
    assert_eq!(answer[..2], bytes[..2]);
    assert_eq!(answer[2] & 0x80, 0x80);
    // It is a message that can be read back, question and records.
    let mut turned = answer.to_vec();
    turned[2] &= 0x7f;
    turned[3] &= 0xf0;
    if turned[5] == 1 && turned[2] & 0x78 == 0 {
        let read = Query::parse(&turned).unwrap();
        assert_ne!(read.fault, Some(Outcome::Malformed), "{answer:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..600), exists: bool) {
        holds(&bytes, answered(&bytes, exists).as_deref());
    }

    #[test]
    fn questions_with_any_bytes_somewhere(
        labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..64), 0..6),
        kind in prop_oneof![Just(A), Just(AAAA), Just(PTR), any::<u16>()],
        opt: bool,
        change in proptest::option::of((any::<proptest::sample::Index>(), any::<u8>())),
        keep in any::<proptest::sample::Index>(),
        cut: bool,
        exists: bool,
    ) {
        let mut bytes = query("", kind);
        let name: Vec<u8> = labels
            .iter()
            .flat_map(|label| std::iter::once(u8::try_from(label.len()).unwrap()).chain(label.clone()))
            .collect();
        bytes.splice(12..12, name);
        if opt {
            bytes = with_opt(bytes, 0);
        }
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        holds(&bytes, answered(&bytes, exists).as_deref());
    }
}
