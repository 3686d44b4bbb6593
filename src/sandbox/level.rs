//! How much a sandbox holds, in the words that are printed and recorded.

use std::fmt;

/// A protection that could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// No namespaces at all.
    Namespaces,
    /// The program uses the machine's network.
    Network,
    /// The process list of the machine is to be seen.
    Processes,
    /// Pseudo-terminals of the machine are within reach.
    Terminals,
    /// A session keyring of its own.
    Keyring,
    /// Somebody else watches the commands already.
    WatchTaken,
    /// Commands cannot be watched.
    Watch,
    /// The filter of dangerous system calls.
    Filter,
    /// hoop-run runs as root.
    Root,
}

impl Lack {
    const ALL: [Self; 9] = [
        Self::Namespaces,
        Self::Network,
        Self::Processes,
        Self::Terminals,
        Self::Keyring,
        Self::WatchTaken,
        Self::Watch,
        Self::Filter,
        Self::Root,
    ];

    /// What is not protected for lack of it, a phrase.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Namespaces => "credential files such as ~/.aws and processes outside are within reach",
            Self::Network => "connections that ignore the proxy variables are neither seen nor gated",
            Self::Processes => "the machine's process list is visible",
            Self::Terminals => "other terminals of this user are within reach",
            Self::Keyring => "the session's kernel keyring is within reach",
            Self::WatchTaken => "commands are recorded by another supervisor, not here",
            Self::Watch => "only the first command is recorded",
            Self::Filter => "system calls are not filtered",
            Self::Root => "root can change this machine's files and settings",
        }
    }
}

/// Protections that could not be had; empty means a full sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacks(u16);

impl Lacks {
    /// Adds one.
    pub fn add(&mut self, lack: Lack) {
        self.0 |= 1 << lack as u16;
    }

    /// This one and the others.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `lack` is among them.
    #[must_use]
    pub fn has(self, lack: Lack) -> bool {
        self.0 & (1 << lack as u16) != 0
    }

    /// All of them, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Lack> {
        Lack::ALL.into_iter().filter(move |lack| self.has(*lack))
    }

    /// As a number, for a packet.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// From such a number.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

/// How much a sandbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything that this version can do.
    Full,
    /// Some of it.
    Reduced,
    /// Nothing: this system has no means for it.
    None,
    /// Nothing, because the user wanted none.
    Off,
}

impl Level {
    /// The level that remains without `lacks`.
    #[must_use]
    pub fn without(lacks: Lacks) -> Self {
        if lacks == Lacks::default() {
            Self::Full
        } else if lacks.has(Lack::Namespaces) && lacks.has(Lack::Watch) && lacks.has(Lack::Filter) {
            Self::None
        } else {
            Self::Reduced
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Reduced => "reduced",
            Self::None => "none",
            Self::Off => "off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_what_its_lacks_leave() {
        let mut lacks = Lacks::default();
        assert_eq!(Level::without(lacks), Level::Full);
        lacks.add(Lack::Processes);
        assert_eq!(Level::without(lacks), Level::Reduced);
        [Lack::Namespaces, Lack::Watch, Lack::Filter].into_iter().for_each(|lack| lacks.add(lack));
        assert_eq!(Level::without(lacks), Level::None);
        assert_eq!(Lacks::from_bits(lacks.bits()).iter().count(), 4);
    }
}
