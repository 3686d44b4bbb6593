//! Finds secrets in a text that arrives in pieces. What it says depends on the text alone, never on the pieces.
//!
//! Each place where a rule's literal stands is looked at on its own, and a byte is hidden if any of them says so. A
//! look says nothing that later bytes could make untrue; until it can tell, it is asked again with more of the text,
//! and the bytes it may hide wait. Public prefixes never wait.

use std::ops::Range;
use std::sync::Arc;

use super::compiled::Compiled;
use super::compiled::Rule;
use super::doubts::Doubts;
use super::doubts::common;
use super::exact::Exact;
use super::exact::Needle;
pub use super::mark::Mark;
pub use super::mark::Named;
use super::matchers;
use super::runs::After;
use super::runs::Run;
use super::runs::Step;
use super::user::UserMatch;
use super::view::Hit;
use super::view::LONGEST_LOOK;
use super::view::LOOK_BACK;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// Looks that may be open at one time: more is an attack, and is answered by hiding.
const MOST_OPEN: usize = 512;
/// A whole text is looked at in pieces of so many bytes: what a literal begins is read to the end of a piece at once.
pub const BLOCK: usize = 8 * 1024;
/// Bytes of a known value that must have matched to be hidden in a pause.
const SURE_BYTES: usize = 4;

/// A look or a run that is not over.
#[derive(Debug)]
struct Open {
    secret: u64,
    rule: Named,
    whole: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A literal, by number, that has come in part; it is public.
    Arriving { at: usize, number: usize },
    /// A built-in rule's literal, `is_prefix` of the secret.
    /// After a pause, what stood before `settled` has left.
    Looking { place: Place, is_prefix: bool, hold: Option<(usize, Run)>, settled: Option<usize> },
    /// A user's rule from a position on; what it hides begins at `start`.
    User { at: usize, start: usize, hold: Option<usize> },
    /// A known value from a position on.
    Known { needle: Needle, at: usize, hold: usize },
    /// Something that has begun.
    Running { run: Run, at: usize, hold: usize },
}

/// The scanner of one text.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The part of the text that may still be looked at.
    window: Vec<u8>,
    /// The position of the window's first byte.
    base: usize,
    /// Places before this have been looked at.
    scanned: usize,
    scanned_exact: usize,
    scanned_unprefixed: usize,
    open: Vec<Open>,
    doubts: Doubts,
    /// How far runs of each sort have come that hide the same wherever they began: from where, and to where.
    reached: Vec<(Run, Range<usize>)>,
    marks: Vec<Mark>,
    next_secret: u64,
}

impl Scanner {
    /// A scanner whose secrets are numbered from `number` on.
    pub fn numbered_from(number: u64) -> Self {
        Self { next_secret: number, ..Self::default() }
    }

    /// Takes more of the text, without looking at it yet.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.window.extend_from_slice(bytes);
    }

    /// The position after the last byte.
    pub fn end(&self) -> usize {
        self.base + self.window.len()
    }

    /// The bytes of a range that has not been let go.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        let from = range.start.saturating_sub(self.base);
        let to = range.end.saturating_sub(self.base).min(self.window.len());
        self.window.get(from..to).unwrap_or_default()
    }

    /// Looks at what is new; `last` if nothing will follow. Gives the position up to which everything is decided.
    pub fn scan(&mut self, rules: &Compiled, exact: &Exact, last: bool) -> usize {
        self.proceed(rules, last);
        self.find_literals(rules, last);
        self.find_unprefixed(rules, last);
        let partial = if exact.is_empty() {
            self.scanned_exact = self.end();
            0
        } else {
            self.find_known(exact, last)
        };
        let limit = self.open.iter().map(Open::hold).fold(self.end() - partial, usize::min);
        let view = View::new(&self.window, self.base, last);
        let limit = limit.min(self.doubts.first(view));
        if last { self.end() } else { limit }
    }

    /// Looks at a whole text; gives what it finds. No more than a block of the text is kept at a time.
    pub fn scan_whole(&mut self, text: &[u8], rules: &Compiled, exact: &Exact) -> Vec<Mark> {
        for block in text.chunks(BLOCK) {
            self.feed(block);
            let decided = self.scan(rules, exact, false);
            self.let_go(decided, decided);
        }
        self.scan(rules, exact, true);
        self.take_marks()
    }

    /// Hides the beginnings of known values in which a mistake is being taken back.
    pub fn settle_doubts(&mut self) {
        for (rule, range) in self.doubts.take() {
            let secret = self.number();
            self.marks.push(Mark { secret, rule, whole: range.start, range });
        }
    }

    /// Takes the marks found so far.
    pub fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    /// Whether marks are waiting to be taken.
    pub fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }

    /// The writer has paused: what may be part of a secret is hidden, so that the rest can be shown.
    pub fn settle(&mut self) {
        self.doubts.take();
        let end = self.end();
        let mut marks = Vec::new();
        let mut begun = Vec::new();
        for open in &mut self.open {
            let from = open.hold().max(self.base);
            let hide = match &mut open.state {
                State::Arriving { .. } => continue,
                State::Looking { hold, settled, .. } => {
                    let Some((first, run)) = hold.take() else { continue };
                    // Digits that are most likely a port.
                    let letter = self.window.get(first.saturating_sub(self.base));
                    if let (Run::Letters(set), Some(letter)) = (&run, letter)
                        && !set.has(*letter)
                    {
                        continue;
                    }
                    if settled.replace(end).is_none() {
                        let state = State::Running { run, at: first, hold: end };
                        begun.push(Open {
                            secret: open.secret,
                            rule: open.rule.clone(),
                            whole: first,
                            state,
                        });
                    }
                    true
                }
                State::Known { at, hold, .. } => {
                    let sure = end - *at >= SURE_BYTES;
                    *hold = end;
                    sure
                }
                State::User { hold, .. } => {
                    // No prefix and no name speak for it: shown as it is.
                    if hold.is_some() {
                        *hold = Some(end);
                    }
                    false
                }
                State::Running { run, hold, .. } => {
                    let word = end.saturating_sub(*hold);
                    *hold = end;
                    !matches!(run, Run::NearKeyId { .. }) || word >= 20
                }
            };
            if hide && from < end {
                let whole = open.whole;
                marks.push(Mark { secret: open.secret, rule: open.rule.clone(), whole, range: from..end });
            }
        }
        self.marks.append(&mut marks);
        self.open.append(&mut begun);
    }

    /// Forgets the text before `decided` but for what looks may look back at, and for what stands at `keep` and later.
    pub fn let_go(&mut self, decided: usize, keep: usize) {
        let oldest = self.open.iter().map(Open::oldest).fold(decided.min(self.scanned).min(keep), usize::min);
        let keep = oldest.saturating_sub(LOOK_BACK).max(self.base);
        let drop = keep - self.base;
        // Moving the rest to the front each time would cost more than it saves.
        if drop > 0 && (drop >= self.window.len() / 2 || drop > 1 << 16) {
            self.window.drain(..drop);
            self.base = keep;
        }
    }

    fn view(&self, last: bool) -> View<'_> {
        View::new(&self.window, self.base, last)
    }

    /// Asks everything that is open again.
    fn proceed(&mut self, rules: &Compiled, last: bool) {
        if self.open.is_empty() {
            return;
        }
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|open| self.ask(open, rules, last));
        open.append(&mut self.open);
        self.open = open;
    }

    /// Asks one look or run; `false` once it is over.
    fn ask(&mut self, open: &mut Open, rules: &Compiled, last: bool) -> bool {
        match &mut open.state {
            State::Arriving { at, number } => {
                let (at, literal) = (*at, rules.literal(*number));
                let known = self.view(last).slice(at, at + literal.bytes.len());
                if !literal.begins(known) {
                    return false;
                }
                if known.len() < literal.bytes.len() {
                    return !last;
                }
                open.state = match rules.rule(literal.rule) {
                    Some(Rule::User(_)) => State::User { at, start: at + known.len(), hold: None },
                    _ => {
                        let place = Place { start: at, end: at + known.len() };
                        State::Looking { place, is_prefix: literal.is_prefix, hold: None, settled: None }
                    }
                };
                self.ask(open, rules, last)
            }
            State::Looking { place, is_prefix, hold, .. } => {
                let Named::Rule(number) = open.rule else { return false };
                let Some(Rule::Built(rule)) = rules.rule(number) else { return false };
                let (place, is_prefix) = (*place, *is_prefix);
                let view = self.view(last).until(place.end + LONGEST_LOOK);
                let look = matchers::look(rule, is_prefix, place, view);
                let spent = view.end() >= place.end + LONGEST_LOOK;
                match look {
                    Look::No => false,
                    Look::Hit(hit) => self.hit(open, hit, last),
                    Look::More(Some(waiting)) if spent => {
                        let hit = Hit {
                            whole: waiting.from,
                            start: waiting.from,
                            end: view.end(),
                            then: Some(waiting.otherwise),
                        };
                        self.hit(open, hit, last)
                    }
                    Look::More(None) if spent => false,
                    Look::More(waiting) => {
                        *hold = waiting.map(|waiting| (waiting.from, waiting.otherwise));
                        !last
                    }
                }
            }
            State::User { at, start, hold } => {
                let Named::Rule(number) = open.rule else { return false };
                let Some(Rule::User(rule)) = rules.rule(number) else { return false };
                let (at, start, released) = (*at, *start, *hold);
                let view = self.view(last).until(at + LONGEST_LOOK);
                let spent = view.end() >= at + LONGEST_LOOK;
                match rule.look(view, at, spent) {
                    UserMatch::No => false,
                    UserMatch::More => {
                        *hold = Some(released.unwrap_or(start));
                        true
                    }
                    UserMatch::Hit(end) => {
                        // What a pause has let go is shown, however the text was cut.
                        let from = released.unwrap_or(start);
                        self.mark(open, at, from.min(end)..end);
                        false
                    }
                }
            }
            State::Known { needle, at, hold } => {
                let (at, from, bytes) = (*at, *hold, Arc::clone(&needle.bytes));
                let known = self.view(last).slice(at, at + bytes.len());
                let common = common(known, &bytes);
                if common < known.len() {
                    let view = View::new(&self.window, self.base, last);
                    self.doubts.note(&open.rule, from..at + common, view);
                    return false;
                }
                if known.len() == bytes.len() {
                    self.mark(open, at, at..at + bytes.len());
                    return false;
                }
                *hold = (*hold).max(at);
                !last
            }
            State::Running { .. } => self.run(open, last),
        }
    }

    /// A look has found a secret: marks it, and goes on with what follows.
    fn hit(&mut self, open: &mut Open, hit: Hit, last: bool) -> bool {
        open.whole = hit.whole;
        if hit.start < hit.end {
            self.mark(open, hit.whole, hit.start..hit.end);
        }
        let Some(run) = hit.then else { return false };
        // Another one has been here, and hides what this one would.
        if self
            .reached
            .iter()
            .any(|(known, range)| *known == run && range.start <= hit.end && hit.end <= range.end)
        {
            return false;
        }
        open.state = State::Running { run, at: hit.end, hold: hit.end };
        self.run(open, last)
    }

    fn run(&mut self, open: &mut Open, last: bool) -> bool {
        let State::Running { run, at, hold } = &mut open.state else { return false };
        let mut pieces: Vec<(Range<usize>, bool)> = Vec::new();
        let mut hide = |from: usize, to: usize, own: bool| {
            if from < to {
                pieces.push((from..to, own));
            }
        };
        let released = *hold;
        let began = *at;
        let after = run.step(self.view(last), &mut Step { at, hide: &mut hide });
        let going = match after {
            After::Going(from) => {
                *hold = from.max(released);
                !last
            }
            After::Over => false,
        };
        if matches!(run, Run::Letters(_) | Run::Fields) {
            match self.reached.iter_mut().find(|(known, _)| known == run) {
                Some((_, range)) if range.end == began => range.end = *at,
                Some((_, range)) => *range = began..*at,
                None => self.reached.push((run.clone(), began..*at)),
            }
        }
        for (range, own) in pieces {
            if own {
                open.secret = self.number();
                open.whole = range.start;
            }
            let whole = open.whole;
            self.mark(open, whole, range);
        }
        going
    }

    fn mark(&mut self, open: &Open, whole: usize, range: Range<usize>) {
        // Letter by letter would make a list of the length of the text.
        if let Some(last) = self.marks.last_mut()
            && last.secret == open.secret
            && last.range.end == range.start
        {
            last.range.end = range.end;
            return;
        }
        self.marks.push(Mark { secret: open.secret, rule: open.rule.clone(), whole, range });
    }

    fn number(&mut self) -> u64 {
        self.next_secret += 1;
        self.next_secret
    }

    /// Opens a look and asks it once.
    fn begin(&mut self, rules: &Compiled, rule: Named, state: State, last: bool) {
        let secret = self.number();
        let mut open = Open { secret, rule, whole: 0, state };
        if !self.ask(&mut open, rules, last) {
            return;
        }
        // Where one of the same sort has come to by itself, there is no need for another.
        if let State::Running { run, at, .. } = &open.state
            && self.open.iter().any(|other| other.hides_with(run, *at))
        {
            return;
        }
        if self.open.len() >= MOST_OPEN {
            self.settle();
            self.open.retain(|open| matches!(open.state, State::Running { .. }));
            self.open.truncate(MOST_OPEN / 2);
        }
        self.open.push(open);
    }

    fn find_literals(&mut self, rules: &Compiled, last: bool) {
        let filter = rules.filter();
        let mut from = self.scanned.max(self.base) - self.base;
        while let Some(index) = filter.find(&self.window, from) {
            let at = self.base + index;
            for number in filter.at(&self.window[index..]) {
                let literal = rules.literal(number);
                if !literal.begins(&self.window[index..]) {
                    continue;
                }
                self.begin(rules, Named::Rule(literal.rule), State::Arriving { at, number }, last);
            }
            from = index + 1;
        }
        self.scanned = self.end().saturating_sub(3).max(self.base + from.min(self.window.len()));
    }

    /// A user's rules without a literal are asked wherever one of their first bytes stands.
    fn find_unprefixed(&mut self, rules: &Compiled, last: bool) {
        let from = self.scanned_unprefixed.max(self.base);
        self.scanned_unprefixed = self.end();
        for (number, first) in rules.unprefixed() {
            let Some(Rule::User(rule)) = rules.rule(*number) else { continue };
            for at in from..self.scanned_unprefixed {
                if first.has(self.window[at - self.base])
                    && rule.look(self.view(last), at, false) != UserMatch::No
                {
                    let state = State::User { at, start: at, hold: None };
                    self.begin(rules, Named::Rule(*number), state, last);
                }
            }
        }
    }

    /// Looks for known values; gives how many of the last bytes may begin one.
    fn find_known(&mut self, exact: &Exact, last: bool) -> usize {
        let mut from = self.scanned_exact.max(self.base) - self.base;
        while let Some(index) = exact.find(&self.window, from) {
            let at = self.base + index;
            for needle in exact.at(&self.window[index..]) {
                let rest = &self.window[index..];
                let common = common(rest, &needle.bytes);
                if common < rest.len().min(needle.bytes.len()) {
                    let rule = Named::Known(Arc::clone(&needle.kind));
                    let view = View::new(&self.window, self.base, last);
                    self.doubts.note(&rule, at..at + common, view);
                } else {
                    let state = State::Known { needle: needle.clone(), at, hold: at };
                    let rule = Named::Known(Arc::clone(&needle.kind));
                    self.begin(Compiled::empty(), rule, state, last);
                }
            }
            from = index + 1;
        }
        self.scanned_exact = self.end().saturating_sub(3).max(self.base + from.min(self.window.len()));
        exact.partial(&self.window)
    }
}

impl Open {
    /// Whether it will hide whatever another run hides that has come to `at`.
    fn hides_with(&self, run: &Run, at: usize) -> bool {
        matches!(&self.state, State::Running { run: own, at: here, .. } if *here == at && own == run)
    }

    /// The first byte that waits for it.
    fn hold(&self) -> usize {
        match &self.state {
            State::Arriving { .. } => usize::MAX,
            State::Looking { hold, settled, .. } => {
                hold.as_ref().map_or(usize::MAX, |(from, _)| (*from).max(settled.unwrap_or(0)))
            }
            State::User { hold, .. } => hold.unwrap_or(usize::MAX),
            State::Known { hold, .. } | State::Running { hold, .. } => *hold,
        }
    }

    /// The first byte it may look at again.
    fn oldest(&self) -> usize {
        match &self.state {
            State::Looking { place, .. } => place.start,
            State::Arriving { at, .. }
            | State::User { at, .. }
            | State::Known { at, .. }
            | State::Running { at, .. } => *at,
        }
    }
}
