//! The chain of a host's seals: each names the one before, so a sealed recording that is gone leaves a gap.

use std::collections::HashMap;
use std::collections::HashSet;

use super::place::Place;
use super::prune::FoundTombstone;
use super::seal;
use super::seal::Previous;
use super::verify::Report;
use crate::error::Result;

/// Collects the seals of many recordings.
#[derive(Debug, Default)]
pub struct SealChain {
    seals: HashSet<String>,
    named: HashMap<String, (Previous, u64)>,
    /// Seals that name none before them, by the key that signed them.
    firsts: HashMap<String, u64>,
}

impl SealChain {
    /// Adds what [`super::verify`] found.
    pub fn add(&mut self, report: &Report) {
        self.seals.extend(report.seal_sha256.clone());
        match (report.previous(), &report.seal) {
            (Some(previous), _) => {
                self.named.entry(previous.sha256.clone()).or_insert_with(|| (previous.clone(), 0)).1 += 1;
            }
            (None, Some(seal)) => *self.firsts.entry(seal.key.clone()).or_default() += 1,
            (None, None) => {}
        }
    }

    /// Adds the record of a pruning: it is a seal itself, and stands for those of the recordings that it names.
    pub fn add_tombstone(&mut self, found: &FoundTombstone) {
        let tombstone = &found.tombstone;
        self.seals.insert(found.sha256.clone());
        let own = tombstone.previous.iter();
        let links = own.chain(tombstone.sessions.iter().filter_map(|pruned| pruned.previous.as_ref()));
        for previous in links {
            self.named.entry(previous.sha256.clone()).or_insert_with(|| (previous.clone(), 0)).1 += 1;
        }
        if tombstone.previous.is_none() {
            *self.firsts.entry(tombstone.key.clone()).or_default() += 1;
        }
        for pruned in &tombstone.sessions {
            let Some(sha256) = &pruned.sha256 else { continue };
            // One that could not be removed is here, too, and must not count twice.
            let is_here = !self.seals.insert(sha256.clone());
            if is_here
                && let Some(previous) = &pruned.previous
                && let Some((_, times)) = self.named.get_mut(&previous.sha256)
            {
                *times -= 1;
            }
            if !is_here && pruned.previous.is_none() {
                *self.firsts.entry(tombstone.key.clone()).or_default() += 1;
            }
        }
    }

    /// What a person should know: seals that are named but not there (their recordings were removed, or changed
    /// together with their seal), seals that are followed by two, and chains that begin twice. `place` says which seal is the newest.
    pub fn notes(&self, place: &Place) -> Result<Vec<String>> {
        let mut named = self.named.clone();
        if let Some(last) = seal::last(place)? {
            named.entry(last.sha256.clone()).or_insert((last, 1));
        }
        let mut notes = Vec::new();
        for (sha256, (previous, times)) in &named {
            if !self.seals.contains(sha256) {
                notes.push(format!(
                    "the recording {} was sealed on this host, but it is not here with that seal: it was removed, or \
                     replaced",
                    previous.session
                ));
            }
            if *times > 1 {
                notes.push(format!(
                    "{times} seals follow that of {}: one of them was made elsewhere",
                    previous.session
                ));
            }
        }
        for times in self.firsts.values().filter(|times| **times > 1) {
            notes.push(format!(
                "{times} seals of one host name none before them: the chain was begun anew in between"
            ));
        }
        notes.sort();
        Ok(notes)
    }
}
