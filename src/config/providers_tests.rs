use std::path::Path;

use super::*;
use crate::config::file::read_file;

fn read(text: &str) -> Result<Vec<Provider>, String> {
    let contents = read_file(text, Path::new("config.toml"));
    let named = contents.map_err(|faults| faults.to_string())?.providers;
    Ok(named.into_iter().map(|named| named.provider).collect())
}

#[test]
fn providers_of_both_kinds_are_read() {
    let providers = read(
        "[identity]\ndefault = \"corp\"\n[identity.corp]\nkind = \"oidc\"\nissuer = \"https://login.example.com/t\"\n\
         client_id = \"hoop\"\nscopes = [\"email\", \"email\"]\ngroups_claim = \"realm_access.roles\"\nredirect_port = 7777\n\
         tags = { department = \"team\" }\n\n[identity.old-one]\nkind = \"saml\"\nmetadata = \"idp.xml\"\nacs_port = 8888\n",
    )
    .unwrap();
    let [corp, old] = &providers[..] else { panic!("{providers:?}") };
    assert_eq!((corp.name.as_str(), corp.line), ("corp", 3));
    assert_eq!(corp.tags, [("department".to_owned(), "team".to_owned())]);
    let ProviderKind::Oidc(oidc) = &corp.kind else { panic!("{corp:?}") };
    assert_eq!(oidc.scopes, ["openid", "email"]);
    assert_eq!((oidc.redirect_port, oidc.groups_claim.as_str()), (Some(7777), "realm_access.roles"));
    let ProviderKind::Saml(saml) = &old.kind else { panic!("{old:?}") };
    assert_eq!(saml.metadata, MetadataPlace::File("idp.xml".into()));
}

#[test]
fn what_is_wrong_is_refused_with_its_line() {
    let oidc = "[identity.corp]\nkind = \"oidc\"\nclient_id = \"a\"\n";
    for (text, said) in [
        (format!("{oidc}issuer = \"http://login.example.com\""), "4:10: http is not safe"),
        (format!("{oidc}issuer = \"https://a@b\""), "no user name"),
        (format!("{oidc}issuer = \"https://a/?x=1\""), "no query"),
        (format!("{oidc}issuer = \"login\""), "scheme and a host"),
        (format!("{oidc}isuer = \"https://a\""), "did you mean `issuer`"),
        (format!("{oidc}issuer = \"https://a\"\nmetadata = \"x\""), "unknown key `metadata`"),
        (format!("{oidc}issuer = \"https://a\"\ntags = {{ a = \"aws:x\" }}"), "to itself"),
        (format!("{oidc}issuer = \"https://a\"\nredirect_port = 70000"), "out of range"),
        (oidc.to_owned(), "has no `issuer`"),
        ("[identity.corp]\nissuer = \"https://a\"".to_owned(), "has no `kind`"),
        ("[identity.corp]\nkind = \"odic\"".to_owned(), "did you mean \"oidc\""),
        ("[identity.ci]\nkind = \"oidc\"".to_owned(), "a meaning of its own"),
        ("[identity.\"../x\"]\nkind = \"oidc\"".to_owned(), "cannot be the name"),
        ("[identity]\ncorp = 1".to_owned(), "unknown key `identity.corp`"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(said), "{text}\n{error}");
    }
}

#[test]
fn http_is_taken_for_this_very_machine() {
    for host in ["127.0.0.1:7020", "localhost", "[::1]:9"] {
        let text = format!("[identity.t]\nkind = \"oidc\"\nclient_id = \"a\"\nissuer = \"http://{host}/x\"");
        assert_eq!(read(&text).unwrap().len(), 1, "{host}");
    }
    assert!(!is_loopback("127.0.0.1.example.com") && !is_loopback("localhost.example.com"));
}
