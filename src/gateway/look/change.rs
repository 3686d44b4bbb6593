//! The present state and the one asked for, side by side. What is compared are lines that mean something by themselves
//! (statements, rules, settings), so that neither order nor spelling is a difference.

use std::collections::HashMap;

use crate::approval::Difference;
use crate::gateway::documents::Line;

/// Lines that stay and are shown all the same.
const MOST_SAME: usize = 8;

/// What would change.
pub struct Change {
    /// What it is: `bucket policy`.
    pub compared: &'static str,
    /// The lines that there are.
    before: Vec<Line>,
    /// The lines that there would be.
    after: Vec<Line>,
}

impl Change {
    /// From these lines to those.
    pub fn new(compared: &'static str, before: Vec<Line>, after: Vec<Line>) -> Self {
        Self { compared, before, after }
    }

    /// These lines come; those that are there already stay as they are.
    pub fn adding(compared: &'static str, before: Vec<Line>, added: Vec<Line>) -> Self {
        let mut after = before.clone();
        for line in added {
            if !after.iter().any(|known| known.key == line.key) {
                after.push(line);
            }
        }
        Self { compared, before, after }
    }

    /// These lines go.
    pub fn removing(compared: &'static str, before: Vec<Line>, removed: &[Line]) -> Self {
        let stays = |line: &&Line| !removed.iter().any(|gone| gone.key == line.key);
        let after = before.iter().filter(stays).cloned().collect();
        Self { compared, before, after }
    }

    /// At most `most` lines, changes before what stays; what is left out is counted.
    pub fn lines(&self, most: usize) -> Vec<Difference> {
        let mut coming: HashMap<&str, usize> = HashMap::new();
        for line in &self.after {
            *coming.entry(&line.key).or_default() += 1;
        }
        let (mut same, mut removed) = (Vec::new(), Vec::new());
        let mut kept: HashMap<&str, usize> = HashMap::new();
        for line in &self.before {
            match coming.get_mut(line.key.as_str()).filter(|left| **left > 0) {
                Some(left) => {
                    *left -= 1;
                    *kept.entry(&line.key).or_default() += 1;
                    same.push(Difference::Same(line.text.clone()));
                }
                None => removed.push(Difference::Removed(line.text.clone())),
            }
        }
        let mut added = Vec::new();
        for line in &self.after {
            match kept.get_mut(line.key.as_str()).filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => added.push(Difference::Added(line.text.clone())),
            }
        }
        if removed.is_empty() && added.is_empty() {
            return vec![Difference::Same("nothing changes".to_owned())];
        }
        let half = most.saturating_sub(MOST_SAME) / 2;
        let mut lines = bounded(removed, half, Difference::Removed);
        lines.extend(bounded(added, half, Difference::Added));
        lines.extend(bounded(same, MOST_SAME, Difference::Same));
        lines
    }
}

fn bounded(mut lines: Vec<Difference>, most: usize, kind: fn(String) -> Difference) -> Vec<Difference> {
    if lines.len() > most {
        let left = lines.len() - most.saturating_sub(1);
        lines.truncate(most.saturating_sub(1));
        lines.push(kind(format!("… and {left} more")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &[&str]) -> Vec<Line> {
        lines.iter().map(|line| Line::new(*line)).collect()
    }

    fn shown(change: &Change) -> Vec<String> {
        let line = |line: &Difference| match line {
            Difference::Same(text) => format!("  {text}"),
            Difference::Added(text) => format!("+ {text}"),
            Difference::Removed(text) => format!("- {text}"),
        };
        change.lines(60).iter().map(line).collect()
    }

    #[test]
    fn only_what_changes_is_a_change() {
        let change = Change::new("x", all(&["a", "b", "c"]), all(&["c", "a", "d"]));
        assert_eq!(shown(&change), ["- b", "+ d", "  a", "  c"]);
        let order = Change::new("x", all(&["a", "b"]), all(&["b", "a"]));
        assert_eq!(shown(&order), ["  nothing changes"]);
        let twice = Change::new("x", all(&["a", "a"]), all(&["a"]));
        assert_eq!(shown(&twice), ["- a", "  a"]);
        assert_eq!(shown(&Change::adding("x", all(&["a"]), all(&["a", "b"]))), ["+ b", "  a"]);
        assert_eq!(shown(&Change::removing("x", all(&["a", "b"]), &all(&["b", "z"]))), ["- b", "  a"]);
    }

    #[test]
    fn a_long_one_is_cut_and_counted() {
        let many: Vec<Line> = (0..500).map(|n| Line::new(n.to_string())).collect();
        let lines = Change::new("x", many, all(&["a"])).lines(60);
        assert_eq!(lines.len(), 27);
        assert_eq!(lines[25], Difference::Removed("… and 475 more".to_owned()));
    }
}
