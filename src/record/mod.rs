//! The record of a session: written before anything takes effect, sealed at the end, readable by anyone later.
//!
//! A recording is a folder, `STATE/sessions/YYYY/MM/DD/<id>/` (UTC), where `STATE` is `$XDG_STATE_HOME/hoop`:
//!
//! | file | what |
//! |---|---|
//! | `terminal.cast` | asciicast 3: output, sizes, markers, the exit status; input only if that is asked for. Later packed: `terminal.cast.zst` ([`pack`]) |
//! | `audit.jsonl` | what happened, chained by hashes ([`crate::audit`]) |
//! | `bodies/` | request and response bodies, zstd, named by the hash of what they hold |
//! | `seal.json` | at the end: counts, final hashes, the hash of this host's seal before, a signature ([`Seal`]) |
//!
//! Beside the sessions: `active/<id>` while a session runs (locked by its process), `seals/last`, the host's signing
//! key `keys/host.ed25519`, `seals/pruned/` with the records of what was pruned, `packing/<id>` for what is to be packed, and `index.db`, which [`index`] can make again at any time.
//!
//! **What comes in here has been masked by the caller.** Nothing in this module looks for secrets.
//!
//! What is promised when a process is killed: every audit event whose [`Recorder::event`] has returned is in the
//! file; of the terminal's bytes at most those of the last 250 ms or 256 KiB are missing. Files are not synced to the
//! disk one by one, so a machine that loses power may lose what its kernel had not written yet; the chain shows it.

mod active;
mod attempts;
mod body;
mod chain;
pub mod compare;
mod consent;
mod counts;
mod glance;
mod head;
mod import;
pub mod index;
mod ingest;
mod journal;
mod kept;
mod label;
mod net;
mod open;
mod pack;
mod place;
mod private;
mod prune;
mod recorder;
mod recover;
mod ring;
mod screen;
mod seal;
mod sink;
pub mod summary;
mod survey;
mod tree;
mod verify;
mod watch;

pub use crate::audit::command_line;
pub use attempts::Attempts;
pub use body::Body;
pub use body::read_body;
pub use chain::SealChain;
pub use counts::Counts;
pub use glance::Glance;
pub use glance::LogEnd;
pub use glance::Sealing;
pub use glance::glance;
pub use import::import;
pub use open::AlertSeen;
pub use open::Call;
pub use open::Command;
pub use open::CommandKind;
pub use open::Recording;
pub use open::open;
pub use pack::Packed;
pub use pack::is_pack_due;
pub use pack::pack;
pub use pack::pack_due;
pub use pack::pack_later;
pub use place::Place;
pub use private::folders as private_folders;
pub use private::open_or_new as open_private;
pub use private::read_small as read_private;
pub use private::replace as replace_private;
pub use prune::FoundTombstone;
pub use prune::Going;
pub use prune::Plan;
pub use prune::Pruned;
pub use prune::Pruner;
pub use prune::Tombstone;
pub use prune::Wish;
pub use prune::plan;
pub use prune::prune;
pub use prune::tombstones;
pub use recorder::Recorder;
pub use recover::Recovered;
pub use recover::may_need_recovery;
pub use recover::recover;
pub use seal::Previous;
pub use seal::Seal;
pub use seal::SealedAs;
pub use seal::public_key;
pub use seal::sealed_as;
pub use survey::HostKey;
pub use survey::Stored;
pub use survey::host_key;
pub use survey::survey;
pub use tree::MAX_DEPTH;
pub use tree::Node;
pub use tree::Placed;
pub use tree::arrange;
pub use verify::Fault;
pub use verify::Report;
pub use verify::State;
pub use verify::verify;
pub use watch::Watch;
