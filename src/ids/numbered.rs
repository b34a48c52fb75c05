//! Ids of things that were numbered elsewhere: the same number gives the same id, in this thread and nowhere else.

use std::cell::Cell;

use super::{GENERATOR, STEP, mix, random};

thread_local! {
    static ORIGIN: Cell<Option<u128>> = const { Cell::new(None) };
}

/// Random, and settled as soon as there is randomness.
fn origin() -> u128 {
    ORIGIN.get().unwrap_or_else(|| {
        let origin = random();
        if GENERATOR.get().is_seeded {
            ORIGIN.set(Some(origin));
        }
        origin
    })
}

fn id(origin: u64, number: u64) -> u64 {
    mix(origin.wrapping_add(number.wrapping_mul(STEP)))
}

/// Never all zeros, which OpenTelemetry takes for no id.
pub(crate) fn trace(number: u64) -> [u8; 16] {
    let origin = origin();
    let (high, low) = (id((origin >> 64) as u64, number), id(!origin as u64, number));
    (u128::from(high) << 64 | u128::from(low)).max(1).to_be_bytes()
}

/// Never all zeros, which OpenTelemetry takes for no id.
pub(crate) fn span(number: u64) -> [u8; 8] {
    id(origin() as u64, number).max(1).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_number_has_ids_of_its_own_that_stay() {
        assert_eq!((1..1000).map(span).collect::<HashSet<_>>().len(), 999);
        assert_eq!((1..1000).map(trace).collect::<HashSet<_>>().len(), 999);
        assert_eq!(span(7), span(7));
        assert_eq!(trace(7), trace(7));
    }

    #[test]
    fn another_thread_makes_other_ids_of_the_same_numbers() {
        let there = std::thread::spawn(|| (span(7), trace(7))).join().unwrap();
        assert_ne!(there.0, span(7));
        assert_ne!(there.1, trace(7));
    }
}
