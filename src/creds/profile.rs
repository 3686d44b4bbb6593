//! What a profile says (region, role), without loading the AWS libraries: a session without AWS calls must not wait for
//! them.

use std::collections::HashMap;

use crate::creds::files;

/// Follows `source_profile` no further.
const LONGEST_CHAIN: usize = 5;

/// The region that AWS clients would use in `environment`: `AWS_REGION`, `AWS_DEFAULT_REGION`, else the region of
/// `profile` (or `AWS_PROFILE`, or `default`) in the config file. `None`: nothing says, and clients must be told.
#[must_use]
pub fn region_of(environment: &HashMap<String, String>, profile: Option<&str>) -> Option<String> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    // A profile that was named outright means its own region, not the surroundings'.
    let named = profile.and_then(|profile| region_in_files(environment, profile));
    named
        .or_else(|| variable("AWS_REGION").cloned())
        .or_else(|| variable("AWS_DEFAULT_REGION").cloned())
        .or_else(|| {
            let profile = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
            region_in_files(environment, profile.map_or("default", String::as_str))
        })
        .filter(|region| is_region(region))
}

/// The role that the profile in use assumes by itself (`role_arn`), and the profile's name; `None`: it assumes none, or
/// keys in the environment come before it.
#[must_use]
pub fn role_of_profile(
    environment: &HashMap<String, String>,
    profile: Option<&str>,
) -> Option<(String, String)> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(String::as_str);
    if profile.is_none() && variable("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    let name = profile.or_else(|| variable("AWS_PROFILE")).unwrap_or("default");
    let profiles = files::profiles(environment);
    let profile = profiles.iter().find(|profile| profile.name == name)?;
    Some((name.to_owned(), profile.get("role_arn")?.to_owned()))
}

fn region_in_files(environment: &HashMap<String, String>, profile: &str) -> Option<String> {
    let profiles = files::profiles(environment);
    let mut name = profile;
    for _ in 0..LONGEST_CHAIN {
        let profile = profiles.iter().find(|profile| profile.name == name)?;
        if let Some(region) = profile.get("region").filter(|region| !region.is_empty()) {
            return Some(region.to_owned());
        }
        name = profile.get("source_profile")?;
    }
    None
}

/// A region goes into host names and environments: nothing else may be in it.
fn is_region(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CONFIG: &str = "\
[default]
region = eu-west-1
[profile dev]
s3 =
  region = nested-1
region=eu-central-1 # Frankfurt
[profile \"with space\"]
region = sa-east-1
[profile role]
source_profile = dev
[profile loop]
source_profile = loop
[profile odd]
region = evil.example/
";

    fn region(variables: &[(&str, &str)], profile: Option<&str>) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        fs::write(&file, CONFIG).unwrap();
        let mut environment: HashMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        environment.insert("AWS_CONFIG_FILE".to_owned(), file.display().to_string());
        region_of(&environment, profile)
    }

    #[test]
    fn the_region_is_what_clients_would_use() {
        type Case = (&'static [(&'static str, &'static str)], Option<&'static str>, Option<&'static str>);
        let cases: &[Case] = &[
            (&[], None, Some("eu-west-1")),
            (&[("AWS_REGION", "us-west-2")], None, Some("us-west-2")),
            (&[("AWS_DEFAULT_REGION", "us-west-2")], None, Some("us-west-2")),
            (&[("AWS_PROFILE", "dev")], None, Some("eu-central-1")),
            (&[("AWS_REGION", "us-west-2")], Some("dev"), Some("eu-central-1")),
            (&[], Some("with space"), Some("sa-east-1")),
            (&[], Some("role"), Some("eu-central-1")),
            (&[], Some("loop"), None),
            (&[], Some("odd"), None),
        ];
        for (variables, profile, expected) in cases {
            let expected = expected.map(str::to_owned);
            let found = region(variables, *profile);
            // A named profile without a region falls back to the surroundings, here `default`.
            let expected = expected.or_else(|| (*profile == Some("loop")).then(|| "eu-west-1".to_owned()));
            assert_eq!(found, expected, "{variables:?} {profile:?}");
        }
    }

    #[test]
    fn a_profile_tells_the_role_that_it_assumes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        fs::write(
            &file,
            "[default]\nregion = eu-west-1\n[profile deploy]\nrole_arn = arn:r\nsource_profile = x\n",
        )
        .unwrap();
        let role = |variables: &[(&str, &str)], profile| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let mut environment: HashMap<_, _> = variables.iter().map(own).collect();
            environment.insert("AWS_CONFIG_FILE".to_owned(), file.display().to_string());
            role_of_profile(&environment, profile)
        };
        let found = Some(("deploy".to_owned(), "arn:r".to_owned()));
        assert_eq!(role(&[], None), None);
        assert_eq!(role(&[], Some("deploy")), found);
        assert_eq!(role(&[("AWS_PROFILE", "deploy")], None), found);
        assert_eq!(role(&[("AWS_PROFILE", "deploy"), ("AWS_ACCESS_KEY_ID", "AKIA")], None), None);
    }

    #[test]
    fn without_files_nothing_is_guessed() {
        assert_eq!(region_of(&HashMap::new(), None), None);
    }
}
