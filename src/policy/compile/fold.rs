//! Makes a document fit: names become patterns, patterns services, until all that is left is what may never pass.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::policy::actions::ListedActions;
use crate::policy::compile::document::Acts;
use crate::policy::compile::document::Row;
use crate::policy::compile::document::document;
use crate::policy::compile::document::length;
use crate::policy::compile::rows::Rows;
use crate::types::AccessLevel;

/// What was made to fit.
pub(super) struct Folded {
    pub json: Option<String>,
    pub left_out: Vec<String>,
    /// Managed policies stand for some of what is allowed.
    pub with_managed: bool,
}

/// The tightest document of at most `limit` characters among those that are tried; where the exact one is too long and there
/// are `managed` policies, the rest of it beside them.
pub(super) fn fold(layers: &[Rows], actions: &ListedActions, limit: usize, managed: &[String]) -> Folded {
    // Every layer must let a call pass. IAM unites what allows, so one layer is said in full: the tightest.
    let exact = layers.iter().min_by_key(|layer| weight(&layer.allow, &[], actions));
    let apart = exact.map(|layer| layer.allow.clone()).unwrap_or_default();
    let exact = merged(apart.clone());
    let deny: Vec<Row> = layers.iter().flat_map(|layer| &layer.deny).cloned().collect();
    let deny = merged(deny);
    if !managed.is_empty() && length(&exact, &deny) > limit {
        let arns: usize = managed.iter().map(|arn| arn.chars().count()).sum();
        return beside_managed(apart, &deny, limit.saturating_sub(arns));
    }
    let steps = [
        exact.clone(),
        merged(exact.iter().map(|row| coarser(row, |name| verb(name, actions))).collect()),
        merged(exact.iter().map(|row| coarser(row, service)).collect()),
        merged(exact.iter().map(|row| Row::new(coarser(row, service).acts)).collect()),
        vec![Row::new(Acts::All)],
    ];
    let candidates = steps.into_iter().enumerate().filter(|(_, allow)| length(allow, &[]) <= limit);
    let tried = candidates.map(|(step, mut allow)| {
        let kept = fitting(&allow, &deny, limit);
        if allow == [Row::new(Acts::All)] {
            allow = vec![without_forbidden(&exact, &kept, actions, limit)];
        }
        let weight = weight(&allow, &kept, actions);
        (weight, step, allow, kept)
    });
    let Some((_, step, allow, kept)) = tried.min_by_key(|(weight, step, _, _)| (*weight, *step)) else {
        return Folded {
            json: None,
            left_out: vec!["all of it (nothing fits)".to_owned()],
            with_managed: false,
        };
    };
    let mut left_out = Vec::from_iter(missing(&deny, &kept));
    let tightest = weight(&exact, &deny, actions);
    if step > 0 && weight(&allow, &kept, actions) > tightest {
        left_out.push("the exact list of allowed actions (too long)".to_owned());
    }
    let forbids = !(kept.is_empty() && allow == [Row::new(Acts::All)]);
    Folded { json: forbids.then(|| document(&allow, &kept)), left_out, with_managed: false }
}

/// All denials that fit, and of what is allowed the shorter statements, as far as there is room. For the longest ones
/// the managed policies stand.
fn beside_managed(mut allow: Vec<Row>, deny: &[Row], limit: usize) -> Folded {
    allow.sort_by_key(|row| length(std::slice::from_ref(row), &[]));
    while length(&allow, deny) > limit && allow.pop().is_some() {}
    let allow = merged(allow);
    let kept = fitting(&allow, deny, limit);
    let json = Some(document(&allow, &kept)).filter(|text| text.chars().count() <= limit);
    let mut left_out = match &json {
        Some(_) => Vec::from_iter(missing(deny, &kept)),
        None => vec![format!("{} denied patterns (too long)", items(deny))],
    };
    left_out.push("what the managed policies allow beyond the exact list".to_owned());
    Folded { json, left_out, with_managed: true }
}

/// How many denials are not among those that were kept.
fn missing(deny: &[Row], kept: &[Row]) -> Option<String> {
    let missing = items(deny).saturating_sub(items(kept));
    (missing > 0).then(|| format!("{missing} of {} denied patterns (too long)", items(deny)))
}

/// How much a document lets through; what changes permissions counts most.
fn weight(allow: &[Row], deny: &[Row], actions: &ListedActions) -> usize {
    let allow: Vec<_> = allow.iter().map(|row| row.acts.matcher()).collect();
    let deny: Vec<_> = deny.iter().filter(|row| row.is_plain()).map(|row| row.acts.matcher()).collect();
    let passes = |name: &str| {
        allow.iter().any(|acts| acts.matches(name)) && !deny.iter().any(|acts| acts.matches(name))
    };
    actions.all().filter(|(name, _, _)| passes(name)).map(|(_, _, access)| worth(access)).sum()
}

fn worth(access: AccessLevel) -> usize {
    match access {
        AccessLevel::Permissions => 8,
        AccessLevel::Write => 3,
        _ => 1,
    }
}

/// Statements about the same resources and circumstances as one.
fn merged(rows: Vec<Row>) -> Vec<Row> {
    let mut together: Vec<Row> = Vec::new();
    for row in rows {
        let same = together.iter_mut().find(|it| {
            it.resources == row.resources
                && it.conditions == row.conditions
                && (matches!((&it.acts, &row.acts), (Acts::Only(_), Acts::Only(_))) || it.acts == row.acts)
        });
        match (same, row.acts) {
            (Some(Row { acts: Acts::Only(all), .. }), Acts::Only(more)) => all.extend(more),
            (Some(_), _) => {}
            (None, acts) => together.push(Row { acts, ..row }),
        }
    }
    for row in &mut together {
        if let Acts::Only(set) = &row.acts {
            row.acts = Acts::Only(Acts::pruned(set));
        }
    }
    // A list with nothing in it is no statement.
    together.retain(|row| row.acts != Acts::Only(BTreeSet::new()));
    if together.iter().any(|row| row.acts == Acts::All && row.is_plain()) {
        together.retain(|row| row.acts == Acts::All && row.is_plain());
    }
    together
}

fn coarser(row: &Row, pattern: impl Fn(&str) -> String) -> Row {
    let acts = match &row.acts {
        Acts::Only(set) => Acts::Only(Acts::pruned(&set.iter().map(|name| pattern(name)).collect())),
        other => other.clone(),
    };
    Row { acts, ..row.clone() }
}

/// A known action by the first word of its operation: `s3:get*`. Patterns are wide enough already.
pub(super) fn verb(name: &str, actions: &ListedActions) -> String {
    let Some((service, operation)) = actions.written(name).and_then(|written| written.split_once(':')) else {
        return name.to_owned();
    };
    let letters = operation.char_indices().skip(1);
    let end = letters.into_iter().find(|(_, c)| c.is_ascii_uppercase()).map_or(operation.len(), |(at, _)| at);
    format!("{service}:{}*", &operation[..end]).to_ascii_lowercase()
}

fn service(name: &str) -> String {
    name.split_once(':').map_or_else(|| name.to_owned(), |(service, _)| format!("{service}:*"))
}

fn items(rows: &[Row]) -> usize {
    rows.iter().map(|row| if let Acts::Only(set) = &row.acts { set.len() } else { 1 }).sum()
}

/// As many denials as fit, in their order.
fn fitting(allow: &[Row], deny: &[Row], limit: usize) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::new();
    for row in deny {
        kept.push(row.clone());
        if length(allow, &kept) <= limit {
            continue;
        }
        kept.pop();
        let Acts::Only(set) = &row.acts else { continue };
        let mut some = BTreeSet::new();
        let empty = Row { acts: Acts::Only(BTreeSet::new()), ..row.clone() };
        let mut room = limit.saturating_sub(length(allow, &[kept.clone(), vec![empty]].concat()));
        for name in set {
            // With its quotes and a comma.
            let costs = name.chars().count() + 3;
            if costs <= room {
                room -= costs;
                some.insert(name.clone());
            }
        }
        if !some.is_empty() {
            kept.push(Row { acts: Acts::Only(some), ..row.clone() });
        }
    }
    kept
}

/// Everything but what no statement lets pass, as far as there is room, the worst first.
fn without_forbidden(exact: &[Row], deny: &[Row], actions: &ListedActions, limit: usize) -> Row {
    let exact: Vec<_> = exact.iter().map(|row| row.acts.matcher()).collect();
    let passes = |name: &str| exact.iter().any(|acts| acts.matches(name));
    let mut candidates: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    for (name, _, access) in actions.all() {
        for pattern in [service(name), verb(name, actions)] {
            let candidate = candidates.entry(pattern).or_insert((0, true));
            candidate.0 += worth(access);
            candidate.1 &= !passes(name);
        }
    }
    let free = |pattern: &String| {
        // An operation that hoop does not know may pass as one of its service.
        let unknown = pattern.split(':').next().map(|service| format!("{service}:unknown"));
        !unknown.is_some_and(|unknown| passes(&unknown))
            // The start of an operation may be that of a longer verb.
            && !actions.matching(pattern).any(|(name, _, _)| passes(name))
    };
    let candidates = candidates.into_iter().filter(|(_, (_, never))| *never);
    let mut best: Vec<(String, usize)> = candidates
        .filter(|(pattern, _)| free(pattern))
        .map(|(pattern, (worth, _))| (pattern.clone(), worth * 1_000 / (pattern.len() + 3)))
        .collect();
    best.sort_by(|(one, gain), (other, more)| more.cmp(gain).then_with(|| one.cmp(other)));
    let mut chosen: BTreeSet<String> = BTreeSet::new();
    let start = Row::new(Acts::Not(BTreeSet::new()));
    let mut room = limit.saturating_sub(length(&[start], deny));
    for (pattern, _) in best {
        let costs = pattern.chars().count() + 3;
        if costs <= room && !chosen.contains(&service(&pattern)) {
            room -= costs;
            chosen.insert(pattern);
        }
    }
    if chosen.is_empty() { Row::new(Acts::All) } else { Row::new(Acts::Not(Acts::pruned(&chosen))) }
}
