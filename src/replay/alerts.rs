//! What whoever reads a record must know: alerts, what was lost, and where secrets were masked.

use std::collections::BTreeMap;

use crate::audit::Alert;
use crate::audit::AlertAction;
use crate::audit::CallEnd;
use crate::audit::Mask;
use crate::replay::entries::Entry;
use crate::replay::entries::Kind;
use crate::replay::entries::trouble;
use crate::replay::theme::Meaning;
use crate::types::Micros;

/// Alerts and troubles held in memory, and places where secrets were masked.
const MAX_ALERTS: usize = 10_000;
const MAX_MASKED: usize = 10_000;
/// Most rules named in one row.
const MAX_RULES: usize = 20;

/// The list, while it is read.
#[derive(Debug, Default)]
pub struct Alerts {
    alerts: Vec<Entry>,
    masked: Vec<Entry>,
    left_out: usize,
}

impl Alerts {
    /// Adds one, as long as there is room.
    pub fn add(&mut self, entry: Entry) {
        let (list, most) = match entry.kind {
            Kind::Masked => (&mut self.masked, MAX_MASKED),
            _ => (&mut self.alerts, MAX_ALERTS),
        };
        match list.len() < most {
            true => list.push(entry),
            false => self.left_out += 1,
        }
    }

    /// All of them, by time.
    #[must_use]
    pub fn finish(mut self) -> Vec<Entry> {
        self.alerts.append(&mut self.masked);
        self.alerts.sort_by_key(|entry| entry.at);
        if let Some(last) = self.alerts.last().filter(|_| self.left_out > 0) {
            let words =
                format!("{} later ones are not shown: hoopctl search, hoop-replay export", self.left_out);
            self.alerts.push(trouble(last.at, "list cut here", words));
        }
        self.alerts
    }
}

/// A rule that watches for patterns fired.
#[must_use]
pub fn alert(at: Micros, alert: &Alert) -> Entry {
    let then = match alert.then {
        AlertAction::Note => "it was noted",
        AlertAction::Ask => "a person was asked",
        AlertAction::Stop => "the session was stopped",
    };
    let mut detail =
        vec![("alert", alert.name.clone()), ("what", alert.message.clone()), ("then", then.to_owned())];
    detail.extend(alert.call.map(|call| ("call", call.to_string())));
    Entry {
        kind: Kind::Alert,
        symbol: '▲',
        subject: alert.message.clone(),
        call: alert.call,
        detail,
        ..trouble(at, &format!("alert {}", alert.name), String::new())
    }
}

/// Secrets were masked outside of a call.
#[must_use]
pub fn masked(at: Micros, mask: &Mask) -> Entry {
    let place = if mask.place.is_empty() { "somewhere" } else { &mask.place };
    row(at, &mask.rules, (&format!("masked in {place}"), String::new()), mask.call)
}

/// Secrets were masked in what a call sent or got.
#[must_use]
pub fn masked_in(call: &Entry, end: &CallEnd) -> Entry {
    let about = match call.subject.as_str() {
        "" | "*" => call.title.clone(),
        subject => format!("{} on {subject}", call.title),
    };
    row(call.at, &end.masks, ("masked in call", about), call.call)
}

fn row(
    at: Micros,
    rules: &BTreeMap<String, u64>,
    (title, about): (&str, String),
    call: Option<u64>,
) -> Entry {
    let times = rules.values().fold(0_u64, |sum, times| sum.saturating_add(*times));
    let mut named: Vec<String> =
        rules.iter().take(MAX_RULES).map(|(rule, times)| format!("{rule} ×{times}")).collect();
    if rules.len() > MAX_RULES {
        named.push(format!("and {} more rules", rules.len() - MAX_RULES));
    }
    let mut detail = vec![("masked", title.to_owned()), ("rules", named.join("\n")), ("in", about.clone())];
    detail.extend(call.map(|call| ("call", call.to_string())));
    detail.retain(|(_, value)| !value.is_empty());
    let subject = match about.as_str() {
        "" => named.join(", "),
        about => format!("{}  {about}", named.join(", ")),
    };
    Entry {
        kind: Kind::Masked,
        symbol: '▒',
        meaning: Meaning::Marker,
        subject,
        result: format!("×{times}"),
        call,
        is_masked: true,
        detail,
        ..trouble(at, title, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_and_masked_secrets_are_told_and_counted() {
        let rules = [("aws-secret-key".to_owned(), 2), ("jwt".to_owned(), 1)];
        let entry =
            masked(Micros(5), &Mask { place: "terminal".to_owned(), rules: rules.into(), call: None });
        assert_eq!((entry.title.as_str(), entry.result.as_str()), ("masked in terminal", "×3"));
        assert_eq!(entry.subject, "aws-secret-key ×2, jwt ×1");
        let fired =
            Alert { name: "harvest".to_owned(), then: AlertAction::Stop, call: Some(7), ..Alert::default() };
        let entry = alert(Micros(1), &fired);
        assert!(
            entry.detail.contains(&("then", "the session was stopped".to_owned())) && entry.call == Some(7)
        );
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for_and_alerts_are_not_crowded_out() {
        let mut all = Alerts::default();
        for at in 0..MAX_MASKED as u64 + 10 {
            all.add(masked(Micros(at), &Mask::default()));
        }
        all.add(alert(Micros(3), &Alert::default()));
        let all = all.finish();
        assert_eq!(all.len(), MAX_MASKED + 2);
        assert!(all.iter().any(|entry| entry.kind == Kind::Alert));
        assert!(all.last().unwrap().subject.starts_with("10 later"), "{:?}", all.last());
    }
}
