//! The program's environment, made as a value: ours is never changed.

use std::ffi::OsStr;
use std::ffi::OsString;

/// Variables in the order in which they were first set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// Begins with `inherited`.
    #[must_use]
    pub fn new(inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(inherited.into_iter().collect())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(existing, _)| *existing == name) {
            Some((_, existing)) => *existing = value,
            None => self.0.push((name, value)),
        }
    }

    /// Removes a variable, if it is there.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.0.retain(|(existing, _)| existing != name.as_ref());
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.0.iter().find(|(existing, _)| existing == name.as_ref()).map(|(_, value)| value.as_os_str())
    }

    /// The value of a variable, where it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(OsStr::to_str).map(str::to_owned)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// All variables.
    #[must_use]
    pub fn into_vec(self) -> Vec<(OsString, OsString)> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_set_once_and_can_go() {
        let mut environment =
            Environment::new([("HOME".into(), "/home/ana".into()), ("A".into(), "1".into())]);
        environment.set("A", "2");
        environment.set("B", "3");
        environment.remove("HOME");
        assert_eq!(environment.get("A"), Some(OsStr::new("2")));
        assert_eq!(environment.into_vec(), [("A".into(), "2".into()), ("B".into(), "3".into())]);
    }
}
