//! Names and values in base64: `DB_PASSWORD=x` in user data, in a manifest's field, behind `base64 -d`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

use super::alphabet::BASE64;
use super::benign;
use super::pairs::is_strong;
use super::runs::Run;
use super::view::Look;
use super::view::Place;
use super::view::View;

/// The most letters that are decoded after a name.
const LONGEST: usize = 160;
/// Words that names end with; the rule has them in base64, at each of the three places in a group.
const WORDS: &[&[u8]] = &[b"password", b"secret", b"token", b"api_key"];
/// Takes what can be read, wherever it was cut.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads on from the word, in whichever of the four places of a group it begins.
pub fn look(place: Place, view: View<'_>) -> Look {
    let run = view.before(place.start).iter().rev().take_while(|byte| BASE64.has(**byte)).count();
    let whole = place.start - run;
    let rest = view.slice(place.start, place.start + LONGEST);
    let letters = BASE64.span(rest);
    if letters == rest.len() && letters < LONGEST && !view.is_last() {
        return Look::hold(place.end, BASE64);
    }
    for shift in 0..4usize.min(run + 1) {
        let text = view.slice(place.start - shift, place.start + letters);
        let text = &text[..text.len() - usize::from(text.len() % 4 == 1)];
        let text = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
        let Ok(decoded) = LENIENT.decode(text) else { continue };
        if let Some(end) = value_end(&decoded) {
            let end = (place.start - shift + (end * 4).div_ceil(3)).min(place.start + letters);
            let end = end + view.slice(end, end + 2).iter().take_while(|byte| **byte == b'=').count();
            return match end >= place.start + LONGEST {
                true => Look::open(whole, place.end, end, Run::Letters(BASE64)),
                false => Look::closed(whole, place.end, end.max(place.end)),
            };
        }
    }
    Look::No
}

/// Where the value ends in `password=x`, with at most a few bytes before the word.
fn value_end(text: &[u8]) -> Option<usize> {
    let head = text[..text.len().min(12)].to_ascii_lowercase();
    let end = WORDS
        .iter()
        .find_map(|word| head.windows(word.len()).position(|part| part == *word).map(|at| at + word.len()))?;
    let gap = text[end..].iter().take_while(|byte| b"\"'=: \t\\".contains(byte)).count();
    if !text[end..end + gap].iter().any(|byte| b"=:".contains(byte)) {
        return None;
    }
    let start = end + gap;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"',;\\".contains(byte);
    let length = text[start..].iter().position(ends).unwrap_or(text.len() - start);
    let value = &text[start..start + length];
    let is_one = value.is_ascii()
        && value.len() >= 6
        && !benign::value(value, true)
        && (is_strong(value) || super::near::is_phrase(value));
    is_one.then_some(start + length)
}
