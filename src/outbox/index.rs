//! Where the entry of an id is, in a list of entries. A table of the standard library would weigh five times as much on
//! wasm.

use crate::platform;

/// Positions by hash, in a table that is at most half full: collisions take the next free slot.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// A position and one, or 0 for a free slot. Their number is a power of two.
    slots: Vec<u32>,
}

impl Index {
    /// The position of `id`, if `is_at` says of one that it is there.
    pub fn find(&self, id: &str, is_at: impl Fn(usize) -> bool) -> Option<usize> {
        let mut slot = hash(id);
        loop {
            let position = position(*self.slots.get(self.wrapped(slot))?)?;
            if is_at(position) {
                return Some(position);
            }
            slot = slot.wrapping_add(1);
        }
    }

    /// Adds the position of `id`, which comes after all that are known.
    pub fn push<'a>(&mut self, id: &str, position: usize, id_at: impl Fn(usize) -> Option<&'a str>) {
        if self.slots.len() <= position.saturating_mul(2) {
            self.slots = vec![0; self.slots.len().saturating_mul(2).max(16)];
            for before in 0..position {
                self.place(id_at(before).unwrap_or_default(), before);
            }
        }
        self.place(id, position);
    }

    fn place(&mut self, id: &str, position: usize) {
        let mut slot = hash(id);
        while self.slots.get(self.wrapped(slot)).is_some_and(|taken| *taken > 0) {
            slot = slot.wrapping_add(1);
        }
        let slot = self.wrapped(slot);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = u32::try_from(position.saturating_add(1)).unwrap_or_default();
        }
    }

    fn wrapped(&self, slot: usize) -> usize {
        slot & self.slots.len().wrapping_sub(1)
    }
}

fn position(slot: u32) -> Option<usize> {
    usize::try_from(slot).ok()?.checked_sub(1)
}

/// By multiplication, whose upper bits depend on all of a word: they are folded into the lower ones.
fn hash(id: &str) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(FACTOR);
        product ^ (product >> 32)
    };
    let bytes = id.as_bytes();
    let (words, rest) = if platform::SPEED_OVER_SIZE { bytes.as_chunks() } else { (Default::default(), bytes) };
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let hash = rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)));
    // The last bytes of a word are in its upper bits, which one multiplication does not bring down to the lowest.
    mix(hash, 0) as usize
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn every_id_is_found_where_it_was_put_and_no_other() {
        let ids: Vec<String> = (0..5_000).map(|n| format!("evt_{n}")).collect();
        let mut index = Index::default();
        assert_eq!(index.find("evt_0", |_| true), None);
        for (position, id) in ids.iter().enumerate() {
            index.push(id, position, |position| ids.get(position).map(String::as_str));
        }
        for (position, id) in ids.iter().enumerate() {
            assert_eq!(index.find(id, |at| ids[at] == *id), Some(position));
        }
        assert_eq!(index.find("evt_5000", |at| ids[at] == "evt_5000"), None);
    }

    #[test]
    fn ids_that_differ_in_a_few_digits_do_not_crowd() {
        for width in [1, 8, 16] {
            let ids: Vec<String> = (0..8_000).map(|n| format!("{n:0width$}")).collect();
            let mut index = Index::default();
            for (position, id) in ids.iter().enumerate() {
                index.push(id, position, |position| ids.get(position).map(String::as_str));
            }
            let asked = Cell::new(0);
            for id in &ids {
                index.find(id, |at| {
                    asked.set(asked.get() + 1);
                    ids[at] == *id
                });
            }
            assert!(asked.get() < 2 * ids.len(), "{width}: {}", asked.get());
        }
    }
}
