//! How fast the mask is: `cargo bench --bench mask [-- MEBIBYTES]`. Prints MB/s of one thread for texts made here, and
//! the time of the first push.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints what the clock says")]

use std::sync::Arc;
use std::time::Instant;

use hoop::mask::Engine;

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

/// The best of many runs, in MB/s.
fn measure(engine: &Arc<Engine>, text: &[u8], chunk: usize) -> f64 {
    let mut out = Vec::with_capacity(chunk * 2);
    let best = (0..15).map(|_| {
        let mut stream = engine.stream();
        let start = Instant::now();
        for piece in text.chunks(chunk) {
            out.clear();
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        start.elapsed().as_secs_f64()
    });
    text.len() as f64 / best.fold(f64::INFINITY, f64::min) / 1e6
}

fn main() {
    let mebibytes = std::env::args().find_map(|argument| argument.parse::<usize>().ok()).unwrap_or(4);
    let start = Instant::now();
    let engine = Arc::new(Engine::builtin());
    let built = start.elapsed();
    let mut out = Vec::new();
    let mut stream = engine.stream();
    let start = Instant::now();
    stream.push(b"$ ", &mut out);
    println!("Engine::builtin {built:?}, first push of two bytes {:?}", start.elapsed());

    let learnt = Arc::new(Engine::builtin());
    for number in 0..100 {
        learnt.learn("secret", &format!("Zq{number}-Falcon-{}", number * 7919));
    }
    let bytes = mebibytes << 20;
    for (name, text) in
        [("log", log(bytes)), ("ansi", coloured(bytes)), ("cjk", cjk(bytes)), ("secrets", secrets(bytes))]
    {
        for chunk in [64 * 1024, 4096] {
            let (plain, known) = (measure(&engine, &text, chunk), measure(&learnt, &text, chunk));
            println!(
                "{name:8} {chunk:6} bytes a push: {plain:6.0} MB/s, with 100 known values {known:6.0} MB/s"
            );
        }
    }
}
