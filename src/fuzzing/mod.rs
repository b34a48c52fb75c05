//! What the fuzz targets in `fuzz/` call: each takes any bytes, and panics when a promise is broken.
//!
//! No part of the API: it exists in tests and under `--cfg fuzzing` only.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod delivery;

use std::num::{NonZeroU64, NonZeroU128};

use serde_json::Value;

use crate::delivery::retry_after as header;
use crate::records::{Json, RecordKind, SpanIds};
use crate::wire::body::{Envelope, MAX_BODY};
use crate::wire::ids::ids as write_ids;
use crate::wire::{TextCap, compact, json};

pub use delivery::delivery;

const MARKER: &str = "...[truncated by raindrop]";
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Two bytes of length limit, then a text.
pub fn truncation(data: &[u8]) {
    let Some((cap, text)) = data.split_at_checked(2) else { return };
    let cap = usize::from(cap[0]) << 8 | usize::from(cap[1]);
    let text = String::from_utf8_lossy(text);
    let expected = truncated(&text, cap);

    let mut plain = Vec::new();
    json::text(&mut plain, &text, TextCap(cap));
    assert_eq!(read_back(&plain), Value::String(expected.clone()));

    // The same text as a value, where it is escaped before it is cut; keys are never cut.
    let nested = serde_json::json!([{ text.as_ref(): text }, 1.5, [text]]);
    let mut value = Vec::new();
    json::value(&mut value, &compact(&nested), TextCap(cap));
    assert_eq!(read_back(&value), serde_json::json!([{ text.as_ref(): expected }, 1.5, [expected]]));

    // And as JavaScript or a server may have escaped it.
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut cut = Vec::new();
    json::value(&mut cut, &Json::from_text(format!("\"{escaped}\"")), TextCap(cap));
    assert!(cut.starts_with(b"\"") && cut.ends_with(b"\""));
}

fn truncated(text: &str, cap: usize) -> String {
    if text.chars().count() <= cap {
        return text.to_owned();
    }
    match cap.checked_sub(MARKER.len()) {
        None | Some(0) => text.chars().take(cap).collect(),
        Some(kept) => text.chars().take(kept).chain(MARKER.chars()).collect(),
    }
}

fn read_back(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)))
}

/// A header, as a server may send it.
pub fn retry_after(data: &[u8]) {
    const NOW: u64 = 1_750_000_000 * 1_000_000_000;
    let text = String::from_utf8_lossy(data);
    let wait = header::parse(&text, NOW);
    if let Ok(seconds) = text.trim_ascii().parse::<u32>()
        && !text.contains('+')
    {
        assert_eq!(wait, Some(u64::from(seconds) * 1_000), "{text:?}");
    }
    let is_readable = text.bytes().any(|byte| byte.is_ascii_digit());
    assert!(wait.is_none() || is_readable, "{text:?} asks for {wait:?}");
    // A later clock never asks for a longer wait.
    assert!(header::parse(&text, NOW + 1) <= wait, "{text:?}");
}

/// The ids of a trace, of a span and of its parent, which a span without one has as zeros.
pub fn ids(data: &[u8]) {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(data).for_each(|(byte, given)| *byte = *given);
    let [start, end, span, parent] =
        [0, 8, 16, 24].map(|at| bytes[at..].first_chunk().map_or(0, |id| u64::from_be_bytes(*id)));
    let trace = NonZeroU128::new(u128::from(start) << 64 | u128::from(end)).unwrap_or(NonZeroU128::MIN);
    let (span, parent) = (NonZeroU64::new(span).unwrap_or(NonZeroU64::MIN), NonZeroU64::new(parent));
    let mut json = Vec::new();
    write_ids(&mut json, SpanIds { trace, span, parent });
    json.extend_from_slice(br#"="}"#);
    let ids = read_back(&json);
    assert_decodes(&ids["traceId"], trace.get().to_be_bytes());
    assert_decodes(&ids["spanId"], span.get().to_be_bytes());
    match parent {
        Some(parent) => assert_decodes(&ids["parentSpanId"], parent.get().to_be_bytes()),
        None => assert_eq!(ids.as_object().map(serde_json::Map::len), Some(2)),
    }
}

fn assert_decodes<const N: usize>(id: &Value, bytes: [u8; N]) {
    let text = id.as_str().unwrap_or_default();
    assert_eq!(text.len(), N.div_ceil(3) * 4);
    let digits = text.trim_end_matches('=');
    assert!(text.len() - digits.len() <= 2);
    let mut decoded = Vec::new();
    let (mut group, mut bits) = (0_u32, 0);
    for digit in digits.chars() {
        let Some(value) = ALPHABET.find(digit) else { panic!("{digit:?} is not a digit") };
        group = group << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push((group >> bits) as u8);
            group &= (1 << bits) - 1;
        }
    }
    assert_eq!((decoded.as_slice(), group), (bytes.as_slice(), 0));
}

/// One byte each for the kind of record and the batch size, then the lengths of records, three bytes each.
pub fn packing(data: &[u8]) {
    let Some((head, lengths)) = data.split_at_checked(2) else { return };
    let kind = RecordKind::KINDS[usize::from(head[0]) % RecordKind::KINDS.len()];
    let prefix = vec![b'['; usize::from(head[1])];
    let envelope = Envelope::of(kind, &prefix, head[1].into());
    let length = |bytes: &[u8; 3]| usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
    let lengths: Vec<usize> = lengths.as_chunks().0.iter().take(200).map(length).collect();

    let mut rest = lengths.as_slice();
    while !rest.is_empty() {
        let count = envelope.room(0, 0, rest.iter().copied());
        assert!((1..=rest.len()).contains(&count), "{count} of {} records", rest.len());
        let joined = |count: usize| count - 1 + rest[..count].iter().sum::<usize>();
        let size = |count: usize| envelope.around(&[]).len() + joined(count);
        assert!(count == 1 || size(count) <= MAX_BODY, "{count} records make {} bytes", size(count));
        let is_full = count == rest.len() || count == envelope.max_items() || size(count + 1) > MAX_BODY;
        assert!(is_full, "{count} records leave room for one more");
        // The same, one after the other.
        for items in 1..=count {
            let more = envelope.room(items, joined(items), rest[items..].iter().copied());
            assert_eq!(items + more, count.max(items), "{items} records are there already");
        }
        rest = &rest[count..];
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn each_seed(target: &str, check: fn(&[u8])) {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        let seeds: Vec<_> = fs::read_dir(seeds).unwrap().map(|seed| seed.unwrap().path()).collect();
        assert!(!seeds.is_empty());
        for seed in seeds {
            check(&fs::read(seed).unwrap());
        }
    }

    /// SplitMix64.
    fn any_bytes(seed: u64, count: usize) -> Vec<u8> {
        let mut state = seed;
        let next = std::iter::repeat_with(|| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).to_le_bytes()
        });
        next.flatten().take(count).collect()
    }

    #[test]
    fn any_order_of_calls_answers_cancellations_and_clock_jumps_keeps_the_books() {
        for seed in 0..1_000 {
            // Shown by the test runner only when the order breaks a promise.
            println!("seed {seed}");
            super::delivery(&any_bytes(seed, 1 + 2 * (seed as usize % 400)));
        }
    }

    #[test]
    fn the_seeds_of_the_fuzz_targets_break_no_promise() {
        each_seed("truncation", super::truncation);
        each_seed("retry_after", super::retry_after);
        each_seed("ids", super::ids);
        each_seed("packing", super::packing);
        each_seed("delivery", super::delivery);
    }
}
