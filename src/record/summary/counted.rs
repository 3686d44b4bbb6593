//! From a row of a summary back to the moments that it counts.

use std::io::BufReader;
use std::path::Path;

use super::facts::CommandEnded;
use super::facts::Fact;
use super::facts::Facts;
use crate::audit;
use crate::error::Kind;
use crate::error::Result;
use crate::record::open::clipped;
use crate::record::private;
use crate::types::AccessLevel;
use crate::types::Effect;
use crate::types::Micros;

/// What a row counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Calls: to this service, of this access level, only refused ones; what is not given does not matter.
    Calls {
        /// The service.
        service: Option<String>,
        /// The access level.
        access: Option<AccessLevel>,
        /// Only refused ones.
        denied: bool,
    },
    /// Calls of which this was decided.
    Decided(Effect),
    /// Calls that this rule decided.
    Rule(String),
    /// Secrets that this rule masked.
    Mask(String),
    /// Calls that ended with this error.
    Error(String),
    /// Calls about this resource.
    Resource(String),
    /// This command, ended like that.
    Failed {
        /// Program and arguments, or the line.
        line: String,
        /// How it ended.
        end: CommandEnded,
    },
    /// Alerts of this name.
    Alert(String),
}

impl Counted {
    fn is(&self, fact: &Fact<'_>) -> bool {
        match (self, fact) {
            (
                Self::Calls { service, access, denied: false },
                Fact::Call { service: of, access: does, .. },
            )
            | (Self::Calls { service, access, denied: true }, Fact::Denied { service: of, access: does }) => {
                service.as_ref().is_none_or(|service| service == of)
                    && access.is_none_or(|access| access == *does)
            }
            (Self::Decided(effect), Fact::Decided { effect: decided, .. }) => effect == decided,
            (Self::Rule(name), Fact::Decided { rule: found, .. })
            | (Self::Mask(name), Fact::Masked { rule: found, .. })
            | (Self::Error(name), Fact::Failed { error: found })
            | (Self::Alert(name), Fact::Alert(found)) => is_called(name, found),
            (Self::Resource(name), Fact::Call { resources, .. }) => {
                resources.iter().any(|resource| is_called(name, resource))
            }
            (Self::Failed { line, end }, Fact::Unsuccessful { line: other, end: ended, .. }) => {
                line == other && end == ended
            }
            _ => false,
        }
    }
}

/// Whether a row that is called `name` counts `found`, of which it may hold a part only.
fn is_called(name: &str, found: &str) -> bool {
    name == found || found.len() > name.len() && name.ends_with('…') && clipped(found.to_owned()) == name
}

/// The moments in the audit log at `path` that a row counts, at most `most`, by time. Ends early when `go_on` says no.
///
/// Fails when the log cannot be opened or read.
pub fn moments(path: &Path, wanted: &Counted, most: usize, go_on: &dyn Fn() -> bool) -> Result<Vec<Micros>> {
    let file = private::open(path).map_err(|cause| private::cannot("open", path, &cause))?;
    let mut facts = Facts::default();
    let mut found = Vec::new();
    for line in audit::Reader::new(BufReader::with_capacity(256 << 10, file), 0) {
        match line {
            Ok(line) => facts.take(line.t, &line.event, &mut |at, fact| {
                if wanted.is(&fact) && found.len() < most {
                    found.push(at);
                }
            }),
            Err(error) if error.kind() == Kind::System => return Err(error),
            Err(_) => {}
        }
        if found.len() >= most || !go_on() {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
