//! Bodies that AWS gives compressed, opened so that they can be masked.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;
use http::HeaderMap;

use crate::gateway::headers;

/// The codings of a body, `gzip` or `gzip, zstd`, the first applied first; none: it is as it is.
pub fn codings(of: &HeaderMap) -> Vec<String> {
    let all = of.get_all("content-encoding").iter();
    let named = all.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    named
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity" | "aws-chunked"))
        .collect()
}

/// Takes the codings off. `None`: one of them is unknown, it is broken, or more than `most` bytes come out.
pub fn decoded(body: &[u8], codings: &[String], most: usize) -> Option<Vec<u8>> {
    let mut bytes = body.to_vec();
    // A header with a hundred codings is an attack.
    if codings.len() > 3 {
        return None;
    }
    for coding in codings.iter().rev() {
        bytes = match coding.as_str() {
            "gzip" | "x-gzip" => bounded(MultiGzDecoder::new(&bytes[..]), most),
            "deflate" => bounded(ZlibDecoder::new(&bytes[..]), most),
            "zstd" => bounded(zstd::stream::read::Decoder::new(&bytes[..]).ok()?, most),
            _ => None,
        }?;
    }
    Some(bytes)
}

fn bounded(from: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= most).then_some(bytes)
}

/// The body goes out without its codings.
pub fn strip(headers: &mut HeaderMap) {
    headers.remove("content-encoding");
}

/// The length that a body is announced with.
pub fn length(of: &HeaderMap) -> Option<usize> {
    headers::text(of, "content-length").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;

    use super::*;

    #[test]
    fn codings_are_taken_off_within_bounds() {
        let text = b"password=x ".repeat(1000);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        let zlib = zlib.finish().unwrap();
        let zstd = zstd::encode_all(&gzip[..], 1).unwrap();
        let of = |body: &[u8], codings: &str, most| {
            let mut headers = HeaderMap::new();
            headers.insert("content-encoding", codings.parse().unwrap());
            decoded(body, &super::codings(&headers), most)
        };
        assert_eq!(of(&gzip, "GZIP", 20_000).as_deref(), Some(&text[..]));
        assert_eq!(of(&zlib, "deflate", 20_000).as_deref(), Some(&text[..]));
        assert_eq!(of(&zstd, "gzip, aws-chunked, zstd", 20_000).as_deref(), Some(&text[..]));
        assert_eq!(of(&gzip, "gzip", 10_000), None);
        assert_eq!(of(&gzip[..20], "gzip", 20_000), None);
        assert_eq!(of(&gzip, "br", 20_000), None);
        assert_eq!(of(b"x", "", 1).as_deref(), Some(&b"x"[..]));
    }
}
