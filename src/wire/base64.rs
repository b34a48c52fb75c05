//! Trace and span ids as the backend takes them in JSON: standard base64 with padding (RFC 4648 §4).

use std::num::{NonZeroU64, NonZeroU128};

/// More than an id has: a shorter loop is unrolled by the compiler before it looks for vectors.
const SYMBOLS: usize = 32;

#[inline]
pub(crate) fn trace_id(out: &mut Vec<u8>, id: NonZeroU128) {
    encode(out, id.get(), 22, b"==");
}

#[inline]
pub(crate) fn span_id(out: &mut Vec<u8>, id: NonZeroU64) {
    encode(out, u128::from(id.get()) << u64::BITS, 11, b"=");
}

/// The first `count` symbols of a number, and what makes their number a multiple of four.
#[inline]
fn encode(out: &mut Vec<u8>, number: u128, count: usize, padding: &[u8]) {
    let end = out.len().wrapping_add(count);
    // To copy all takes a few moves, to copy any number a call.
    out.extend_from_slice(&symbols(number));
    out.truncate(end);
    out.extend_from_slice(padding);
}

/// Those of the number come first.
fn symbols(number: u128) -> [u8; SYMBOLS] {
    let mut text = [0; SYMBOLS];
    let groups = [number >> 80, number >> 32, number << 16];
    for (place, group) in text.as_chunks_mut().0.iter_mut().zip(groups) {
        *place = sextets(group as u64).to_be_bytes();
    }
    for symbol in &mut text {
        *symbol = symbol_of(*symbol);
    }
    text
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
    use super::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    #[test]
    fn each_sextet_is_its_symbol_wherever_it_stands() {
        for (sextet, symbol) in (0_u128..).zip(ALPHABET) {
            for place in 0..21 {
                let text = symbols(sextet << (122 - 6 * place));
                let others = text.iter().take(22).filter(|other| **other == b'A').count();
                assert_eq!((text[place], others), (*symbol, if sextet == 0 { 22 } else { 21 }));
            }
        }
    }

    #[test]
    fn ids_end_like_the_test_vectors_of_rfc_4648() {
        let encoded = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = b"id=".to_vec();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        let trace = u128::from_be_bytes(*b"foobarfoobarfooc").try_into().unwrap();
        assert_eq!(encoded(&|out| trace_id(out, trace)), "id=Zm9vYmFyZm9vYmFyZm9vYw==");
        let span = u64::from_be_bytes(*b"foobarfo").try_into().unwrap();
        assert_eq!(encoded(&|out| span_id(out, span)), "id=Zm9vYmFyZm8=");
    }
}
