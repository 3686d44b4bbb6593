//! What hoop says when something is wrong quotes what is wrong, but no secret in it.

use crate::canary::CONTROL;
use crate::canary::Flock;
use crate::canary::Found;
use crate::canary::assert_none;
use crate::canary::everything_in;
use crate::support::home::Home;
use crate::support::home::finish;

#[test]
fn error_messages_quote_no_secret() {
    let home = Home::new();
    let mut flock = Flock::default();
    let mut places = Vec::new();
    let mut fails = |program: &str, arguments: &[String], variables: &[(&str, String)]| {
        let mut command = home.command(program);
        command.args(arguments).envs(variables.iter().map(|(name, value)| (name, value)));
        let outcome = finish(command);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.code.is_some_and(|code| code != 0) && !said.is_empty(), "{arguments:?}: {said}");
        places.push(Found { name: format!("{program} {arguments:?}:\n{said}\n"), bytes: said.into_bytes() });
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let file = |name: &str, text: String| home.write(name, &text).display().to_string();

    // A policy and a configuration that are wrong where a secret stands.
    let broken = [
        format!("version = 1\n[[statement]]\nsid = \"{} \n", flock.token("policy, no end of a text")),
        format!("version = 1\n[[statement]]\npassword = \"{}\"\n", flock.password("policy, unknown key")),
        format!("version = 1\ndefault = \"{}\"\n", flock.token("policy, wrong value")),
        format!(
            "version = 1\n[[statement]]\neffect = \"allow\"\naction = \"{}\"\n",
            flock.token("policy, no action")
        ),
        format!("version = 1\n[[mask]]\nregex = \"({}\"\n", flock.token("policy, wrong expression")),
    ];
    for (number, text) in broken.into_iter().enumerate() {
        let policy = file(&format!("policy{number}.toml"), text);
        fails("hoop-run", &words(&["--policy", &policy, "--", "true"]), &[]);
        fails("hoopctl", &words(&["policy", "check", &policy]), &[]);
    }
    for (number, text) in [
        format!("api_token = \"{}\"\n", flock.password("configuration, unknown key")),
        format!("policy = [\"{}\n", flock.token("configuration, no end of a text")),
        format!("quiet = \"{}\"\n", flock.token("configuration, wrong type")),
    ]
    .into_iter()
    .enumerate()
    {
        let config = file(&format!("config{number}.toml"), text);
        let variables = [("HOOP_CONFIG", config.clone())];
        fails("hoop-run", &words(&["--", "true"]), &variables);
        fails("hoopctl", &words(&["sessions"]), &variables);
    }
    // A command line that is wrong.
    fails("hoop-run", &[format!("--api-token={}", flock.password("unknown flag"))], &[]);
    fails("hoop-run", &words(&["--cols", &flock.token("wrong number"), "--", "true"]), &[]);
    fails("hoop-run", &words(&["--policy", &flock.token("no such policy"), "--", "true"]), &[]);
    fails("hoop-run", &words(&["--", &flock.token("no such program")]), &[]);
    fails("hoop-run", &words(&["--cwd", &flock.token("no such folder"), "--", "true"]), &[]);
    fails("hoop-run", &words(&["--env", &flock.token("no variable"), "--", "true"]), &[]);
    fails("hoop-replay", &words(&["export", &flock.token("no such recording")]), &[]);
    fails("hoopctl", &words(&["verify", &flock.token("no such session")]), &[]);
    fails(
        "hoopctl",
        &words(&["sessions", &format!("--password={}", flock.password("unknown flag of hoopctl"))]),
        &[],
    );
    // A value that the environment gives away is known before there is a session.
    let known = flock.password("the environment's, as an argument");
    fails("hoop-run", &words(&["--policy", &known, "--", "true"]), &[("DEPLOY_TOKEN", known.clone())]);
    // The same search finds what is no secret.
    fails("hoop-run", &words(&["--policy", CONTROL, "--", "true"]), &[]);

    let control = places.last().unwrap();
    assert!(memchr::memmem::find(&control.bytes, CONTROL.as_bytes()).is_some(), "{}", control.name);
    places.extend(everything_in(&home.state()));
    assert_none(&flock.canaries, &places);
}
