//! Hostile recordings: whatever stands in them, exports end, hold no raw escapes, and say what is wrong.

use super::*;

const FORMATS: [&str; 8] = ["cast", "cast2", "txt", "screen", "svg", "html", "movie", "png"];

fn exported(text: &[u8], format: &str) -> (Option<i32>, Vec<u8>, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hostile.cast");
    std::fs::write(&file, text).unwrap();
    let done = run(
        dir.path(),
        &["export", file.to_str().unwrap(), "-f", format, "--mask", "pii", "--font-size", "8"],
    );
    (done.status.code(), done.stdout, String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn escapes_in_titles_markers_and_output_stay_inside() {
    let hostile = "\\u001b]0;owned\\u0007\\u009b31m\\u202e\\u0000]]>--><script>\\ud800";
    // A lone half of a letter is read in events, and not in a header.
    let in_header = hostile.replace("\\ud800", "");
    let header = format!(
        "{{\"version\":2,\"width\":20,\"height\":5,\"title\":\"{in_header}\",\"command\":\"{in_header}\",\"env\":{{\"{}\":\"x\"}},\
         \"theme\":{{\"fg\":\"<\",\"bg\":\"{}\",\"palette\":\"\"}}}}",
        "\\u001bE", "\\u001b"
    );
    let body = format!(
        "{header}\n[0.1,\"o\",\"{hostile}\"]\n[0.2,\"m\",\"{hostile}\"]\n[0.3,\"r\",\"65535x65535\"]\n[0.4,\"o\",\"\\u001b[999999;999999Hx\"]\n\
         [0.5,\"r\",\"-1xNaN\"]\n[0.5,\"r\",\"1x1\"]\n[0.6,\"o\",\"世世\\u001b[\"]\n[1e17,\"o\",\"late\"]\n[0.7,\"\\u001b\",\"\"]\n[nonsense\n[0.8,\"x\",\"\\u001b\"]\n"
    );
    for format in FORMATS {
        let (status, out, said) = exported(body.as_bytes(), format);
        assert_eq!(status, Some(0), "{format}: {said}");
        assert!(
            said.contains("line of the recording could not be read") || said.contains("lines of"),
            "{format}: {said}"
        );
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{format}: {said:?}");
        if format == "png" {
            continue;
        }
        let shown = String::from_utf8(out).unwrap();
        let raw = shown.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r'));
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}') && raw.is_none(), "{format}: {raw:?}");
    }
}

#[test]
fn a_screen_that_is_too_large_for_a_picture_is_refused_with_advice() {
    let text = b"{\"version\":2,\"width\":60000,\"height\":60000}\n[0.1,\"o\",\"x\"]\n";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.cast");
    std::fs::write(&file, text).unwrap();
    let said = trouble(dir.path(), &["export", file.to_str().unwrap(), "-f", "png", "--font-size", "96"]);
    assert!(said.contains("too large") && said.contains("--font-size"), "{said}");
    let (status, page, said) = exported(text, "html");
    assert!(status == Some(0) && page.len() < 1 << 20, "{status:?} {} {said}", page.len());
}

#[test]
fn bytes_that_are_no_recording_never_crash() {
    let good = std::fs::read(fixture("v2.cast")).unwrap();
    for seed in 0..12_usize {
        let mut bytes = good.clone();
        for n in 0..20 {
            let at = (seed * 7_919 + n * 104_729) % bytes.len();
            bytes[at] = bytes[at].wrapping_mul(31).wrapping_add((seed + n) as u8);
        }
        let format = FORMATS[seed % FORMATS.len()];
        let (status, _, said) = exported(&bytes, format);
        assert!(matches!(status, Some(0 | 1)), "{seed} {format}: {status:?} {said}");
    }
}
