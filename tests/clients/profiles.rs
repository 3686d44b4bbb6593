//! The user's profiles in the sandbox: roles are assumed and chained by real clients, and nothing secret is there.

use crate::support::home::REAL_SECRET;
use crate::support::home::cache;
use crate::support::home::finish;
use crate::way::Place;
use crate::way::Way;
use crate::way::has;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile base]
region = us-west-2
[profile deploy]
role_arn = arn:aws:iam::210987654321:role/deploy
source_profile = base
external_id = shop
[profile audit]
role_arn = arn:aws:iam::310987654321:role/audit
source_profile = deploy
[profile other]
region = us-east-1
credential_process = /bin/echo otherSecret
";

const USE: &str = r#"
for cli in aws aws2; do
  command -v $cli >/dev/null || continue
  for profile in base deploy audit audit other; do
    echo "$cli $profile $($cli --profile $profile sts get-caller-identity --query Arn --output text 2>&1 | tr '\n' ' ')"
  done
  echo "$cli region $($cli configure get region --profile base)"
  echo "$cli cached $(ls ~/.aws/cli/cache | wc -l)"
  rm -r ~/.aws/cli
done
aws configure set region ap-south-1 --profile mine && echo "mine $(aws configure get region --profile mine)"
python3 -c 'import boto3; print("boto3", boto3.Session(profile_name="audit").client("sts").get_caller_identity()["Arn"])'
AWS_PROFILE=audit node -e '
const { STSClient, GetCallerIdentityCommand } = require(process.env.HOOP_TEST_JS + "/node_modules/@aws-sdk/client-sts");
new STSClient({}).send(new GetCallerIdentityCommand({})).then((who) => console.log("js", who.Arn));'
cat "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE"
"#;

#[test]
fn profiles_with_roles_work_in_the_sandbox_and_their_caches_end_with_it() {
    let mut programs = vec!["aws"];
    if has(&cache().join("debian/bin/aws2")) {
        programs.push("aws2");
    }
    let place = Place::new(Way::Sandbox, "ROLE", "version = 1\ndefault = \"allow\"\n");
    place.home.write(".aws/config", CONFIG);
    let keys =
        |id: &str, secret: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let base = keys("AKIAREALKEY2TESTROLE", REAL_SECRET);
    place
        .home
        .write(".aws/credentials", &format!("[base]\n{base}[lone]\n{}", keys("AKIAOTHER", "otherSecret")));
    place.home.write(".aws/cli/cache/old.json", "realToken");
    let command = |argv: &[&str]| {
        let mut command = place.command(argv);
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").env("AWS_PROFILE", "base");
        command
    };
    let outcome = finish(command(&["sh", "-c", USE]));
    let said = format!("{}\n{}", outcome.stdout, outcome.stderr);
    let has = |start: &str, part: &str| {
        let found = outcome.stdout.lines().filter(|line| line.starts_with(start));
        assert!(
            found.clone().count() > 0 && found.clone().all(|line| line.contains(part)),
            "{start} {part}\n{said}"
        );
    };
    for cli in programs {
        has(&format!("{cli} base"), "arn:aws:");
        has(&format!("{cli} deploy"), "arn:aws:sts::210987654321:assumed-role/deploy/");
        has(&format!("{cli} audit"), "arn:aws:sts::310987654321:assumed-role/audit/");
        has(&format!("{cli} other"), "could not be found");
        has(&format!("{cli} region"), "us-west-2");
        has(&format!("{cli} cached"), " 2");
    }
    has("mine", "ap-south-1");
    has("boto3", "assumed-role/audit/");
    has("js", "assumed-role/audit/");
    has("# Left out", "other, lone");
    for secret in [REAL_SECRET, "otherSecret", "realToken", "AKIAREALKEY2TEST"] {
        assert!(!said.contains(secret), "{secret}\n{said}");
    }
    // Each call was made as what its profile says, and the roles were assumed one through the other.
    let begun = place.home.events_of("call.begin");
    let assumed = begun.iter().filter(|call| {
        call["action"] == "sts:AssumeRole" && call["params"].to_string().contains("role/audit")
    });
    for call in assumed {
        assert_eq!(call["role"], "arn:aws:iam::210987654321:role/deploy", "{call}");
    }
    let finished = finish(command(&["sh", "-c", "ls -A ~/.aws; grep ^.[dp] $AWS_CONFIG_FILE"]));
    assert_eq!(
        finished.ok(),
        "[default]\n[profile base]\n[profile deploy]\n[profile audit]\n",
        "{}",
        finished.stderr
    );
    let mut outside: Vec<_> = std::fs::read_dir(place.home.path().join(".aws/cli/cache")).unwrap().collect();
    assert_eq!(outside.pop().unwrap().unwrap().file_name(), "old.json");
    assert!(outside.is_empty());
}

/// The user's cache of roles is outside: placeholders in it would be taken for credentials there.
#[test]
fn without_a_sandbox_no_profiles_are_offered() {
    let place = Place::new(Way::Proxy, "NOPR", "version = 1\ndefault = \"allow\"\n");
    place.home.write(".aws/config", CONFIG);
    let outcome = place.run(&["aws", "--profile", "deploy", "sts", "get-caller-identity"]);
    assert!(outcome.stderr.contains("(deploy) could not be found"), "{}", outcome.stderr);
}
