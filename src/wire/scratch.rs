//! A buffer to write in as long as the length is not known.

use std::cell::Cell;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A larger buffer is not kept.
const KEPT: usize = 64 * 1024;

/// What `write` writes into an empty buffer, in a buffer of just that size: it may wait for a while.
pub(crate) fn written(write: &mut dyn FnMut(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = SCRATCH.try_with(Cell::take).unwrap_or_default();
    write(&mut out);
    let written = out.as_slice().to_vec();
    if out.capacity() <= KEPT {
        out.clear();
        // A thread that ends has no scratch any more.
        let _ = SCRATCH.try_with(|scratch| scratch.set(out));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn each_use_begins_with_nothing_and_takes_no_more_room_than_it_needs() {
        for text in ["a longer text", "short"] {
            let inner = written(&mut |out| {
                out.extend_from_slice(text.as_bytes());
                assert_eq!(written(&mut |inner| inner.push(b'x')), b"x");
            });
            assert_eq!(inner, text.as_bytes());
            assert_eq!(inner.capacity(), inner.len());
        }
    }
}
