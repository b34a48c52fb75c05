//! A buffer to write in as long as the length is not known.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A larger buffer is not kept.
const KEPT: usize = 64 * 1024;

/// A buffer that its thread uses again once it is dropped: what is to last is copied out.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        Self(SCRATCH.try_with(Cell::take).unwrap_or_default())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() <= KEPT {
            buffer.clear();
            // A thread that ends has no scratch any more.
            let _ = SCRATCH.try_with(|scratch| scratch.set(buffer));
        }
    }
}

impl Deref for Scratch {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    #[test]
    fn each_use_begins_with_nothing_even_inside_another() {
        for text in ["a longer text", "short"] {
            let mut outer = Scratch::new();
            outer.extend_from_slice(text.as_bytes());
            let mut inner = Scratch::new();
            inner.push(b'x');
            assert_eq!(*inner, b"x");
            drop(inner);
            assert_eq!(*outer, text.as_bytes());
        }
    }
}
