//! The word lists of the mask: data in `rules/words.txt`.

use std::sync::OnceLock;

/// The file, compiled in.
const FILE: &str = include_str!("rules/words.txt");

/// The lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Last words of names whose value is about a secret.
    About,
    /// Words that make a name public.
    Public,
    /// Names of places in a listing, written without a break.
    Positions,
    /// What stands before `key` in the name of a secret.
    Keys,
    /// Values that are no secret.
    Benign,
    /// Beginnings of values that are no secret.
    BenignBeginnings,
    /// Values that are too common to look for.
    NeverLearnt,
}

impl Words {
    /// The words of the list.
    pub fn list(self) -> &'static [&'static str] {
        static LISTS: [OnceLock<Vec<&'static str>>; 7] = [const { OnceLock::new() }; 7];
        let name = match self {
            Self::About => "about:",
            Self::Public => "public:",
            Self::Positions => "positions:",
            Self::Keys => "keys:",
            Self::Benign => "benign-words:",
            Self::BenignBeginnings => "benign-beginnings:",
            Self::NeverLearnt => "never-learnt:",
        };
        LISTS[self as usize].get_or_init(|| {
            let from = FILE.lines().skip_while(|line| *line != name).skip(1);
            from.take_while(|line| line.starts_with("  ")).flat_map(str::split_ascii_whitespace).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_has_its_words() {
        for (words, one) in [
            (Words::About, "ttl"),
            (Words::Public, "publishable"),
            (Words::Positions, "nexttoken"),
            (Words::Keys, "api"),
            (Words::Benign, "null"),
            (Words::BenignBeginnings, "${"),
            (Words::NeverLearnt, "production"),
        ] {
            assert!(words.list().contains(&one), "{words:?}");
            assert!(words.list().len() > 5, "{words:?}");
        }
    }
}
