//! Which text needs no escape inside a string of JSON: RFC 8259 §7.

/// How many leading bytes of UTF-8 need no escape.
#[inline]
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks();
    let mut plain = 0_usize;
    for word in words {
        let specials = specials(*word);
        if specials != 0 {
            return plain.wrapping_add((specials.trailing_zeros() / 8) as usize);
        }
        plain = plain.wrapping_add(8);
    }
    // What is left is looked at together with what is before it.
    if bytes.last_chunk().is_some_and(|last| specials(*last) == 0) {
        return bytes.len();
    }
    let is_plain = |byte: &&u8| !matches!(**byte, 0..=0x1f | b'"' | b'\\');
    plain.wrapping_add(tail.iter().take_while(is_plain).count())
}

/// Has the highest bit of the first byte set that needs an escape, and of none before it.
#[inline]
fn specials(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(bytes);
    // Borrows from each byte that is less than this, and maybe from those after it.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES.wrapping_mul(limit.into()));
    let flipped = |bits: u8| word ^ ONES.wrapping_mul(bits.into());
    // With one bit flipped, the quote comes right after the control characters.
    (below(flipped(b'"' ^ 0x20), 0x21) | below(flipped(b'\\'), 1)) & !word & HIGHS
}
