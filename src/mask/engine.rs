//! The rules and the known values that all callers share.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::compiled::Compiled;
use super::exact;
use super::exact::Exact;
use super::names;
use super::payload::ClipboardPolicy;
use super::selection::Selection;
use super::stream::Stream;
use super::tag::Tagger;
use super::user::UserFields;
use super::user::UserRegex;
use super::user::UserRule;
use super::vault::Vault;
use crate::error::Result;

/// One mask for a session: terminal, API bodies, records. Share it as `Arc<Engine>`.
///
/// Making one costs nothing; the rules are read when the first byte is scanned.
#[derive(Default)]
pub struct Engine {
    /// The built-in rules and the user's, where there are user's.
    own: Option<Compiled>,
    fields: Vec<UserFields>,
    known: RwLock<Arc<Exact>>,
    generation: AtomicU64,
    tagger: Tagger,
    vault: Vault,
    clipboard: ClipboardPolicy,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// The built-in rules.
    #[must_use]
    pub fn builtin() -> Self {
        Self::default()
    }

    /// The built-in rules and a user's.
    ///
    /// Fails with `Config`, naming the rule and why, if an expression does not compile, matches the empty text, or can
    /// match any length without a literal at its beginning, or if a field path makes no sense.
    pub fn with_rules(user: &[UserRule]) -> Result<Self> {
        Self::with_selection(&Selection::default(), user)
    }

    /// Some of the built-in rules, and a user's.
    ///
    /// Fails like [`Engine::with_rules`], and if the selection names a pack or a rule that there is not.
    pub fn with_selection(selection: &Selection, user: &[UserRule]) -> Result<Self> {
        selection.check()?;
        let mut regexes = Vec::new();
        let mut fields = Vec::new();
        for rule in user {
            if let Some(pattern) = &rule.regex {
                regexes.push(UserRegex::new(rule, pattern)?);
            }
            fields.push(UserFields::new(rule)?);
        }
        let is_plain = regexes.is_empty() && selection.is_default();
        let own = (!is_plain).then(|| Compiled::new(selection.rules(), regexes));
        Ok(Self { own, fields, ..Self::default() })
    }

    /// The same with another policy for the person's clipboard.
    #[must_use]
    pub fn with_clipboard(self, clipboard: ClipboardPolicy) -> Self {
        Self { clipboard, ..self }
    }

    pub(super) fn clipboard(&self) -> ClipboardPolicy {
        self.clipboard
    }

    /// Whether the rule of this name is in force.
    #[must_use]
    pub fn has_rule(&self, id: &str) -> bool {
        self.rules().has(id)
    }

    /// Whether a value under `name` is hidden because of the name.
    #[must_use]
    pub(super) fn is_sensitive_name(&self, name: &str) -> bool {
        names::is_sensitive_name(name) && self.own.as_ref().is_none_or(|own| own.has("sensitive-name"))
    }

    /// From now on masks `value` and its encoded forms wherever they turn up, in streams that are open too.
    ///
    /// Values under six bytes and words that are everywhere (`production`, region names) are not learnt.
    pub fn learn(&self, kind: &str, value: &str) {
        self.learn_with(|known| known.add(kind, value));
    }

    /// Learns a secret that hoop itself handles: a credential, a value of the environment. What programs have been shown
    /// before cannot leave it without room.
    pub fn learn_own(&self, kind: &str, value: &str) {
        self.learn_with(|known| exact::is_fit(value) && known.add_told(kind, value));
    }

    /// Learns with `add`, which says whether anything was new.
    pub(super) fn learn_with(&self, add: impl FnOnce(&mut Exact) -> bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if add(Arc::make_mut(&mut known)) {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Learns the values of an environment that stand under sensitive names, such as `GITHUB_TOKEN`, and the passwords of
    /// URLs under any name.
    ///
    /// Gives the names of values that are too short, or too common a word, to be looked for everywhere: they are masked
    /// only next to a name.
    pub fn learn_environment<'v>(&self, vars: impl IntoIterator<Item = (&'v str, &'v str)>) -> Vec<&'v str> {
        let mut unfit = Vec::new();
        for (name, value) in vars {
            self.learn_password_of(value);
            if !self.is_sensitive_name(name) {
                continue;
            }
            if !exact::is_fit(value) && exact::is_value(value) {
                unfit.push(name);
            }
            self.learn_own("environment", value);
        }
        unfit
    }

    /// Whether it looks for values besides rules.
    #[must_use]
    pub fn has_learnt(&self) -> bool {
        self.generation() > 0
    }

    /// A mask for one stream of bytes.
    #[must_use]
    pub fn stream(self: &Arc<Self>) -> Stream {
        Stream::new(Arc::clone(self))
    }

    pub(super) fn rules(&self) -> &Compiled {
        self.own.as_ref().unwrap_or_else(|| Compiled::builtin())
    }

    pub(super) fn fields(&self) -> &[UserFields] {
        &self.fields
    }

    /// Whether any rule has masks put back, so that what they stand for is kept.
    pub(super) fn restores(&self) -> bool {
        self.fields.iter().any(|rule| rule.restore)
    }

    /// Whether a mask at `members` may be put back in a request of `action`.
    pub(super) fn restores_to(&self, action: &str, members: &[String]) -> bool {
        self.fields.iter().any(|rule| rule.restores_to(action, members))
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(super) fn known(&self) -> (Arc<Exact>, u64) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&known), self.generation())
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The text that stands for a secret.
    pub(super) fn tag(&self, kind: &str, value: &[u8]) -> String {
        self.tagger.mask(kind, value)
    }
}
