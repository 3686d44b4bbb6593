//! What a model says, as it says it: a text cut into events of JSON wherever the model happened to be, masked as the one
//! text that it is.
//!
//! Each content block is a text of its own. What may begin a secret waits for the block's next event and stands in front
//! of it then; at the block's end it leaves in an event of its own. Everything else stays where it came, byte for byte.
//! A secret becomes as many stars as it had bytes. Signatures and redacted content are no texts and are left alone:
//! they must come back to the model as they were.
//!
//! Sources: `ConverseStream` and `InvokeModelWithResponseStream` of Bedrock's API reference; the events of the models'
//! own formats (Anthropic, Nova, Titan, Llama, Mistral, Cohere, OpenAI) as their vendors document them.

use std::sync::Arc;

use super::Engine;
use super::Masks;
use super::Stream;
use super::pieces;
use super::pieces::Event;
use super::pieces::Piece;

/// Texts that may be open at a time: no model has nearly as many blocks. With more, all end.
const MOST_OPEN: usize = 64;

/// The open texts of one stream of events.
#[derive(Debug)]
pub struct Deltas {
    engine: Arc<Engine>,
    open: Vec<Open>,
}

/// One text.
#[derive(Debug)]
struct Open {
    path: String,
    index: String,
    stream: Stream,
    /// The beginning of a character whose rest is kept back.
    cut: Vec<u8>,
    /// The last event that carried it.
    headers: Vec<u8>,
    payload: Vec<u8>,
}

/// An event made anew: its headers and its payload.
pub type Made = (Vec<u8>, Vec<u8>);

/// What became of an event.
#[derive(Debug, Default)]
pub struct Taken {
    /// Events that go before it: the ends of texts.
    pub before: Vec<Made>,
    /// Its new payload; `None`: as it was.
    pub payload: Option<Vec<u8>>,
}

impl Deltas {
    /// For the answer to a call of `service`, in botocore's words; `None`: it is no model's.
    pub fn new(engine: &Arc<Engine>, service: &str) -> Option<Self> {
        service.starts_with("bedrock").then(|| Self { engine: Arc::clone(engine), open: Vec::new() })
    }

    /// Takes the event called `kind`; adds to `masks` what it hides.
    pub fn take(&mut self, kind: &str, headers: &[u8], payload: &[u8], masks: &mut Masks) -> Taken {
        let mut taken = Taken::default();
        let is_piece = pieces::is_piece(kind);
        if !is_piece && !pieces::is_end(kind) {
            return taken;
        }
        let Some(event) = Event::read(payload) else { return taken };
        if event.said.ends || !is_piece {
            taken.before = self.end(event.said.index.as_deref(), masks);
        }
        if !is_piece {
            return taken;
        }
        let shown: Vec<String> =
            event.pieces.iter().map(|piece| self.push(piece, event.said.last, masks)).collect();
        taken.payload = event.with(shown);
        for piece in &event.pieces {
            if let Some(open) = self.open.iter_mut().find(|open| open.is(piece)) {
                open.headers = headers.to_vec();
                open.payload = payload.to_vec();
            }
        }
        taken
    }

    /// The stream of events has ended: what was kept back leaves.
    pub fn finish(&mut self, masks: &mut Masks) -> Vec<Made> {
        self.end(None, masks)
    }

    /// What of a piece, and of what was kept back before it, can be shown.
    fn push(&mut self, piece: &Piece, is_last: bool, masks: &mut Masks) -> String {
        let found = self.open.iter().position(|open| open.is(piece));
        let at = found.unwrap_or_else(|| {
            self.open.push(Open {
                path: piece.path.clone(),
                index: piece.index.clone(),
                stream: self.engine.stream(),
                cut: Vec::new(),
                headers: Vec::new(),
                payload: Vec::new(),
            });
            self.open.len() - 1
        });
        let open = &mut self.open[at];
        let mut shown = std::mem::take(&mut open.cut);
        open.stream.push(piece.text.as_bytes(), &mut shown);
        let is_over = is_last || at >= MOST_OPEN;
        if is_over {
            open.stream.finish(&mut shown);
        } else {
            let whole = whole_characters(&shown);
            open.cut = shown.split_off(whole);
        }
        masks.merge(open.stream.take_masks());
        if is_over {
            self.open.remove(at);
        }
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Ends the texts of a block, or all of them.
    fn end(&mut self, index: Option<&str>, masks: &mut Masks) -> Vec<Made> {
        let mut made = Vec::new();
        let (ending, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| index.is_none_or(|i| i == open.index));
        self.open = open;
        let ending: Vec<Open> = ending;
        for mut open in ending {
            let mut shown = std::mem::take(&mut open.cut);
            open.stream.finish(&mut shown);
            masks.merge(open.stream.take_masks());
            if !shown.is_empty() {
                let payload = open.with(&String::from_utf8_lossy(&shown));
                made.push((open.headers, payload));
            }
        }
        made
    }
}

impl Open {
    fn is(&self, piece: &Piece) -> bool {
        self.path == piece.path && self.index == piece.index
    }

    /// The last event that carried this text, with `shown` as its piece. Other pieces in it are empty: they have left.
    fn with(&self, shown: &str) -> Vec<u8> {
        let text = |piece: &Piece| if self.is(piece) { shown.to_owned() } else { String::new() };
        let made = Event::read(&self.payload).and_then(|event| event.with(event.pieces.iter().map(text)));
        made.unwrap_or_else(|| self.payload.clone())
    }
}

/// How many bytes of `text` are whole characters; of what is no text at all, all of them.
fn whole_characters(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Err(wrong) if wrong.error_len().is_none() => wrong.valid_up_to(),
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    const KEY: &str = "AKIAQ3EGSDFG7XK2PLMN";
    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    fn deltas() -> (Deltas, Masks) {
        let engine = Arc::new(Engine::builtin());
        (Deltas::new(&engine, "bedrock-runtime").unwrap(), Masks::default())
    }

    /// All events that come out, by their payloads.
    fn through(events: &[(&str, Value)]) -> Vec<Value> {
        let (mut deltas, mut masks) = deltas();
        let mut out: Vec<Vec<u8>> = Vec::new();
        for (kind, event) in events {
            let payload = event.to_string().into_bytes();
            let taken = deltas.take(kind, b"h", &payload, &mut masks);
            out.extend(taken.before.into_iter().map(|(headers, payload)| {
                assert_eq!(headers, b"h");
                payload
            }));
            out.push(taken.payload.unwrap_or(payload));
        }
        out.extend(deltas.finish(&mut masks).into_iter().map(|(_, payload)| payload));
        out.iter().map(|payload| serde_json::from_slice(payload).unwrap()).collect()
    }

    fn delta(index: u32, text: &str) -> (&'static str, Value) {
        ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": {"text": text}, "p": "abc"}))
    }

    fn texts(events: &[Value], index: u32) -> String {
        let of = events.iter().filter(|event| event["contentBlockIndex"] == index);
        of.filter_map(|event| event["delta"]["text"].as_str()).collect()
    }

    #[test]
    fn a_secret_over_many_deltas_is_hidden_and_its_block_stays_whole() {
        for step in [1, 3, 7, 500] {
            let said = format!("Your key is {KEY}, and the token {TOKEN}. Café ☕ done.");
            let letters: Vec<char> = said.chars().collect();
            let mut events: Vec<_> =
                letters.chunks(step).map(|part| delta(0, &part.iter().collect::<String>())).collect();
            events.push(("contentBlockStop", json!({"contentBlockIndex": 0})));
            let out = through(&events);
            assert_eq!(out.len(), events.len(), "no event more than came");
            let text = texts(&out, 0);
            assert!(!text.contains(&KEY[4..]) && !text.contains(&TOKEN[4..]), "{step}: {text}");
            assert!(text.starts_with("Your key is ") && text.ends_with(". Café ☕ done."), "{text}");
            assert_eq!(text.len(), said.len());
        }
    }

    #[test]
    fn what_is_no_secret_passes_untouched() {
        let (mut deltas, mut masks) = deltas();
        for text in ["Hel", "lo ", "wörld: set the ", "password", " in your vault", "\n", "{\"a\": 1}"] {
            let (kind, event) = delta(0, text);
            let taken = deltas.take(kind, b"", event.to_string().as_bytes(), &mut masks);
            assert!(taken.payload.is_none() && taken.before.is_empty(), "{text}");
        }
        let (_, event) = delta(0, "x");
        let signature = json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": TOKEN}}});
        for (kind, event) in [("metadata", event), ("contentBlockDelta", signature)] {
            let taken = deltas.take(kind, b"", event.to_string().as_bytes(), &mut masks);
            assert!(taken.payload.is_none(), "{event}");
        }
        assert!(deltas.finish(&mut masks).is_empty() && masks.is_empty());
    }

    #[test]
    fn blocks_are_texts_of_their_own() {
        let (head, tail) = KEY.split_at(11);
        let events = [
            delta(0, head),
            delta(1, "one"),
            delta(1, &tail[..1]),
            delta(0, tail),
            ("contentBlockStop", json!({"contentBlockIndex": 1})),
            ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ];
        let out = through(&events);
        assert_eq!(texts(&out, 1), format!("one{}", &tail[..1]));
        let text = texts(&out, 0);
        assert!(
            text.len() == KEY.len() && !text.contains(&KEY[4..8]) && !text.contains(&tail[..4]),
            "{text}"
        );
    }

    #[test]
    fn what_was_kept_back_leaves_before_the_block_ends() {
        let events = [delta(2, "begin AKIAQ3EG"), ("contentBlockStop", json!({"contentBlockIndex": 2}))];
        let out = through(&events);
        assert_eq!(texts(&out, 2), "begin AKIAQ3EG", "the beginning of a key is none");
        assert_eq!(out.last().unwrap(), &json!({"contentBlockIndex": 2}), "the stop comes last");
        // The stream breaks off: nothing is lost.
        assert_eq!(texts(&through(&events[..1]), 2), "begin AKIAQ3EG");
    }

    #[test]
    fn the_arguments_of_a_tool_are_one_text() {
        let piece = |input: &str| {
            ("contentBlockDelta", json!({"contentBlockIndex": 1, "delta": {"toolUse": {"input": input}}}))
        };
        let events = [piece("{\"password\": \"Fal"), piece("con20"), piece("19!\", \"n\": 1}")];
        let out = through(&events);
        let input: String =
            out.iter().map(|event| event["delta"]["toolUse"]["input"].as_str().unwrap()).collect();
        let value: Value = serde_json::from_str(&input).unwrap();
        assert_eq!(
            (&value["n"], value["password"].as_str().unwrap().contains("Fal")),
            (&json!(1), false),
            "{input}"
        );
    }

    fn chunk(inner: &Value) -> (&'static str, Value) {
        ("chunk", json!({"bytes": STANDARD.encode(inner.to_string()), "p": "ab"}))
    }

    fn inner(event: &Value) -> Value {
        serde_json::from_slice(&STANDARD.decode(event["bytes"].as_str().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_models_own_formats_are_read_inside_their_chunks() {
        let (head, tail) = TOKEN.split_at(19);
        let anthropic = |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
        let llama = |text: &str, stop: Value| json!({"generation": text, "stop_reason": stop});
        let openai = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        let nova =
            |text: &str| json!({"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}});
        let stop = json!({"type": "content_block_stop", "index": 0});
        for events in [
            vec![anthropic(head), anthropic(tail), anthropic(" end"), stop.clone()],
            vec![llama(head, Value::Null), llama(tail, Value::Null), llama(" end", json!("stop"))],
            vec![openai(head), openai(tail), openai(" end")],
            vec![nova(head), nova(tail), nova(" end")],
            vec![json!({"outputText": head}), json!({"outputText": tail}), json!({"outputText": " end"})],
            vec![json!({"outputs": [{"text": head}]}), json!({"outputs": [{"text": tail}]})],
        ] {
            let chunks: Vec<_> = events.iter().map(chunk).collect();
            let out: Vec<Value> = through(&chunks).iter().map(inner).collect();
            let text = Value::from(out.clone()).to_string();
            assert!(!text.contains(&TOKEN[6..16]) && !text.contains(&tail[..10]), "{text}");
            assert!(text.contains("****") && out.len() == events.len(), "{text}");
        }
        // A key that ends with the last event, which says so: nothing is added behind it.
        let out = through(&[chunk(&llama("AKIAQ3EG", Value::Null)), chunk(&llama("SD", json!("length")))]);
        assert_eq!(out.len(), 2);
        assert_eq!(inner(&out[1])["stop_reason"], "length");
        // An agent's chunks are the text itself.
        let agent = |text: &str| ("chunk", json!({"bytes": STANDARD.encode(text)}));
        let out = through(&[agent(&format!("it is {head}")), agent(tail), agent(" end")]);
        let text: Vec<u8> =
            out.iter().flat_map(|event| STANDARD.decode(event["bytes"].as_str().unwrap()).unwrap()).collect();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("it is ghp_***") && text.ends_with("* end"), "{text}");
        // What is no text passes.
        let picture = ("chunk", json!({"bytes": STANDARD.encode([0xff, 0xfe, 0, 1])}));
        assert_eq!(through(std::slice::from_ref(&picture)), [picture.1]);
    }

    proptest::proptest! {
        #[test]
        fn any_payload_is_safe(payload: Vec<u8>, text: String, kind in 0..3_usize) {
            let (mut deltas, mut masks) = deltas();
            let kind = ["contentBlockDelta", "chunk", "contentBlockStop"][kind];
            deltas.take(kind, b"", &payload, &mut masks);
            let (_, event) = delta(0, &text);
            let event = event.to_string();
            let taken = deltas.take("contentBlockDelta", b"", event.as_bytes(), &mut masks);
            let shown = taken.payload.unwrap_or_else(|| event.into_bytes());
            proptest::prop_assert!(serde_json::from_slice::<Value>(&shown).is_ok());
            deltas.finish(&mut masks);
        }
    }
}
