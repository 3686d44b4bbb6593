//! Finds a shell's marks in its output and takes them out. Everything else passes as it came.
//!
//! A mark is `ESC ] 4667 ; NONCE ; fields BEL`: an OSC sequence, which a terminal that does not know its number
//! ignores, so that nothing is seen even of one that somebody else prints. The number is hoop's own (its letters on a
//! telephone). The one for shells that everybody uses, 133, would not do: terminals and multiplexers act on it, and the
//! person's own integration writes it. Fields are text with `%XX` for what would end a field or the mark.

use memchr::memmem;

/// How a mark begins, before the nonce.
const OPENING: &[u8] = b"\x1b]4667;";
/// Longest fields of a mark that are waited for: the longest line that a shell gives us, encoded as badly as can be.
const MOST_BYTES: usize = 128 << 10;

/// What a shell tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It has read its instructions.
    Ready,
    /// A line is about to run.
    Typed {
        /// Its number in the shell's history, where the shell counts.
        number: Option<u64>,
        /// What it means if that number is not new.
        why: Why,
        /// The working directory.
        cwd: String,
        /// The line.
        line: String,
    },
    /// The line is done, or there was none: a prompt comes.
    Done {
        /// Exit status.
        status: Option<i32>,
        /// The number of the last line in the shell's history, where the shell counts.
        number: Option<u64>,
    },
}

/// Why a line may not be in the history of its shell, where the one before it is then found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Why {
    /// It may be any line.
    #[default]
    Unknown,
    /// It is the same as the one before.
    Repeat,
    /// It is the same as the one before, or begins with a space.
    RepeatOrSpace,
}

/// The way of the output through the search.
#[derive(Debug)]
pub(super) struct Marks {
    finder: memmem::Finder<'static>,
    /// What may be the beginning of a mark, or is one whose end has not come.
    held: Vec<u8>,
    /// How much of `held` is known to have no end of a mark.
    searched: usize,
}

impl Marks {
    /// Marks with this nonce.
    pub(super) fn new(nonce: &str) -> Self {
        let opening = [OPENING, nonce.as_bytes(), b";"].concat();
        Self { finder: memmem::Finder::new(&opening).into_owned(), held: Vec::new(), searched: 0 }
    }

    /// Takes `input`; what is no mark goes to `pass`, in order, and marks to `found`, each when all before it passed.
    pub(super) fn take(&mut self, input: &[u8], mut pass: impl FnMut(&[u8]), mut found: impl FnMut(Mark)) {
        let opening = self.finder.needle().len();
        if self.held.is_empty() {
            // Nearly always: one fast search, no copy.
            let rest = self.search(input, &mut pass, &mut found);
            self.held.extend_from_slice(rest);
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(input);
            let ends = held.len() > opening && !held[self.searched.max(opening)..].iter().any(is_control);
            let waits = ends && held.len() <= opening + MOST_BYTES && held.starts_with(self.finder.needle());
            if waits {
                self.searched = held.len();
                self.held = held;
                return;
            }
            let kept = self.search(&held, &mut pass, &mut found).len();
            held.drain(..held.len() - kept);
            self.held = held;
        }
        self.searched = if self.is_in_mark() { self.held.len() } else { 0 };
    }

    /// Whether bytes wait for more.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether they certainly are the beginning of a mark: nobody else knows the nonce.
    pub(super) fn is_in_mark(&self) -> bool {
        self.held.len() >= self.finder.needle().len()
    }

    /// Nothing more has come: what waits passes.
    pub(super) fn let_go(&mut self, mut pass: impl FnMut(&[u8])) {
        if self.is_holding() {
            pass(&self.held);
            self.held.clear();
        }
        self.searched = 0;
    }

    /// Gives what must wait: the beginning of a mark at the end of `input`.
    fn search<'a>(
        &self,
        input: &'a [u8],
        pass: &mut impl FnMut(&[u8]),
        found: &mut impl FnMut(Mark),
    ) -> &'a [u8] {
        let mut emit = |bytes: &[u8]| {
            if !bytes.is_empty() {
                pass(bytes);
            }
        };
        let opening = self.finder.needle();
        let mut rest = input;
        let mut from = 0;
        while let Some(at) = self.finder.find(&rest[from..]).map(|at| from + at) {
            let fields = &rest[at + opening.len()..];
            match fields.iter().take(MOST_BYTES).position(is_control) {
                Some(end) if fields[end] == 0x07 => {
                    emit(&rest[..at]);
                    if let Some(mark) = read(&fields[..end]) {
                        found(mark);
                    }
                    rest = &fields[end + 1..];
                    from = 0;
                }
                None if fields.len() <= MOST_BYTES => {
                    emit(&rest[..at]);
                    return &rest[at..];
                }
                // Something was written into the middle of it, or it does not end: not to be told apart any more.
                _ => from = at + opening.len(),
            }
        }
        let tail = &rest[rest.len() - (rest.len() - from).min(opening.len() - 1)..];
        // An opening has one ESC, its first byte.
        let begins = memchr::memrchr(0x1b, tail).filter(|at| opening.starts_with(&tail[*at..]));
        let kept = begins.map_or(0, |at| tail.len() - at);
        let (passing, kept) = rest.split_at(rest.len() - kept);
        emit(passing);
        kept
    }
}

/// What no mark has in its fields: shells write control characters as `%XX`.
fn is_control(byte: &u8) -> bool {
    *byte < 0x20 || *byte == 0x7f
}

/// The mark with these fields; none for one that a later version may know.
fn read(fields: &[u8]) -> Option<Mark> {
    let mut fields = fields.split(|byte| *byte == b';').map(decode);
    match fields.next()?.as_str() {
        "R" => Some(Mark::Ready),
        "D" => {
            let status = fields.next()?.parse().ok();
            Some(Mark::Done { status, number: fields.next().and_then(|number| number.parse().ok()) })
        }
        "C" => {
            let number = fields.next()?.parse().ok();
            let why = match fields.next()?.as_str() {
                "repeat" => Why::Repeat,
                "repeat-or-space" => Why::RepeatOrSpace,
                _ => Why::Unknown,
            };
            Some(Mark::Typed { number, why, cwd: fields.next()?, line: fields.next()? })
        }
        _ => None,
    }
}

fn decode(field: &[u8]) -> String {
    let bytes: Vec<u8> = percent_encoding::percent_decode(field).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    fn through(pieces: &[&[u8]]) -> (Vec<u8>, Vec<Mark>) {
        let mut marks = Marks::new(NONCE);
        let (mut shown, mut found) = (Vec::new(), Vec::new());
        for piece in pieces {
            marks.take(piece, |bytes| shown.extend_from_slice(bytes), |mark| found.push(mark));
        }
        marks.let_go(|bytes| shown.extend_from_slice(bytes));
        (shown, found)
    }

    fn mark(fields: &str) -> Vec<u8> {
        format!("\x1b]4667;{NONCE};{fields}\x07").into_bytes()
    }

    fn done(status: i32) -> Mark {
        Mark::Done { status: Some(status), number: None }
    }

    #[test]
    fn marks_are_read_and_taken_out() {
        let text = [
            b"a".to_vec(),
            mark("R"),
            mark("C;12;repeat;/tmp;echo %3B%0A\u{e9}"),
            b"b".to_vec(),
            mark("D;7;12"),
        ];
        let (shown, found) = through(&[&text.concat()]);
        assert_eq!(shown, b"ab");
        let typed = Mark::Typed {
            number: Some(12),
            why: Why::Repeat,
            cwd: "/tmp".to_owned(),
            line: "echo ;\n\u{e9}".to_owned(),
        };
        assert_eq!(found, [Mark::Ready, typed, Mark::Done { status: Some(7), number: Some(12) }]);
    }

    #[test]
    fn what_is_not_ours_passes() {
        let others = [
            "\x1b]4667;0123456789abcdef0123456789abcdee;D;0\x07".to_owned(),
            "\x1b]4667;D;0\x07\x1b]133;D;0\x07".to_owned(),
            format!("\x1b]4667;{NONCE};D;0\n\x07"),
            format!("\x1b]4667;{NONCE};D;0\x1b]4667;"),
            format!("\x1b]4667;{NONCE};{}\x07", "x".repeat(MOST_BYTES)),
        ];
        for text in others {
            let (shown, found) = through(&[text.as_bytes()]);
            assert_eq!((shown.as_slice(), found.len()), (text.as_bytes(), 0), "{:.60}", text.escape_debug());
        }
    }

    #[test]
    fn a_mark_in_a_broken_one_is_found() {
        let text = [format!("\x1b]4667;{NONCE};D;").into_bytes(), mark("D;3")].concat();
        let (shown, found) = through(&[&text]);
        assert_eq!((shown, found), (format!("\x1b]4667;{NONCE};D;").into_bytes(), vec![done(3)]));
    }

    #[test]
    fn one_that_does_not_end_waits_and_is_let_go() {
        let mut marks = Marks::new(NONCE);
        let begun = format!("\x1b]4667;{NONCE};C;1");
        let mut shown = Vec::new();
        marks.take(begun.as_bytes(), |bytes| shown.extend_from_slice(bytes), drop);
        assert!(marks.is_in_mark() && shown.is_empty());
        for _ in 0..2 * MOST_BYTES / 1024 {
            marks.take(&[b'x'; 1024], |bytes| shown.extend_from_slice(bytes), drop);
        }
        assert_eq!(shown.len(), begun.len() + 2 * MOST_BYTES);
        let mut shown = Vec::new();
        marks.take(b"ab\x1b]46", |bytes| shown.extend_from_slice(bytes), drop);
        assert!(marks.is_holding() && !marks.is_in_mark());
        marks.let_go(|bytes| shown.extend_from_slice(bytes));
        marks.take(b"67;", |bytes| shown.extend_from_slice(bytes), drop);
        assert_eq!(shown, b"ab\x1b]4667;");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Wherever the output is cut, the same is shown and the same is found.
        #[test]
        fn any_cut_is_the_same(
            parts in proptest::collection::vec(prop_oneof![
                Just(mark("R")), Just(mark("D;0")), Just(mark("C;1;;/;ls")), Just(mark("")),
                Just(b"\x1b".to_vec()), Just(b"\x1b]4667;".to_vec()), Just(b"\x07".to_vec()),
                Just(mark("D;0")[..20].to_vec()), Just(mark("D;0")[..41].to_vec()), Just(mark("D;0")[..44].to_vec()),
                Just(b"\x1b]4667;0123456789abcdef0123456789abcdee;D;0\x07".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..20),
            ], 0..12),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        ) {
            let whole = parts.concat();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
            places.extend([0, whole.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            let bytes: Vec<&[u8]> = whole.chunks(1).collect();
            let expected = through(&[&whole]);
            prop_assert_eq!(&through(&pieces), &expected);
            prop_assert_eq!(&through(&bytes), &expected);
            // Nothing but whole marks with the nonce is missing.
            let missing = whole.len() - expected.0.len();
            prop_assert!(missing >= expected.1.len() * (mark("").len()));
        }
    }
}
