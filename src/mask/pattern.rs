//! The language of rule bodies: `b62{36}`, `b64u{22} '.' b64u{43}`, `b64{80,}`.
//!
//! A body is read from its first byte on, each piece takes as much as it can, and nothing is ever taken back: so
//! what is known after n bytes stays true whatever follows.

use super::alphabet::Set;
use super::alphabet::TOKEN;
use super::alphabet::named;

/// One piece of a body.
#[derive(Clone, Debug)]
enum Piece {
    /// Between so many and so many bytes of a set.
    Class { set: Set, least: usize, most: usize },
    /// These bytes.
    Literal(Vec<u8>),
}

/// A compiled body.
#[derive(Clone, Debug)]
pub struct Body {
    pieces: Vec<Piece>,
    /// What goes on being part of the secret after the last piece.
    tail: Option<Set>,
}

/// What is known of a body after some bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is none.
    No,
    /// It may become one; so far it has bytes of this set.
    Part(Set),
    /// It is one, and ends here.
    Closed(usize),
    /// It is one, and goes on as long as bytes of this set come.
    Open(usize, Set),
}

impl Body {
    /// Reads a body; `None` where it is not in the language.
    pub fn parse(text: &str, tail: &str) -> Option<Self> {
        let pieces = text.split_ascii_whitespace().map(piece).collect::<Option<Vec<_>>>()?;
        let tail = if tail.is_empty() { None } else { Some(named(tail)?) };
        Some(Self { pieces, tail })
    }

    /// Reads `bytes`, which begin where the body would; `last` if nothing can follow them.
    pub fn read(&self, bytes: &[u8], last: bool) -> Seen {
        let mut at = 0;
        let mut so_far = TOKEN;
        // What is hidden if it has to be let go before it is known goes on over all pieces.
        let part = |set: Set| match self.tail {
            Some(tail) => Seen::Part(tail),
            None if self.pieces.len() > 1 => Seen::Part(TOKEN),
            None => Seen::Part(set),
        };
        for (index, piece) in self.pieces.iter().enumerate() {
            let rest = &bytes[at..];
            match piece {
                Piece::Literal(literal) => {
                    let common = rest.len().min(literal.len());
                    if rest[..common] != literal[..common] {
                        return Seen::No;
                    }
                    if common < literal.len() {
                        return if last { Seen::No } else { part(so_far) };
                    }
                    at += common;
                }
                Piece::Class { set, least, most } => {
                    so_far = *set;
                    let count = set.span(&rest[..rest.len().min(*most)]);
                    let ended = count == *most || count < rest.len() || last;
                    let final_piece = index + 1 == self.pieces.len();
                    at += count;
                    if count < *least {
                        return if ended { Seen::No } else { part(*set) };
                    }
                    if final_piece {
                        return self.finish(piece, &bytes[at..], at, last);
                    }
                    if !ended {
                        return part(*set);
                    }
                }
            }
        }
        Seen::Closed(at)
    }

    /// The last class is full: open-ended, or closed by something that is not of it.
    fn finish(&self, piece: &Piece, rest: &[u8], at: usize, last: bool) -> Seen {
        let Piece::Class { set, most, .. } = piece else { return Seen::Closed(at) };
        if let Some(tail) = self.tail {
            return Seen::Open(at, tail);
        }
        if *most == usize::MAX {
            return Seen::Open(at, *set);
        }
        match rest.first() {
            None if last => Seen::Closed(at),
            None => Seen::Part(*set),
            Some(next) if next.is_ascii_alphanumeric() || set.has(*next) => Seen::No,
            Some(_) => Seen::Closed(at),
        }
    }
}

fn piece(text: &str) -> Option<Piece> {
    if let Some(literal) = text.strip_prefix('\'') {
        return Some(Piece::Literal(literal.strip_suffix('\'')?.as_bytes().to_vec()));
    }
    let (name, counts) = text.strip_suffix('}')?.split_once('{')?;
    let (least, most) = match counts.split_once(',') {
        None => (counts.parse().ok()?, counts.parse().ok()?),
        Some((least, "")) => (least.parse().ok()?, usize::MAX),
        Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
    };
    Some(Piece::Class { set: named(name)?, least, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_piece_by_piece() {
        let body = Body::parse("d{3} '.' hex{2}", "").unwrap();
        assert_eq!(body.read(b"123.ab ", false), Seen::Closed(6));
        assert_eq!(body.read(b"123.abc", false), Seen::No);
        assert!(matches!(body.read(b"123.ab", false), Seen::Part(_)));
        assert_eq!(body.read(b"123.ab", true), Seen::Closed(6));
        assert_eq!(body.read(b"12.", false), Seen::No);
        let open = Body::parse("hex{4,}", "").unwrap();
        assert!(matches!(open.read(b"abcd", false), Seen::Open(4, _)));
    }

    /// What is known stays true: the ground of chunk-exactness.
    #[test]
    fn more_bytes_never_change_a_verdict() {
        let body = Body::parse("b64u{3,9} '.' b62{4}", "").unwrap();
        for text in [&b"abc.1234;"[..], b"abcdefghijk", b"ab.cdef", b"abcd.12345", b"a-b_.1234-"] {
            let mut known = None;
            for end in 0..=text.len() {
                let now = body.read(&text[..end], false);
                if let Some(known) = known {
                    assert_eq!(now, known, "{:?} at {end}", text.escape_ascii().to_string());
                } else if !matches!(now, Seen::Part(_)) {
                    known = Some(now);
                }
            }
        }
    }
}
