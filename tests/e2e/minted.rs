//! Roles that programs inside assume: what AWS gives for them reaches neither program, nor screen, nor disk.

use crate::support::home::Home;
use crate::support::home::finish;
use crate::support::moto;

const SCRIPT: &str = r#"
cat > roles.ini <<END
[profile one]
role_arn = arn:aws:iam::210987654321:role/e2e-one
credential_source = Environment
[profile two]
role_arn = arn:aws:iam::310987654321:role/e2e-two
source_profile = one
END
export AWS_CONFIG_FILE=$PWD/roles.ini
# The sandbox covers ~/.aws, where the CLI keeps assumed roles.
mkdir inner; export HOME=$PWD/inner
aws --profile two sts get-caller-identity
aws sts assume-role --role-arn arn:aws:iam::410987654321:role/e2e-three --role-session-name s3 > assumed.json
cat assumed.json
eval "$(python3 -c 'import json; c = json.load(open("assumed.json"))["Credentials"]
print("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN=%s" % (c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"]))')"
env
aws sts get-caller-identity
python3 -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
"#;

#[test]
fn roles_work_inside_and_their_credentials_stay_outside() {
    let home = Home::new();
    let outcome = home.run("observe", &["bash", "-ec", SCRIPT]);
    let said = outcome.ok();
    assert!(said.contains("assumed-role/e2e-two/"), "{said}");
    assert_eq!(said.matches("assumed-role/e2e-three/s3").count(), 3, "{said}");
    let mut data = home.command("python3");
    data.args([
        "-c",
        // What other tests do to the emulator meanwhile can make it fail.
        "import sys, time, urllib.error, urllib.request\n\
         for _ in range(40):\n    try:\n        print(urllib.request.urlopen(sys.argv[1]).read().decode()); break\n    \
         except urllib.error.HTTPError: time.sleep(0.25)",
    ]);
    data.arg(format!("{}/moto-api/data.json", moto::endpoint()));
    let data: serde_json::Value = serde_json::from_str(finish(data).ok()).unwrap();
    let roles = data["sts"]["AssumedRole"].as_array().unwrap();
    let own =
        roles.iter().filter(|role| role["role_arn"].as_str().is_some_and(|arn| arn.contains("role/e2e-")));
    let mut seen = 0;
    for role in own {
        for name in ["access_key_id", "secret_access_key", "session_token"] {
            let real = role[name].as_str().unwrap();
            assert!(!said.contains(real) && !outcome.stderr.contains(real), "{name} in {said}");
            assert_eq!(home.files_with(real), Vec::<std::path::PathBuf>::new(), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 9, "{roles:?}");
    // Each call stands under its role and under its command, also with keys that a shell exported.
    let calls = home.events_of("call.begin");
    let three = "arn:aws:iam::410987654321:role/e2e-three";
    let as_three: Vec<u64> = calls
        .iter()
        .filter(|call| call["role"] == three)
        .map(|call| call["command"].as_u64().unwrap())
        .collect();
    assert_eq!(as_three.len(), 2, "{calls:?}");
    assert_ne!(as_three[0], as_three[1]);
    let minted = home.events_of("credential").into_iter().filter(|event| event["what"] == "minted").count();
    assert_eq!(minted, 3);
    let mut shown = home.command("hoopctl");
    shown.args(["calls", "last", "--json"]);
    assert!(finish(shown).ok().contains(three));
}

#[test]
fn the_session_s_own_role_is_assumed_and_named_after_person_and_recording() {
    let home = Home::new();
    let policy = home.write(
        "role.toml",
        "version = 1\ndefault = \"allow\"\n[session]\nrole = \"arn:aws:iam::123456789012:role/e2e-own\"\nduration = \"15m\"\n\
         [[statement]]\neffect = \"deny\"\naction = \"s3:DeleteBucket\"\n",
    );
    let script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])";
    let outcome = home.run(policy.to_str().unwrap(), &["python3", "-c", script]);
    let id = home.recordings().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let arn = outcome.ok().trim();
    assert!(arn.contains(":assumed-role/e2e-own/") && arn.ends_with(&id), "{arn} {id}");
    let credentials = home.events_of("credential");
    let whats: Vec<&str> = credentials.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["placeholder", "fetched", "wiped"]);
    assert_eq!(credentials[1]["arn"], arn);
    let enforced = credentials[1]["enforced"].as_str().unwrap();
    assert!(
        enforced.starts_with("session policy of ") && enforced.contains("AWS enforces all of it"),
        "{enforced}"
    );
    // A profile that assumes a role by itself has no session policy, which is said.
    home.write(
        "config",
        "[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n",
    );
    home.write(
        "credentials",
        "[base]\naws_access_key_id = AKIABASEBASEBASEBASE\naws_secret_access_key = base\n",
    );
    let plain = home.write("plain.toml", "version = 1\ndefault = \"deny\"\n");
    let mut command = home.hoop_run(plain.to_str().unwrap(), &["true"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_PROFILE", "deploy");
    command.env("AWS_CONFIG_FILE", home.path().join("config"));
    let said = finish(command).stderr;
    assert!(
        said.contains("profile deploy assumes arn:aws:iam::123456789012:role/deploy by itself"),
        "{said}"
    );
}
