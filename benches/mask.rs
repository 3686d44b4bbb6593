//! How fast the mask is: `cargo bench --bench mask [-- MEBIBYTES] [known=N] [TEXT…] [FILE…]`. Prints MB/s of one thread for texts
//! made here or files of your own, and the time of the first push. `hostile`: texts that were made to be slow.
//!
//! With `once` each text goes through once and nothing is printed, for tools that count instructions
//! (`valgrind --tool=callgrind`), which a busy machine does not disturb.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints what the clock says")]

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use hoop::mask::BodyContext;
use hoop::mask::Direction;
use hoop::mask::Engine;
use nix::sys::resource::UsageWho;
use nix::sys::resource::getrusage;
use nix::sys::time::TimeVal;
use nix::sys::time::TimeValLike;

/// A small generator of numbers: the same texts in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 24] = [
            "request",
            "completed",
            "user",
            "session",
            "token",
            "cache",
            "miss",
            "GET",
            "POST",
            "/v1/orders",
            "timeout",
            "retry",
            "worker",
            "queue",
            "INFO",
            "WARN",
            "key",
            "connection",
            "closed",
            "bucket",
            "secret",
            "started",
            "handler",
            "payload",
        ];
        WORDS[self.roll(24) as usize]
    }
}

fn log(bytes: usize) -> Vec<u8> {
    let mut dice = Dice(88_172_645_463_325_252);
    let mut text = String::with_capacity(bytes + 256);
    while text.len() < bytes {
        let (hour, minute, second) = (dice.roll(24), dice.roll(60), dice.roll(60));
        text.push_str(&format!("2026-07-14T{hour:02}:{minute:02}:{second:02}.{:03}Z ", dice.roll(1000)));
        text.push_str(&format!("[worker-{}] ", dice.roll(16)));
        for _ in 0..4 + dice.roll(8) {
            text.push_str(dice.word());
            text.push(' ');
        }
        text.push_str(&format!(
            "id={:016x} status={} duration={}ms\n",
            dice.roll(u64::MAX),
            200 + dice.roll(300),
            dice.roll(900)
        ));
    }
    text.into_bytes()
}

fn coloured(bytes: usize) -> Vec<u8> {
    let mut dice = Dice(9);
    let mut text = String::with_capacity(bytes + 256);
    while text.len() < bytes {
        text.push_str(&format!("\x1b[{};{}m{}\x1b[0m ", dice.roll(2), 30 + dice.roll(8), dice.word()));
        if dice.roll(12) == 0 {
            text.push_str("\x1b[K\r\n");
        }
        if dice.roll(60) == 0 {
            text.push_str(&format!("\x1b[{};{}H", 1 + dice.roll(40), 1 + dice.roll(100)));
        }
    }
    text.into_bytes()
}

fn cjk(bytes: usize) -> Vec<u8> {
    let mut dice = Dice(5);
    let mut text = String::with_capacity(bytes + 256);
    while text.len() < bytes {
        text.extend((0..30).filter_map(|_| char::from_u32(0x4e00 + dice.roll(0x5000) as u32)));
        text.push('\n');
    }
    text.into_bytes()
}

fn secrets(bytes: usize) -> Vec<u8> {
    let mut dice = Dice(3);
    let mut text = String::with_capacity(bytes + 256);
    while text.len() < bytes {
        text.push_str("GITHUB_TOKEN=ghp_");
        text.extend((0..36).map(|_| char::from(b'a' + dice.roll(26) as u8)));
        text.push_str(&format!("\nDB_PASSWORD=Falcon{}!\n", dice.roll(100_000)));
    }
    text.into_bytes()
}

/// An answer with many short texts, as APIs give them.
fn json(bytes: usize) -> Vec<u8> {
    let mut dice = Dice(11);
    let mut text = String::with_capacity(bytes + 512);
    text.push_str("{\"Items\":[");
    while text.len() < bytes {
        let comma = if text.ends_with('[') { "" } else { "," };
        text.push_str(&format!(
            "{comma}{{\"Id\":\"i-{:016x}\",\"State\":{{\"Name\":\"running\",\"Code\":{}}},\"Arn\":\"arn:aws:ec2:eu-west-1:123456789012:instance/{:x}\",\"Path\":\"{}\",\"Note\":\"{} {} {}\",\"Tags\":[{{\"Key\":\"team\",\"Value\":\"{}\"}}]}}",
            dice.roll(u64::MAX),
            dice.roll(99),
            dice.roll(u64::MAX),
            dice.word(),
            dice.word(),
            dice.word(),
            dice.word(),
            dice.word()
        ));
    }
    text.push_str("]}");
    text.into_bytes()
}

/// Texts made to be slow: what begins each, and what is repeated. Each byte must cost about the same however many come.
const HOSTILE: &[(&str, &str, &str)] = &[
    ("overprinted by carriage returns", "", "token=abcdefgh\r"),
    ("a long line overprinted", "LINE", "\rpassword: x\x1b[200C!"),
    ("steps to the left", "", "x\x1b[D"),
    ("steps to the left in a long line", "LINE", "xy\x1b[D"),
    ("backspaces", "", "ab\x08"),
    ("backspaces alone", "LINE", "\x08"),
    ("columns put in", "x\x08", "\x1b[8192@"),
    ("columns put in anew", "", "xy\x08\x1b[8192@"),
    ("columns wiped", "LINE\x08", "\x1b[9000X"),
    ("erased to the end", "", "\x1b[K"),
    ("erased to the end of an edited line", "xx\x08", "\x1b[K"),
    ("cursor home", "", "\x1b[H"),
    ("cursor home and a letter", "", "\x1b[Hx"),
    ("one line", "", "x"),
    ("one line of words", "", "word "),
    ("one line of coloured words", "", "word \x1b[m"),
    ("one line of wide letters, coloured", "", "日 \x1b[m"),
    ("full rows", "", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"),
    ("names without values", "", "password "),
    ("names that wait", "", "password:\n"),
    ("names and blanks", "", "password  "),
    ("objects that wait", "", "\"password\":{"),
    ("columns of an insert", "insert into t (", "password,"),
    ("names of a table", "", "password,token,"),
    ("open quotes", "", "password=\"x\\"),
    ("tokens in tokens", "", "eyJabcdefghijkl.eyJ"),
    ("kubernetes", "", "kind: Secret\n"),
    ("users", "", "chpasswd <<"),
    ("rows of credentials", "", "CREDENTIALS\t"),
    ("keys", "", "-----BEGIN PRIVATE KEY-----\n"),
    ("key ids", "", "AKIAQ3EGSDFG7XK2PLMN "),
    ("addresses", "", "x://a:"),
    ("beginnings of known values", "", "Zq1-Falco"),
    ("titles", "", "\x1b]0;x"),
    ("the clipboard", "\x1b]52;c;", "QUtJQVEz"),
    ("secrets", "", "DB_PASSWORD=Falcon2019! "),
];

fn hostile(bytes: usize, begins: &str, unit: &str) -> Vec<u8> {
    let mut text = begins.replace("LINE", &"password=abcdef ".repeat(250));
    text.push_str(&unit.repeat(bytes / unit.len()));
    text.into_bytes()
}

/// Prints what a byte costs where few and where many come.
fn against_hostile(engine: &Arc<Engine>, mebibytes: usize) {
    let mut out = Vec::new();
    for (name, begins, unit) in HOSTILE {
        let mut cost = |bytes: usize| {
            let text = hostile(bytes, begins, unit);
            let [live, whole] = [0, 1].map(|way| {
                let before = spent();
                match way {
                    0 => pass(engine, &text, 64 * 1024, &mut out),
                    _ => drop(std::hint::black_box(engine.find(&text))),
                }
                (spent() - before).as_nanos() as f64 / text.len() as f64
            });
            (live, whole)
        };
        let (few, many) = (cost((mebibytes << 20) / 8), cost(mebibytes << 20));
        println!("{name:40} live {:7.1} {:7.1} ns a byte, whole {:7.1} {:7.1}", few.0, many.0, few.1, many.1);
    }
}

/// Sends a text through a stream to a terminal, in pieces of `chunk` bytes.
fn pass(engine: &Arc<Engine>, text: &[u8], chunk: usize, out: &mut Vec<u8>) {
    let mut stream = engine.stream();
    stream.resize(80);
    for piece in text.chunks(chunk) {
        out.clear();
        stream.push(piece, out);
    }
    stream.finish(out);
}

/// The processor time that this thread has used: other programs do not count.
fn spent() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("the system counts");
    let time =
        |time: TimeVal| Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or_default());
    time(usage.user_time()) + time(usage.system_time())
}

/// The best of many runs, in MB/s.
fn measure(bytes: usize, mut run: impl FnMut()) -> f64 {
    let best = (0..15).map(|_| {
        let start = spent();
        run();
        (spent() - start).as_secs_f64()
    });
    bytes as f64 / best.fold(f64::INFINITY, f64::min) / 1e6
}

/// An engine that knows `count` values.
fn knowing(count: usize) -> Arc<Engine> {
    let engine = Arc::new(Engine::builtin());
    for number in 0..count {
        engine.learn("secret", &format!("Zq{number}-Falcon-{}", number * 7919));
    }
    engine
}

/// What the command line asks for.
struct Asked {
    mebibytes: usize,
    once: bool,
    known: usize,
    texts: Vec<String>,
}

fn asked() -> Asked {
    let mut asked = Asked { mebibytes: 4, once: false, known: 100, texts: Vec::new() };
    for argument in std::env::args().skip(1).filter(|argument| argument != "--bench") {
        match (argument.parse(), argument.strip_prefix("known=").and_then(|count| count.parse().ok())) {
            (Ok(mebibytes), _) => asked.mebibytes = mebibytes,
            (_, Some(count)) => asked.known = count,
            _ if argument == "once" => asked.once = true,
            _ => asked.texts.push(argument),
        }
    }
    if asked.texts.is_empty() {
        asked.texts = ["log", "ansi", "cjk", "json", "secrets"].map(str::to_owned).to_vec();
    }
    asked
}

fn text(name: &str, bytes: usize) -> Vec<u8> {
    match name {
        "log" => log(bytes),
        "ansi" => coloured(bytes),
        "cjk" => cjk(bytes),
        "json" => json(bytes),
        "secrets" => secrets(bytes),
        path => std::fs::read(path).expect("a text or a file"),
    }
}

fn main() {
    const CHUNK: usize = 64 * 1024;
    let asked = asked();
    if asked.texts == ["hostile"] {
        return against_hostile(&knowing(asked.known), asked.mebibytes);
    }
    let texts = asked.texts.iter().map(|name| (name, text(name, asked.mebibytes << 20)));
    let mut out = Vec::new();
    if asked.once {
        let engine = knowing(asked.known);
        return texts.for_each(|(_, text)| pass(&engine, &text, CHUNK, &mut out));
    }
    let start = Instant::now();
    let engine = Arc::new(Engine::builtin());
    let built = start.elapsed();
    let mut stream = engine.stream();
    let start = Instant::now();
    stream.push(b"$ ", &mut out);
    println!("Engine::builtin {built:?}, first push of two bytes {:?}", start.elapsed());
    let start = Instant::now();
    let learnt = knowing(asked.known);
    println!("{} values learnt in {:?}", asked.known, start.elapsed());

    for (name, text) in texts {
        for chunk in [CHUNK, 4096] {
            let plain = measure(text.len(), || pass(&engine, &text, chunk, &mut out));
            let known = measure(text.len(), || pass(&learnt, &text, chunk, &mut out));
            println!(
                "{name:8} {chunk:6} bytes a push: {plain:6.0} MB/s, with {} known values {known:6.0} MB/s",
                asked.known
            );
        }
        if name == "json" {
            let what = BodyContext {
                service: "ec2",
                operation: "DescribeInstances",
                action: "ec2:DescribeInstances",
                content_type: "application/json",
                direction: Direction::Response,
            };
            let body = |engine: &Engine| {
                let masked = engine.body(&what, &text).expect("a body that can be read");
                std::hint::black_box(masked);
            };
            let plain = measure(text.len(), || body(&engine));
            let known = measure(text.len(), || body(&learnt));
            println!(
                "body, by its structure: {plain:6.0} MB/s, with {} known values {known:6.0} MB/s",
                asked.known
            );
        }
    }
}
