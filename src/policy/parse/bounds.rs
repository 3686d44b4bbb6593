//! `[guard]` and `[[limit]]`.

use std::time::Duration;

use crate::config::diagnostic::shown;
use crate::config::document::At;
use crate::config::document::Section;
use crate::policy::guard::Guard;
use crate::policy::limit::LimitRule;
use crate::policy::parse::Reading;
use crate::policy::parse::owned;
use crate::policy::parse::place;
use crate::types::Effect;

/// What a limit can do.
const THEN: &[(&str, Effect)] = &[("ask", Effect::Ask), ("deny", Effect::Deny)];

/// Names of sizes, and how many bytes they are.
const UNITS: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Reading<'_> {
    /// Reads the `[guard]` table.
    pub(super) fn guard(&self, top: &mut Section<'_, '_>) -> Option<Guard> {
        let mut section = top.table("guard", "[guard]")?;
        let accounts = section.texts("accounts");
        for account in accounts.iter().flat_map(|accounts| &accounts.value) {
            if account.value.len() != 12 || !account.value.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!("`{}` is not an account", shown(account.value));
                section.document().fault(
                    account.span.clone(),
                    message,
                    "an account has 12 digits".to_owned(),
                );
            }
        }
        let regions = section.texts("regions");
        for region in regions.iter().flat_map(|regions| &regions.value) {
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-*?".contains(&byte);
            if region.value.is_empty() || !region.value.bytes().all(fits) {
                let message = format!("`{}` is not a region", shown(region.value));
                let fix = "write it like \"eu-central-1\" or \"eu-*\"".to_owned();
                section.document().fault(region.span.clone(), message, fix);
            }
        }
        let read_only = section.boolean("read_only").is_some_and(|it| it.value);
        if !["accounts", "regions", "read_only"].iter().any(|key| section.has(key)) {
            section.document().fault(
                section.span.clone(),
                "the guard guards nothing",
                "name `accounts`, `regions` or `read_only = true`, or leave it out".to_owned(),
            );
        }
        let guard = Guard {
            origin: place(&section),
            accounts: accounts.map(owned).unwrap_or_default(),
            regions: regions.map(owned).unwrap_or_default(),
            read_only,
        };
        section.finish();
        Some(guard)
    }

    /// Reads the `[[limit]]` tables.
    pub(super) fn limits(&self, top: &mut Section<'_, '_>) -> Vec<LimitRule> {
        let mut rules = Vec::new();
        for mut section in top.tables("limit", "a [[limit]]") {
            if !["max_calls", "max_deletes", "max_bytes_out"].iter().any(|key| section.has(key)) {
                section.missing(
                    "max_calls",
                    "say how much: `max_calls = 500`, `max_deletes` or `max_bytes_out`",
                );
            }
            let origin = place(&section);
            let name = self.sentence(&mut section, "name").unwrap_or_else(|| origin.clone());
            let actions = self.action_patterns(&mut section, "action").unwrap_or_default();
            let access = self.access(&mut section);
            let max_calls = section.number("max_calls", 0..=1_000_000_000_000).map(|it| it.value);
            let max_deletes = section.number("max_deletes", 0..=1_000_000_000_000).map(|it| it.value);
            let max_bytes_out = section.text("max_bytes_out").and_then(|text| size(&section, &text));
            let range = Duration::from_secs(1)..=Duration::from_secs(7 * 86_400);
            let within = section.duration("within", range).map(|within| within.value);
            let then = section.choice("then", THEN).map_or(Effect::Deny, |then| then.value);
            rules.push(LimitRule {
                name,
                origin,
                actions,
                access,
                max_calls,
                max_deletes,
                max_bytes_out,
                within,
                then,
            });
            section.finish();
        }
        rules
    }
}

/// `100MB` in bytes.
fn size(section: &Section<'_, '_>, text: &At<&str>) -> Option<u64> {
    let read = || {
        let (number, bytes) =
            UNITS.iter().find_map(|(unit, bytes)| Some((text.value.strip_suffix(unit)?, bytes)))?;
        number.trim().parse::<u64>().ok()?.checked_mul(*bytes)
    };
    let size = read();
    if size.is_none() {
        let message = format!("`{}` is not a size", shown(text.value));
        let fix = "write it like \"100MB\" or \"2GiB\"".to_owned();
        section.document().fault(text.span.clone(), message, fix);
    }
    size
}
