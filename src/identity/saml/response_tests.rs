use proptest::prelude::*;

use super::*;
use crate::identity::saml::forge::*;

fn read_xml(xml: &str) -> Checked<Assertion> {
    read(&base64(xml), &expected(), &provider().certificates())
}

fn why(xml: &str) -> String {
    match read_xml(xml) {
        Ok(assertion) => panic!("taken, as {}", assertion.name_id),
        Err(refusal) => refusal.why,
    }
}

/// The first signature of a document, and the document without it.
fn torn(xml: &str) -> (String, String) {
    let name = if xml.contains("<ds:Signature") { "ds:Signature" } else { "Signature" };
    let start = xml.find(&format!("<{name} ")).unwrap();
    let end = xml.find(&format!("</{name}>")).unwrap() + name.len() + 3;
    (xml[start..end].to_owned(), format!("{}{}", &xml[..start], &xml[end..]))
}

fn between<'x>(xml: &'x str, start: &str, end: &str) -> &'x str {
    let from = xml.find(start).unwrap();
    &xml[from..xml.rfind(end).unwrap() + end.len()]
}

fn evil() -> Said {
    Said { id: "_evil", name: "admin".to_owned(), ..Said::default() }
}

#[test]
fn what_is_signed_by_itself_or_with_its_response_or_both_is_read() {
    let said = Said::default();
    let both = provider().sign(&said.signed_assertion());
    for xml in [said.signed_assertion(), said.signed_response(), both] {
        let assertion = read_xml(&xml).unwrap_or_else(|refusal| panic!("{}\n{xml}", refusal.why));
        assert_eq!((assertion.name_id.as_str(), assertion.id.as_str()), ("ana", "_original"));
        assert_eq!(assertion.values("groups").unwrap(), ["dev", "sre"]);
        assert_eq!(assertion.expires, NOON - 2 + REDEEMED_WITHIN, "five minutes after it was issued");
    }
}

#[test]
fn other_good_algorithms_are_taken() {
    let sha512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
    let digest512 = "http://www.w3.org/2001/04/xmlenc#sha512";
    let said = Said::default();
    for canonical in CANONICAL_ONES {
        let signed = provider().sign_as(&said.assertion(), sha512, digest512, canonical);
        // Canonical XML that is not exclusive takes in what namespaces stand around it.
        let xml = match *canonical == EXCLUSIVE {
            true => said.response(&signed),
            false => provider().sign_as(&said.response(&said.assertion()), sha512, digest512, canonical),
        };
        read_xml(&xml).unwrap_or_else(|refusal| panic!("{canonical}: {}", refusal.why));
    }
}

const CANONICAL_ONES: &[&str] =
    &[EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"];

/// The fixtures of the fuzzer. They were made by this test, run with `HOOP_SAML_FIXTURES` set to their folder.
#[test]
fn the_answer_that_is_fuzzed_is_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/saml");
    if let Some(made) = std::env::var_os("HOOP_SAML_FIXTURES").map(std::path::PathBuf::from) {
        let said = Said::default();
        let keys = Keys::new();
        std::fs::write(made.join("response.xml"), said.response(&keys.sign(&said.assertion()))).unwrap();
        std::fs::write(made.join("metadata.xml"), keys.metadata()).unwrap();
        return;
    }
    let file = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let identity =
        crate::identity::saml::examine(&file("metadata.xml"), file("response.xml").as_bytes(), NOON).unwrap();
    assert_eq!((identity.user.as_str(), identity.groups.len()), ("ana", 2));
}

/// XML signature wrapping as in Somorovsky and others, "On Breaking SAML" (2012), numbered as SAML Raider does.
fn wrapped() -> Vec<(&'static str, String)> {
    let said = Said::default();
    let forged = evil().assertion();
    let mut attacks = Vec::new();

    let whole = said.signed_response();
    let (signature, bare) = torn(&whole);
    let name = if signature.starts_with("<ds:") { "ds:Signature" } else { "Signature" };
    let into = |signature: &str, inside: &str| {
        signature.replace(&format!("</{name}>"), &format!("{inside}</{name}>"))
    };
    let evil_response = |inside: &str| {
        evil()
            .response(&forged)
            .replace("ID=\"_response\"", "ID=\"_evil_response\"")
            .replace("<samlp:Status>", &format!("{inside}<samlp:Status>"))
    };
    attacks.push(("XSW1: the response in its own signature", evil_response(&into(&signature, &bare))));
    attacks.push(("XSW2: the response before its signature", evil_response(&format!("{bare}{signature}"))));

    let signed = provider().sign(&said.assertion());
    let (signature, bare) = torn(&signed);
    let forged_with =
        |signature: &str| forged.replace("</saml:Issuer>", &format!("</saml:Issuer>{signature}"));
    let inside =
        |outer: &str, inner: &str| outer.replace("</saml:Assertion>", &format!("{inner}</saml:Assertion>"));
    let object = |inner: &str| format!("<ds:Object xmlns:ds=\"{}\">{inner}</ds:Object>", xml::SIGNATURE);
    attacks.push(("XSW3: a forged assertion before it", said.response(&format!("{forged}{signed}"))));
    attacks.push(("XSW3b: a forged assertion after it", said.response(&format!("{signed}{forged}"))));
    attacks.push(("XSW4: in a forged assertion", said.response(&inside(&forged, &signed))));
    attacks.push((
        "XSW5: its signature in a forged one, itself after that",
        said.response(&format!("{}{bare}", forged_with(&signature))),
    ));
    attacks.push((
        "XSW6: in its signature, in a forged one",
        said.response(&forged_with(&into(&signature, &bare))),
    ));
    attacks.push((
        "XSW7: a forged one in extensions",
        said.response(&format!("<samlp:Extensions>{forged}</samlp:Extensions>{signed}")),
    ));
    attacks.push((
        "XSW8: in an object of its signature, in a forged one",
        said.response(&forged_with(&into(&signature, &object(&bare)))),
    ));
    attacks
        .push(("advice", said.response(&inside(&forged, &format!("<saml:Advice>{signed}</saml:Advice>")))));
    attacks.push((
        "the signature beside a forged one",
        said.response(&format!("{signature}{forged}<samlp:Extensions>{bare}</samlp:Extensions>")),
    ));
    attacks.push((
        "hidden from SAML by its namespace",
        said.response(&format!(
            "{}<x:Assertion xmlns:x=\"urn:x\">{bare}</x:Assertion>",
            forged_with(&signature)
        )),
    ));
    let twins: Vec<(&str, String)> =
        attacks.iter().map(|(name, xml)| (*name, xml.replace("_evil\"", "_original\""))).collect();
    attacks.extend(twins);
    attacks
}

#[test]
fn no_wrapping_makes_a_forged_assertion_pass() {
    let attacks = wrapped();
    assert_eq!(attacks.len(), 24);
    for (name, xml) in attacks {
        assert!(xml.contains("admin") && xml.contains("ana"), "{name} is an attack");
        let why = why(&xml);
        assert!(!why.contains("not well-formed"), "{name} is to be refused for what it is: {why}");
    }
}

/// Our own rules refuse these attacks before the library sees them. It holds by itself: what it calls signed is never what
/// was forged.
#[test]
fn the_library_names_what_was_signed_and_nothing_else() {
    let mut keys = bergshamra_keys::KeysManager::new();
    keys.add_key(bergshamra_keys::loader::load_x509_cert_der(&provider().certificate).unwrap());
    let context = bergshamra_dsig::DsigContext::new(keys);
    let mut held = 0;
    for (name, xml) in wrapped() {
        let document = uppsala::parse(&xml).unwrap();
        let results =
            bergshamra_dsig::verify::verify_all_document_with_source(&context, &document, Some(&xml));
        for result in results.into_iter().flatten() {
            let bergshamra_dsig::VerifyResult::Valid { references, .. } = result else { continue };
            let [reference] = references.as_slice() else {
                panic!("{name}: {} references", references.len())
            };
            let node = reference.resolved_node.unwrap();
            let id = xml::attribute(&document, node, "ID").unwrap();
            assert!(["_original", "_response"].contains(&id), "{name}: {id}");
            let names = document.text_content_deep(node);
            assert!(names.contains("ana") && !names.contains("admin"), "{name}");
            held += 1;
        }
    }
    assert!(held > 3, "some of the signatures hold, of the original: {held}");
}

#[test]
fn what_is_not_signed_by_the_provider_is_refused() {
    let said = Said::default();
    assert!(why(&said.response(&said.assertion())).contains("nor its assertion is signed"));
    for signed in [said.signed_assertion(), said.signed_response()] {
        assert!(why(&torn(&signed).1).contains("nor its assertion is signed"), "stripped");
        assert!(why(&signed.replace(">ana<", ">admin<")).contains("does not hold"), "changed");
        assert!(why(&signed.replace(">sre<", ">admins<")).contains("does not hold"), "changed");
        let value = between(&signed, "SignatureValue>", "SignatureValue>").to_owned();
        assert!(!why(&signed.replace(&value, "SignatureValue></ds:SignatureValue>")).is_empty(), "emptied");
    }
    let other = said.response(&stranger().sign(&said.assertion()));
    assert!(why(&other).contains("does not hold"), "another key");
    // A signature that brings its own key along.
    let certificate = STANDARD.encode(&stranger().certificate);
    let info = format!("<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>");
    let end = other.rfind("</ds:SignatureValue>").unwrap() + "</ds:SignatureValue>".len();
    let rest = other[end..].find("</ds:Signature>").unwrap() + end;
    let brought = format!("{}<ds:KeyInfo>{info}</ds:KeyInfo>{}", &other[..end], &other[rest..]);
    assert!(why(&brought).contains("does not hold"), "its own key: {}", why(&brought));
    // One good signature does not make up for a bad one.
    let both = stranger().sign(&said.signed_assertion());
    assert!(why(&both).contains("does not hold"));
}

#[test]
fn several_certificates_are_a_rotation() {
    let mut certificates = stranger().certificates();
    assert!(certificates.add(provider().certificate.clone()));
    for keys in [provider(), stranger()] {
        let said = Said::default();
        let xml = said.response(&keys.sign(&said.assertion()));
        assert_eq!(read(&base64(&xml), &expected(), &certificates).unwrap().name_id, "ana");
    }
}

#[test]
fn weak_and_confused_algorithms_are_refused() {
    let good = Said::default().signed_assertion();
    let swaps = [
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        (RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
        (RSA_SHA256, "none"),
        (SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"),
        (SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5"),
    ];
    for (good_one, bad) in swaps {
        assert!(
            why(&good.replace(&format!("\"{good_one}\""), &format!("\"{bad}\""))).contains("is not taken"),
            "{bad}"
        );
    }
    // The certificate as the key of an HMAC: anybody could make that.
    let mut keys = bergshamra_keys::KeysManager::new();
    keys.add_key(bergshamra_keys::loader::load_hmac_key(&provider().certificate).unwrap());
    let said = evil();
    let hmac = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    let signed = sign_with(keys, &said.assertion(), hmac, SHA256, EXCLUSIVE);
    assert!(why(&said.response(&signed)).contains("is not taken"));
    for transform in
        ["http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116"]
    {
        let bent = good.replacen(
            &format!("Transform Algorithm=\"{EXCLUSIVE}\""),
            &format!("Transform Algorithm=\"{transform}\""),
            1,
        );
        assert_ne!(bent, good);
        assert!(why(&bent).contains("is not taken"), "{transform}");
    }
    let prefixes = |list: &str| {
        let start = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"");
        let inside = format!("<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{list}\"/>");
        let full = format!("{start}>{inside}</ds:Transform>");
        let changed =
            good.replace(&format!("{start}/>"), &full).replace(&format!("{start}></ds:Transform>"), &full);
        assert_ne!(changed, good);
        changed
    };
    assert!(why(&prefixes(&"x ".repeat(200))).contains("not the parts"));
    // Whether it holds is for the library to say: the list is part of what is signed.
    assert!(why(&prefixes("xs")).contains("does not hold"));
    let commented = good.replace(&format!("\"{EXCLUSIVE}\""), &format!("\"{EXCLUSIVE}WithComments\""));
    assert!(why(&commented).contains("is not taken"));
}

#[test]
fn a_comment_or_a_second_text_in_a_signature_is_refused() {
    let good = Said::default().signed_assertion();
    for bad in [
        "DigestValue><!-- x -->",
        "SignatureValue><!---->",
        "SignedInfo><?x y?>",
        "DigestValue><![CDATA[x]]>",
    ] {
        let name = bad.split('>').next().unwrap();
        let changed = good.replacen(&format!("{name}>"), bad, 1);
        assert_ne!(changed, good);
        assert!(why(&changed).contains("its signature"), "{bad}: {}", why(&changed));
    }
}

#[test]
fn a_comment_in_a_name_does_not_cut_it() {
    // CVE-2017-11427 and its kin: canonical XML leaves comments out, so the signature still holds.
    let said = Said {
        name: "admin@example.com.evil.example".to_owned(),
        attributes: attribute("groups", &["admins-of-nothing"]),
        ..Said::default()
    };
    let injected = said
        .signed_assertion()
        .replace("admin@example.com.evil", "admin@example.com<!-- -->.evil")
        .replace("admins-of-nothing", "admins<!---->-of-nothing");
    let assertion = read_xml(&injected).unwrap();
    assert_eq!(assertion.name_id, "admin@example.com.evil.example");
    assert_eq!(assertion.values("groups").unwrap(), ["admins-of-nothing"]);
}

#[test]
fn what_is_meant_for_somebody_else_is_refused() {
    let cases: Vec<(&str, Said)> = vec![
        (
            "meant for `https://other.example",
            Said { audience: "https://other.example".to_owned(), ..Said::default() },
        ),
        (
            "its recipient is",
            Said { recipient: "https://signin.aws.amazon.com/saml".to_owned(), ..Said::default() },
        ),
        ("its recipient is", Said { recipient: format!("{CONSUMER}/"), ..Said::default() }),
        (
            "its destination is",
            Said { destination: "http://127.0.0.1:1/saml/acs".to_owned(), ..Said::default() },
        ),
        ("its destination is", Said { destination: String::new(), ..Said::default() }),
        ("another request", Said { request: "_another".to_owned(), ..Said::default() }),
        ("it is from", Said { issuer: "https://evil.example.com".to_owned(), ..Said::default() }),
        ("is still to come", Said { not_before: "2026-11-21T12:01:01Z".to_owned(), ..Said::default() }),
        ("is still to come", Said { issued: "2026-11-21T12:02:00Z".to_owned(), ..Said::default() }),
        ("ended at", Said { ends: "2026-11-21T11:59:00Z".to_owned(), ..Said::default() }),
        ("more than five minutes ago", Said { issued: "2026-11-21T11:54:00Z".to_owned(), ..Said::default() }),
        ("is not a time", Said { ends: "never".to_owned(), ..Said::default() }),
        ("its NameID is empty", Said { name: " ".to_owned(), ..Said::default() }),
        (
            "the provider says `AuthnFailed`",
            Said { status: "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed".to_owned(), ..Said::default() },
        ),
    ];
    for (part, said) in cases {
        for xml in [said.signed_assertion(), said.signed_response()] {
            let why = why(&xml);
            assert!(why.contains(part), "{part}: {why}");
        }
    }
    let within = [
        Said { not_before: "2026-11-21T12:00:59Z".to_owned(), ..Said::default() },
        Said { ends: "2026-11-21T11:59:01Z".to_owned(), ..Said::default() },
    ];
    for said in within {
        assert!(read_xml(&said.signed_assertion()).is_ok(), "a minute is tolerated");
    }
}

#[test]
fn what_a_response_must_have_may_not_be_missing() {
    let said = Said::default();
    let cuts = [
        (format!(" InResponseTo=\"{REQUEST}\" NotOnOrAfter"), " NotOnOrAfter", "answers no request"),
        (format!(" Recipient=\"{CONSUMER}\""), "", "its recipient is"),
        (format!("NotOnOrAfter=\"{}\"/>", said.ends), "/>", "does not say when it ends"),
        (format!("<saml:Issuer>{ISSUER}</saml:Issuer><saml:Subject>"), "<saml:Subject>", "no <Issuer>"),
        (" Version=\"2.0\" IssueInstant".to_owned(), " Version=\"1.1\" IssueInstant", "not of SAML 2.0"),
        ("cm:bearer".to_owned(), "cm:sender-vouches", "no bearer confirmation"),
        (
            format!(
                "<saml:AudienceRestriction><saml:Audience>{AUDIENCE}</saml:Audience></saml:AudienceRestriction>"
            ),
            "",
            "whom it is meant for",
        ),
        (
            "<saml:AudienceRestriction>".to_owned(),
            "<x:Odd xmlns:x=\"urn:x\"/><saml:AudienceRestriction>",
            "does not know",
        ),
        ("AuthnStatement".to_owned(), "AuthzStatement", "anybody signed in"),
        ("saml:NameID".to_owned(), "saml:EncryptedID", "encrypted"),
        ("<saml:NameID>".to_owned(), "<saml:NameID>bob</saml:NameID><saml:NameID>", "2 <NameID>"),
    ];
    for (from, to, part) in cuts {
        let changed = said.assertion().replace(&from, to);
        assert_ne!(changed, said.assertion(), "{from}");
        let why = why(&said.response(&provider().sign(&changed)));
        assert!(why.contains(part), "{part}: {why}");
    }
    let encrypted =
        said.response("<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>");
    assert!(why(&encrypted).contains("encrypted"));
    let failed = said
        .signed_assertion()
        .replace("</samlp:Status>", "<samlp:StatusMessage>no\nwhere</samlp:StatusMessage></samlp:Status>")
        .replace("status:Success", "status:Responder");
    assert_eq!(why(&failed), "the provider says `Responder`: `no\\nwhere`");
}

#[test]
fn two_assertions_are_refused_even_if_both_are_signed() {
    let (said, more) = (Said::default(), Said { id: "_second", ..Said::default() });
    let both = format!("{}{}", provider().sign(&said.assertion()), provider().sign(&more.assertion()));
    assert!(why(&said.response(&both)).contains("more than one assertion"));
    assert!(why(&provider().sign(&said.response(&both))).contains("more than one assertion"));
}

#[test]
fn what_is_no_response_is_refused_quickly() {
    let plain =
        |text: &[u8]| read(&STANDARD.encode(text), &expected(), &provider().certificates()).unwrap_err().why;
    assert!(plain(b"").contains("not XML"));
    assert!(plain(b"\xff\xfe<\0").contains("not UTF-8"));
    assert!(plain(b"<a/>").contains("not a SAML response"));
    assert!(plain(&vec![b'<'; 150_000]).contains("more elements"));
    let good = Said::default().signed_assertion();
    let laughs = "<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    assert!(plain(format!("{laughs}{good}").as_bytes()).contains("document type"));
    let outside = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>";
    assert!(
        plain(format!("{outside}{}", good.replace(">ana<", ">&a;<")).as_bytes()).contains("document type")
    );
    // The deflate of another binding is not unpacked here, however much it would make.
    assert!(plain(&[0xed, 0xc1, 1, 1, 0, 0, 0, 0x80]).contains("not UTF-8"));
    let raw = |text: &str| read(text, &expected(), &provider().certificates()).unwrap_err().why;
    assert!(raw("%%%").contains("not base64"));
    assert!(raw(&"A".repeat(CHARACTERS + 1)).contains("more than"));
    let lines: String = base64(&good)
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", String::from_utf8_lossy(line)))
        .collect();
    assert!(read(&lines, &expected(), &provider().certificates()).is_ok(), "lines of 76 characters");
}

#[test]
fn a_refusal_shows_neither_signature_nor_assertion() {
    let good = Said::default().signed_assertion();
    let value = between(&good, "SignatureValue>", "SignatureValue>").replace("SignatureValue>", "");
    for (_, xml) in wrapped().into_iter().chain([("changed", good.replace(">ana<", ">eve<"))]) {
        let refusal = read_xml(&xml).unwrap_err();
        let told = refusal.error("the answer is refused").report("hoopctl");
        assert!(!told.contains(&value[..20]) && !told.contains("<saml") && told.len() < 800, "{told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_change_of_a_byte_is_refused_or_says_the_same(at in 0_usize..4_000, byte: u8) {
        static GOOD: std::sync::OnceLock<(String, Assertion)> = std::sync::OnceLock::new();
        let (good, assertion) = GOOD.get_or_init(|| {
            let xml = Said::default().signed_assertion();
            let assertion = read_xml(&xml).unwrap();
            (xml, assertion)
        });
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(read) = read(&STANDARD.encode(&bytes), &expected(), &provider().certificates()) {
            prop_assert_eq!(&read, assertion);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
        prop_assert!(read(&STANDARD.encode(&bytes), &expected(), &provider().certificates()).is_err());
    }
}
