//! The ids of a span as the backend takes them in JSON: standard base64 with padding (RFC 4648 §4).
//!
//! Base64 of an id is of one length, so the text is there at once and the symbols are put into it. They are made sixteen at a
//! time and put there so, because to move any number takes a call; those behind an id's own are written over or cut off.

use std::num::NonZeroU64;

use crate::records::SpanIds;

/// Sixteen symbols at a time.
type Vector = [u8; 16];
const TRACE_AND_SPAN: &[u8; 64] = br#"{"traceId":"0123456789012345678901==","spanId":"0123456789012345"#;
/// How many symbols of a vector a span id leaves over.
const SURPLUS: usize = size_of::<Vector>() - 11;

/// Writes the beginning of a span, its ids, up to the padding of the last one.
pub(crate) fn ids(out: &mut Vec<u8>, ids: SpanIds) {
    let [trace_start, trace_end, span] = symbols(ids.trace.get(), ids.span);
    out.extend_from_slice(TRACE_AND_SPAN);
    if let Some(text) = out.last_chunk_mut::<{ TRACE_AND_SPAN.len() }>() {
        text[12..28].copy_from_slice(&trace_start);
        text[28..44].copy_from_slice(&trace_end);
        text[34..48].copy_from_slice(br#"==","spanId":""#);
        text[48..].copy_from_slice(&span);
    }
    out.truncate(out.len().wrapping_sub(SURPLUS));
    if let Some(parent) = ids.parent {
        let [.., parent] = symbols(0, parent);
        out.extend_from_slice(br#"=","parentSpanId":""#);
        out.extend_from_slice(&parent);
        out.truncate(out.len().wrapping_sub(SURPLUS));
    }
}

/// Those of a trace id in two vectors, then those of a span id. All in one loop: of a shorter one, the compiler makes no
/// vectors.
fn symbols(trace: u128, span: NonZeroU64) -> [Vector; 3] {
    let span = span.get();
    let groups = [(trace >> 80) as u64, (trace >> 32) as u64, (trace as u64) << 16, 0, span >> 16, span << 32];
    let mut symbols = [[0; 16]; 3];
    for (place, group) in symbols.as_flattened_mut().as_chunks_mut().0.iter_mut().zip(groups) {
        *place = sextets(group).to_be_bytes();
    }
    for symbol in symbols.as_flattened_mut() {
        *symbol = symbol_of(*symbol);
    }
    symbols
}

/// The low 48 bits, six in each byte.
fn sextets(bits: u64) -> u64 {
    let bits = (bits << 8) & 0x00ff_ffff_0000_0000 | bits & 0x00ff_ffff;
    let bits = (bits << 4) & 0x0fff_0000_0fff_0000 | bits & 0x0000_0fff_0000_0fff;
    (bits << 2) & 0x3f00_3f00_3f00_3f00 | bits & 0x003f_003f_003f_003f
}

/// Without a table and without a branch, so that the compiler makes sixteen at a time.
fn symbol_of(sextet: u8) -> u8 {
    let from = |first: u8, step: u8| if sextet < first { 0 } else { step };
    let to_lower = from(26, b'a' - b'Z' - 1);
    let to_digits = from(52, b'z' - b'0' + 1);
    let to_plus = from(62, b'9' - b'+' + 1);
    let to_slash = from(63, b'/' - b'+' - 1);
    sextet
        .wrapping_add(b'A')
        .wrapping_add(to_lower)
        .wrapping_sub(to_digits)
        .wrapping_sub(to_plus)
        .wrapping_add(to_slash)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU128;

    use super::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn written(trace: u128, span: u64, parent: Option<u64>) -> String {
        let [span, parent] = [Some(span), parent].map(|id| id.and_then(NonZeroU64::new));
        let mut out = b",".to_vec();
        ids(&mut out, SpanIds { trace: NonZeroU128::new(trace).unwrap(), span: span.unwrap(), parent });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_sextet_is_its_symbol_wherever_it_stands() {
        for (sextet, symbol) in (0_u128..).zip(ALPHABET) {
            for place in 0..21 {
                let [start, end, _] = symbols(sextet << (122 - 6 * place), NonZeroU64::MIN);
                let text = [start, end].as_flattened()[..22].to_vec();
                let others = text.iter().filter(|other| **other == b'A').count();
                assert_eq!((text[place], others), (*symbol, if sextet == 0 { 22 } else { 21 }));
            }
        }
    }

    #[test]
    fn ids_end_like_the_test_vectors_of_rfc_4648() {
        let trace = u128::from_be_bytes(*b"foobarfoobarfooc");
        let [span, parent] = [b"foobarfo", b"obarfoba"].map(|bytes| u64::from_be_bytes(*bytes));
        assert_eq!(written(trace, span, None), r#",{"traceId":"Zm9vYmFyZm9vYmFyZm9vYw==","spanId":"Zm9vYmFyZm8"#);
        assert_eq!(
            written(trace, span, Some(parent)),
            r#",{"traceId":"Zm9vYmFyZm9vYmFyZm9vYw==","spanId":"Zm9vYmFyZm8=","parentSpanId":"b2JhcmZvYmE"#
        );
    }
}
