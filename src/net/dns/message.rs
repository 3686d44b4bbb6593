//! The few parts of a DNS message (RFC 1035, RFC 6891) that a resolver for the sandbox reads and writes.
//!
//! Written out rather than taken from a library: what is read is a header, one question and whether an OPT record is
//! there, what is written at most one record. A library parses every kind of record, which hostile bytes could then
//! steer through, refuses kinds of question that it does not know, and does not give the question back byte for byte
//! as resolvers that vary its letters' case want it.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// Bytes of a header.
const HEADER: usize = 12;
/// The longest name, as bytes of a message.
const LONGEST_NAME: usize = 255;
/// Records that a question may bring along; a real one brings one.
const MOST_RECORDS: usize = 16;
/// Bytes of a datagram that we would take, told to those who ask with OPT.
pub(super) const TAKES: usize = 1232;
/// Seconds for which an answer may be kept: the next session's addresses are others.
const TTL: u32 = 10;
/// The kind of the OPT record.
const OPT: u16 = 41;
/// The internet's class, and any class.
const CLASSES: [u16; 2] = [1, 255];

/// What is asked for, of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An IPv4 address, or anything there is.
    A,
    /// An IPv6 address.
    Aaaa,
    /// The name of an address.
    Ptr,
    /// Anything else.
    Other,
    /// A whole zone.
    Zone,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With one record.
    A(Ipv4Addr),
    /// With one record.
    Aaaa(Ipv6Addr),
    /// The name exists, but has no such record.
    Nothing,
    /// The question was not understood.
    Malformed,
    /// The outside could not tell now.
    Failed,
    /// The name does not exist.
    NoName,
    /// Not a thing that is done here.
    NotDone,
    /// An EDNS version that is not known.
    BadVersion,
}

/// A query that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Query {
    id: [u8; 2],
    /// The second pair of bytes as it came.
    flags: u16,
    /// The question as it came; empty where it was not understood.
    question: Vec<u8>,
    /// Whether there was an OPT record, and its DO bit.
    opt: Option<bool>,
    /// Labels joined by dots, in lower case; letters that host names do not have are escaped, as `\046`.
    pub name: String,
    pub kind: Kind,
    /// Where the answer is clear from the form alone.
    pub fault: Option<Outcome>,
}

impl Query {
    /// Reads a message; `None` where no answer is due: too short, or an answer itself.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes, at: 0 };
        let id = reader.take::<2>()?;
        let flags = reader.number()?;
        let counts = [reader.number()?, reader.number()?, reader.number()?, reader.number()?];
        if flags & 0x8000 != 0 {
            return None;
        }
        let mut query = Self {
            id,
            flags,
            question: Vec::new(),
            opt: None,
            name: String::new(),
            kind: Kind::Other,
            fault: None,
        };
        let records = counts[1..].iter().map(|count| usize::from(*count)).sum();
        query.fault = if flags & 0x7800 != 0 {
            Some(Outcome::NotDone)
        } else if counts[0] != 1 {
            Some(Outcome::Malformed)
        } else {
            match query.read(&mut reader, records) {
                Some(fault) => fault,
                None => Some(Outcome::Malformed),
            }
        };
        Some(query)
    }

    /// Reads the question and skips `records`; `None` if the bytes do not hold them.
    fn read(&mut self, reader: &mut Reader<'_>, records: usize) -> Option<Option<Outcome>> {
        let name = reader.name()?;
        let kind = reader.number()?;
        let class = reader.number()?;
        if records > MOST_RECORDS {
            return None;
        }
        for _ in 0..records {
            if let Some((version, is_do)) = reader.record()? {
                if self.opt.replace(is_do).is_some() {
                    return None;
                }
                if version != 0 {
                    return Some(Some(Outcome::BadVersion));
                }
            }
        }
        self.question = reader.bytes.get(HEADER..HEADER + name.1 + 4)?.to_vec();
        self.name = name.0;
        self.kind = match kind {
            1 | 255 => Kind::A,
            28 => Kind::Aaaa,
            12 => Kind::Ptr,
            251 | 252 => Kind::Zone,
            _ => Kind::Other,
        };
        Some((!CLASSES.contains(&class) || self.kind == Kind::Zone).then_some(Outcome::NotDone))
    }

    /// The answer's bytes. They never are more than 512.
    pub fn answer(&self, outcome: Outcome) -> Vec<u8> {
        match outcome {
            Outcome::A(address) => self.build(0, Some((1, &address.octets()))),
            Outcome::Aaaa(address) => self.build(0, Some((28, &address.octets()))),
            Outcome::Nothing | Outcome::BadVersion => {
                self.build(if outcome == Outcome::Nothing { 0 } else { 16 }, None)
            }
            Outcome::Malformed => self.build(1, None),
            Outcome::Failed => self.build(2, None),
            Outcome::NoName => self.build(3, None),
            Outcome::NotDone => self.build(4, None),
        }
    }

    /// The answer that an address has `name`; that it has none, if the name cannot be written.
    pub fn answer_name(&self, name: &str) -> Vec<u8> {
        match wire(name) {
            Some(name) => self.build(0, Some((12, &name))),
            None => self.build(3, None),
        }
    }

    fn build(&self, code: u16, record: Option<(u16, &[u8])>) -> Vec<u8> {
        let mut out = self.id.to_vec();
        // Opcode, RD and CD as asked; an answer; recursion is available.
        out.extend((0x8080 | self.flags & 0x7910 | code & 0xf).to_be_bytes());
        let has_question = u16::from(!self.question.is_empty());
        for count in [has_question, u16::from(record.is_some()), 0, u16::from(self.opt.is_some())] {
            out.extend(count.to_be_bytes());
        }
        out.extend(&self.question);
        if let Some((kind, data)) = record {
            // The question's name, by a pointer to it.
            out.extend([0xc0, 12]);
            out.extend(kind.to_be_bytes());
            out.extend(1_u16.to_be_bytes());
            out.extend(TTL.to_be_bytes());
            out.extend(u16::try_from(data.len()).unwrap_or_default().to_be_bytes());
            out.extend(data);
        }
        if let Some(is_do) = self.opt {
            out.push(0);
            out.extend(OPT.to_be_bytes());
            out.extend(u16::try_from(TAKES).unwrap_or(512).to_be_bytes());
            out.extend([u8::try_from(code >> 4).unwrap_or_default(), 0, u8::from(is_do) << 7, 0, 0, 0]);
        }
        out
    }
}

/// A name as bytes of a message.
fn wire(name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        out.push(length);
        out.extend(label.as_bytes());
    }
    out.push(0);
    (out.len() <= LONGEST_NAME).then_some(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.slice(N)?.try_into().ok()?;
        Some(bytes)
    }

    fn slice(&mut self, count: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    /// The question's name as text, and its length here. Nothing stands before it that a pointer could lead to.
    fn name(&mut self) -> Option<(String, usize)> {
        let start = self.at;
        let mut text = String::new();
        loop {
            let [length] = self.take()?;
            if length == 0 {
                break;
            }
            if length > 63 {
                return None;
            }
            if !text.is_empty() {
                text.push('.');
            }
            for &byte in self.slice(usize::from(length))? {
                if byte.is_ascii_graphic() && byte != b'.' && byte != b'\\' {
                    text.push(char::from(byte.to_ascii_lowercase()));
                } else {
                    text.push_str(&format!("\\{byte:03}"));
                }
            }
        }
        let length = self.at - start;
        (length <= LONGEST_NAME).then_some((text, length))
    }

    /// Skips a record; of an OPT record, its version and its DO bit.
    fn record(&mut self) -> Option<Option<(u8, bool)>> {
        let mut is_root = true;
        loop {
            let [length] = self.take()?;
            match length {
                0 => break,
                1..=63 => {
                    self.slice(usize::from(length))?;
                }
                0xc0.. => {
                    self.slice(1)?;
                    is_root = false;
                    break;
                }
                _ => return None,
            }
            is_root = false;
        }
        let kind = self.number()?;
        self.number()?;
        let [_, version, flags, _] = self.take()?;
        let length = self.number()?;
        self.slice(usize::from(length))?;
        Some((kind == OPT && is_root).then_some((version, flags & 0x80 != 0)))
    }
}
