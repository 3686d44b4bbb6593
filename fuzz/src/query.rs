//! Queries, as people type them.

use hoop::query;
use hoop::query::Now;
use jiff::tz::TimeZone;

/// Any text is a query or is refused with a place in it; a query that is written out means the same; colouring and
/// completion have places in the text.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let now = Now { unix_micros: 1_763_726_400_000_000, zone: TimeZone::UTC };
    match query::parse(&text, &now) {
        Ok(query) => {
            let written = query.to_string();
            if written.len() <= query::MAX_BYTES {
                assert_eq!(query::parse(&written, &now), Ok(query.clone()), "{written}");
            }
            drop(query::plan(&query));
        }
        Err(trouble) => {
            assert!(text.get(trouble.range.clone()).is_some(), "a place outside of the query");
            assert!(!trouble.why.is_empty() && trouble.pointed(&text).lines().count() <= 2);
        }
    }
    let mut end = 0;
    for (range, _) in query::paint(&text) {
        assert!(range.start >= end && text.get(range.clone()).is_some(), "parts are not in order");
        end = range.end;
    }
    for cursor in [0, text.len() / 2, text.len()] {
        let typed = query::typing(&text, cursor);
        assert!(text.get(typed.range.clone()).is_some(), "a completion outside of the query");
    }
}
