//! The session's own credentials over their life, at a stub as strict as AWS: fetched, renewed, lost, found again, ended;
//! by signature, by token, by assertion, by a code; of several roles, for several people.

use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hoop::aws::sigv4::Key;
use hoop::clock::Clock;
use hoop::creds::Proof;
use hoop::creds::SamlProviders;
use hoop::creds::Token;
use hoop::error::Error;
use hoop::error::Kind;
use hoop::policy::Principal;
use hoop::types::Secret;
use serde_json::Value;

use crate::client::Reply;
use crate::client::dial;
use crate::client::json_call;
use crate::client::read_reply;
use crate::strict::Shared;
use crate::strict::Strict;
use crate::strict::field;
use crate::strict::strict;
use crate::world::Plan;
use crate::world::World;

const NOW: u64 = 1_784_023_800;
const TARGET: &str = "DynamoDB_20120810.ListTables";
const ROLE: &str =
    "version = 1\ndefault = \"allow\"\n[session]\nrole = \"arn:aws:iam::123456789012:role/agent\"\n";

/// A session that is not started yet, and the AWS behind it.
fn plan(policy: &str, change: impl FnOnce(&mut Strict)) -> (Plan, Shared) {
    let clock = Clock::fixed(NOW * 1_000_000);
    let (aws, upstream) = strict(&clock, change);
    let mut plan = Plan::observe(&upstream.url);
    plan.policy = policy.to_owned();
    plan.clock = clock;
    plan.principal = Principal {
        user: "ana@example.com".to_owned(),
        agent: Some("claude".to_owned()),
        repository: Some("github.com/shop/web".to_owned()),
        session: "01J9ZK5WQ3H8V7T2M4N6P8R0S1".to_owned(),
        ..Principal::default()
    };
    (plan, aws)
}

fn list_tables(world: &World) -> Reply {
    json_call(world, "dynamodb", TARGET, "{}").send(world)
}

fn happened(world: &World, what: &str) -> Vec<Value> {
    world.events_of("credential").into_iter().filter(|event| event["what"] == what).collect()
}

fn actions(aws: &Shared) -> Vec<String> {
    aws.lock().unwrap().asked.iter().map(|form| field(form, "Action").unwrap().to_owned()).collect()
}

/// Hears what the person is told.
fn hearing(plan: &mut Plan) -> Arc<Mutex<Vec<String>>> {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let inside = heard.clone();
    plan.upstreams.tell = Some(Arc::new(move |text| inside.lock().unwrap().push(text.to_owned())));
    heard
}

#[test]
fn keys_that_live_seconds_are_renewed_ahead_and_no_call_fails() {
    let (plan, aws) = plan(ROLE, |aws| aws.life = Some(9));
    let world = plan.start();
    for second in 0..60 {
        let reply = list_tables(&world);
        assert_eq!(reply.status, 200, "second {second}: {}", reply.text());
        world.clock.advance(Duration::from_secs(1));
    }
    let aws = aws.lock().unwrap();
    assert_eq!(aws.used.len(), 60);
    // Each is used for two thirds of its life: 6 of 9 seconds.
    assert_eq!(aws.given.len(), 10, "{:?}", aws.used);
    let issued = &happened(&world, "fetched")[0];
    assert_eq!(issued["key"], aws.given[0].key.access_key_id);
    assert_eq!(happened(&world, "refreshed").len(), 9);
    let recorded = world.all_recorded();
    for given in &aws.given {
        assert!(!recorded.contains(given.key.secret.expose()));
        assert!(!recorded.contains(given.key.token.as_ref().unwrap().expose()));
    }
}

#[test]
fn a_renewal_that_fails_is_told_once_and_a_call_may_be_tried_again() {
    let (mut plan, aws) = plan(ROLE, |_| {});
    let heard = hearing(&mut plan);
    let world = plan.start();
    assert_eq!(list_tables(&world).status, 200);
    aws.lock().unwrap().fails = Some((503, "ServiceUnavailable", "later"));
    world.clock.advance(Duration::from_secs(700));
    for _ in 0..3 {
        assert_eq!(list_tables(&world).status, 200, "the old one lives for 200 s more");
    }
    {
        let heard = heard.lock().unwrap();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(
            heard[0].contains("ServiceUnavailable") && heard[0].contains("holds for another 200 s"),
            "{heard:?}"
        );
    }
    world.clock.advance(Duration::from_secs(201));
    let reply = list_tables(&world);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.text().contains("cannot assume"), "{}", reply.text());
    // Over by itself.
    aws.lock().unwrap().fails = None;
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(list_tables(&world).status, 200);
}

/// A login that can end and be renewed elsewhere.
fn token(good: &Arc<Mutex<Option<String>>>) -> Token {
    let good = good.clone();
    Token {
        source: "login corp".to_owned(),
        login: "hoopctl login corp".to_owned(),
        give: Arc::new(move |_| {
            let gone = || Error::new(Kind::Upstream, "the login corp has ended").fix("hoopctl login corp");
            good.lock().unwrap().clone().map(Secret::new).ok_or_else(gone)
        }),
    }
}

#[test]
fn a_web_identity_needs_no_key_and_goes_on_after_a_login_elsewhere() {
    let (mut plan, aws) = plan(ROLE, |aws| aws.tokens = vec!["ey.one.x".to_owned(), "ey.two.x".to_owned()]);
    plan.environment.clear();
    let good = Arc::new(Mutex::new(Some("ey.one.x".to_owned())));
    plan.upstreams.proof = Proof::WebIdentity(token(&good));
    let heard = hearing(&mut plan);
    let world = plan.start();
    assert_eq!(list_tables(&world).status, 200);
    {
        let aws = aws.lock().unwrap();
        let form = &aws.asked[0];
        assert_eq!(field(form, "WebIdentityToken"), Some("ey.one.x"));
        assert_eq!(field(form, "RoleSessionName"), Some("ana@example.com-01J9ZK5WQ3H8V7T2M4N6P8R0S1"));
        assert_eq!(field(form, "DurationSeconds"), Some("900"));
    }
    assert_eq!(happened(&world, "fetched")[0]["source"], "login corp");
    // The login ends; nobody can renew it.
    *good.lock().unwrap() = None;
    world.clock.advance(Duration::from_secs(901));
    let reply = list_tables(&world);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("hoopctl login corp"), "{}", reply.text());
    assert!(heard.lock().unwrap()[0].contains("hoopctl login corp"));
    // Somebody signs in, in another terminal.
    *good.lock().unwrap() = Some("ey.two.x".to_owned());
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(list_tables(&world).status, 200);
    assert!(!world.all_recorded().contains("ey.one"), "the token is nowhere");
}

#[test]
fn a_token_that_aws_finds_stale_is_fetched_anew_once() {
    let (mut plan, aws) = plan(ROLE, |aws| aws.tokens = vec!["fresh".to_owned()]);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    plan.upstreams.proof = Proof::WebIdentity(Token {
        give: Arc::new(move |anew| {
            seen.lock().unwrap().push(anew);
            Ok(Secret::new(if anew { "fresh" } else { "stale" }))
        }),
        ..token(&Arc::default())
    });
    let world = plan.start();
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(*calls.lock().unwrap(), [false, true]);
    aws.lock().unwrap().tokens.clear();
    world.clock.advance(Duration::from_secs(901));
    let reply = list_tables(&world);
    assert!(reply.text().contains("hoopctl login corp"), "{}", reply.text());
    assert_eq!(calls.lock().unwrap().len(), 4);
}

#[test]
fn an_assertion_lasts_as_long_as_it_can_because_only_a_person_gives_another() {
    let provider = "arn:aws:iam::123456789012:saml-provider/corp".to_owned();
    let (mut plan, aws) = plan(ROLE, |aws| aws.tokens = vec!["PHNhbWw+".to_owned()]);
    let assertion = token(&Arc::new(Mutex::new(Some("PHNhbWw+".to_owned()))));
    let providers = SamlProviders { of_others: Some(provider.clone()), ..SamlProviders::default() };
    plan.upstreams.proof = Proof::Saml { providers, assertion };
    let world = plan.start();
    assert_eq!(list_tables(&world).status, 200);
    let form = aws.lock().unwrap().asked[0].clone();
    assert_eq!(field(&form, "PrincipalArn"), Some(provider.as_str()));
    assert_eq!(field(&form, "DurationSeconds"), Some("3600"));
    assert_eq!(
        happened(&world, "fetched")[0]["arn"],
        "arn:aws:sts::123456789012:assumed-role/agent/by-assertion"
    );
}

#[test]
fn who_works_where_stands_in_the_tags_and_a_trust_policy_without_them_is_told() {
    let (mut one, aws) = plan(&format!("{ROLE}transitive_tags = [\"session\"]\n"), |_| {});
    one.upstreams.tags = vec![("team".to_owned(), "blue".to_owned())];
    let world = one.start();
    assert_eq!(list_tables(&world).status, 200);
    let form = aws.lock().unwrap().asked[0].clone();
    let tags: Vec<_> = (1..=4)
        .map(|n| {
            let part = |part: &str| field(&form, &format!("Tags.member.{n}.{part}")).unwrap().to_owned();
            (part("Key"), part("Value"))
        })
        .collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        tags,
        [
            pair("agent", "claude"),
            pair("session", "01J9ZK5WQ3H8V7T2M4N6P8R0S1"),
            pair("repo", "github.com/shop/web"),
            pair("team", "blue")
        ]
    );
    assert_eq!(field(&form, "TransitiveTagKeys.member.1"), Some("session"));

    let (mut two, aws) = plan(ROLE, |aws| aws.refuses_tags = true);
    let heard = hearing(&mut two);
    let world = two.start();
    assert_eq!(list_tables(&world).status, 200);
    assert!(heard.lock().unwrap()[0].contains("does not allow sts:TagSession"), "{heard:?}");
    assert!(happened(&world, "fetched")[0]["reason"].as_str().unwrap().contains("sts:TagSession"));
    assert_eq!(aws.lock().unwrap().asked.len(), 2);
    world.clock.advance(Duration::from_secs(800));
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(aws.lock().unwrap().asked.len(), 3, "what was refused once is not tried again");

    let (three, _aws) = plan(&format!("{ROLE}tags = true\n"), |aws| aws.refuses_tags = true);
    let reply = list_tables(&three.start());
    assert!(reply.status == 403 && reply.text().contains("sts:TagSession"), "{}", reply.text());
}

const TWO_ROLES: &str = r#"
version = 1
default = "deny"
[session]
role = "dev"
[[role]]
name = "dev"
arn = "arn:aws:iam::210987654321:role/dev"
[[role]]
name = "prod"
arn = "arn:aws:iam::123456789012:role/prod"
external_id = "shop-7"
principal = { group = "ops" }
[[statement]]
effect = "allow"
action = "dynamodb:ListTables"
principal = { role = "arn:aws:iam::210987654321:role/dev" }
[[statement]]
effect = "allow"
action = "dynamodb:ListTables"
principal = { group = "ops" }
[[record]]
action = "dynamodb:*"
level = "summary"
[[record]]
action = "dynamodb:*"
level = "full"
principal = { group = "ops" }
"#;

/// The keys of a profile in the configuration that programs find.
fn profile(world: &World, name: &str) -> Option<Key> {
    let text = std::fs::read_to_string(&world.env["AWS_CONFIG_FILE"]).unwrap();
    let (_, section) = text.split_once(&format!("[profile {name}]\n"))?;
    let section = section.split("\n[").next().unwrap();
    let value = |key: &str| {
        section.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap().to_owned()
    };
    Some(Key {
        access_key_id: value("aws_access_key_id"),
        secret: Secret::new(value("aws_secret_access_key")),
        token: Some(Secret::new(value("aws_session_token"))),
    })
}

#[test]
fn several_roles_of_one_session_are_profiles_inside() {
    let (mut plan, aws) = plan(TWO_ROLES, |_| {});
    plan.principal.groups = vec!["ops".to_owned()];
    let world = plan.start();
    assert_eq!(list_tables(&world).status, 200);
    let prod = profile(&world, "prod").unwrap();
    let mut call = json_call(&world, "dynamodb", TARGET, "{}");
    call.key = Some(prod.clone());
    assert_eq!(call.send(&world).status, 200);
    {
        let aws = aws.lock().unwrap();
        let roles: Vec<&str> = aws.used.iter().map(|at| aws.given[*at].role.as_str()).collect();
        assert_eq!(roles, ["arn:aws:iam::210987654321:role/dev", "arn:aws:iam::123456789012:role/prod"]);
        assert_eq!(field(&aws.asked[0], "ExternalId"), None);
        assert_eq!(field(&aws.asked[1], "ExternalId"), Some("shop-7"));
    }
    let begun = world.events_of("call.begin");
    assert_eq!(begun[1]["role"], "arn:aws:iam::123456789012:role/prod");
    assert_eq!(begun[1]["account"], "123456789012");
    // The secret of one does not fit the id of the other.
    let own = crate::client::placeholder(&world);
    call.key = Some(Key { access_key_id: prod.access_key_id, ..own });
    assert_eq!(call.send(&world).status, 403);
}

#[test]
fn two_people_at_once_have_their_own_roles_decisions_and_records() {
    let start = |user: &str, groups: &[&str], policy: &str| {
        let (mut plan, aws) = plan(policy, |_| {});
        plan.principal.user = user.to_owned();
        plan.principal.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        (plan.start(), aws)
    };
    let only_ops = TWO_ROLES.replace("role = \"arn:aws:iam::210987654321:role/dev\"", "group = \"nobody\"");
    let (ana, of_ana) = start("ana", &["ops"], &only_ops);
    let (bob, of_bob) = start("bob", &["data"], &only_ops);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..5).for_each(|_| assert_eq!(list_tables(&ana).status, 200)));
        scope.spawn(|| {
            (0..5).for_each(|_| {
                let reply = list_tables(&bob);
                assert!(reply.text().contains("AccessDenied"), "{}", reply.text());
            });
        });
    });
    assert!(profile(&ana, "prod").is_some() && profile(&bob, "prod").is_none());
    assert!(of_bob.lock().unwrap().used.is_empty());
    assert_eq!(of_ana.lock().unwrap().used.len(), 5);
    assert!(of_ana.lock().unwrap().given[0].name.starts_with("ana-"));
    // A key of one is nobody's with the other.
    let mut call = json_call(&bob, "dynamodb", TARGET, "{}");
    call.key = Some(crate::client::placeholder(&ana));
    assert_eq!(call.send(&bob).status, 403);
    // Of ops everything is written down, of others no bodies.
    let bodies = |world: &World| {
        world.events_of("call.end").iter().filter(|end| end.get("response").is_some()).count()
    };
    assert!(bodies(&ana) > 0, "{:?}", ana.events_of("call.end"));
    assert_eq!(bodies(&bob), 0);
}

#[test]
fn a_code_is_used_at_once_and_the_next_session_finds_it_in_the_clis_cache() {
    let home = tempfile::tempdir().unwrap();
    let policy = format!("{ROLE}mfa_serial = \"arn:aws:iam::123456789012:mfa/ana\"\n");
    let with = |code: Option<&str>, change: fn(&mut Strict)| {
        let (mut plan, aws) = plan(&policy, change);
        plan.environment.push(("HOME".to_owned(), home.path().display().to_string()));
        plan.upstreams.code = code.map(Secret::new);
        (plan.start(), aws)
    };
    let (world, aws) = with(Some("111111"), |aws| aws.code = Some("123456"));
    let error = world.gateway.use_code().unwrap_err();
    assert!(error.to_string().contains("invalid MFA one time pass code"), "{error}");
    assert_eq!(actions(&aws), ["GetSessionToken"]);

    let (world, aws) = with(Some("123456"), |aws| aws.code = Some("123456"));
    world.gateway.use_code().unwrap();
    assert_eq!(actions(&aws), ["GetSessionToken"]);
    assert_eq!(
        field(&aws.lock().unwrap().asked[0], "SerialNumber"),
        Some("arn:aws:iam::123456789012:mfa/ana")
    );
    for _ in 0..3 {
        assert_eq!(list_tables(&world).status, 200);
        world.clock.advance(Duration::from_secs(700));
    }
    assert_eq!(actions(&aws), ["GetSessionToken", "AssumeRole", "AssumeRole", "AssumeRole"]);
    // Another session, the same cache: its AWS knows the key as its own.
    let before = aws.lock().unwrap().given.clone();
    let (world, aws) = with(None, |_| {});
    aws.lock().unwrap().given = before;
    assert_eq!(list_tables(&world).status, 200);
    assert_eq!(actions(&aws), ["AssumeRole"]);
    // When it ends, somebody has to give a code again.
    world.clock.advance(Duration::from_secs(13 * 60 * 60));
    let reply = list_tables(&world);
    assert!(reply.text().contains("MFA") && reply.text().contains("--mfa CODE"), "{}", reply.text());
}

#[test]
fn at_the_end_placeholders_die_at_once() {
    let (plan, aws) = plan(ROLE, |_| {});
    let world = plan.start();
    let call = json_call(&world, "dynamodb", TARGET, "{}");
    let mut kept = dial(&world);
    kept.write_all(&call.bytes(&world)).unwrap();
    assert_eq!(read_reply(&mut kept).status, 200);
    world.gateway.close();
    // On a connection that there was, and on a new one.
    kept.write_all(&call.bytes(&world)).unwrap();
    let reply = read_reply(&mut kept);
    assert!(reply.status == 403 && reply.text().contains("the session has ended"), "{}", reply.text());
    assert_eq!(call.send(&world).status, 403);
    let counts = || {
        let aws = aws.lock().unwrap();
        (aws.used.len(), aws.asked.len())
    };
    let before = counts();
    let port = world.gateway.port();
    world.gateway.stop();
    drop(kept.write_all(&call.bytes(&world)));
    let mut rest = Vec::new();
    drop(kept.read_to_end(&mut rest));
    assert!(rest.is_empty(), "{}", rest.escape_ascii());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    assert_eq!(counts(), before);
    let wiped = happened(&world, "wiped");
    assert_eq!(wiped.len(), 1);
    assert_eq!(wiped[0]["key"], aws.lock().unwrap().given[0].key.access_key_id);
}

#[test]
fn the_end_while_many_call_lets_nothing_through_afterwards() {
    let (plan, aws) = plan(ROLE, |_| {});
    let world = plan.start();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let call = json_call(&world, "dynamodb", TARGET, "{}");
                loop {
                    let was_over = over.load(Ordering::SeqCst);
                    let status = call.send(&world).status;
                    assert!(status == 200 && !was_over || status == 403, "{status} {was_over}");
                    if status == 403 {
                        return;
                    }
                }
            });
        }
        while aws.lock().unwrap().used.len() < 20 {
            std::thread::yield_now();
        }
        world.gateway.close();
        over.store(true, Ordering::SeqCst);
    });
    let used = aws.lock().unwrap().used.len();
    world.gateway.stop();
    assert_eq!(aws.lock().unwrap().used.len(), used);
}

#[test]
fn the_credential_is_revoked_where_that_is_wanted_and_possible() {
    let policy = format!("{ROLE}revoke = true\n");
    let (one, aws) = plan(&policy, |_| {});
    let world = one.start();
    assert_eq!(list_tables(&world).status, 200);
    world.gateway.stop();
    assert_eq!(actions(&aws), ["AssumeRole", "PutRolePolicy", "ListRolePolicies", "DeleteRolePolicy"]);
    {
        let aws = aws.lock().unwrap();
        assert_eq!(field(&aws.asked[1], "RoleName"), Some("agent"));
        let document: Value = serde_json::from_str(field(&aws.asked[1], "PolicyDocument").unwrap()).unwrap();
        assert_eq!(
            document["Statement"][0]["Condition"]["StringEquals"]["aws:userid"],
            "AROAagent:ana@example.com-01J9ZK5WQ3H8V7T2M4N6P8R0S1"
        );
        assert_eq!(field(&aws.asked[3], "PolicyName"), Some("hoop-ended-until-5-bob"));
    }
    assert!(happened(&world, "revoked")[0]["reason"].as_str().unwrap().contains("hoop-ended-until-"));

    let (mut two, _aws) = plan(&policy, |aws| aws.may_not_revoke = true);
    let heard = hearing(&mut two);
    let world = two.start();
    assert_eq!(list_tables(&world).status, 200);
    world.gateway.stop();
    assert!(heard.lock().unwrap()[0].contains("lives on until its end"), "{heard:?}");
    assert_eq!(happened(&world, "unrevoked").len(), 1);
    assert_eq!(happened(&world, "wiped").len(), 1);

    let (three, aws) = plan(&policy, |_| {});
    three.start().gateway.stop();
    assert!(aws.lock().unwrap().asked.is_empty(), "nothing was fetched, so that there is nothing to revoke");
}
