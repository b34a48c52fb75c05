//! Event, trace and span ids: random, from a generator that each thread seeds once.

use std::cell::Cell;
use std::num::{NonZeroU64, NonZeroU128};

use uuid::{Builder, Uuid};

use crate::platform;

/// SplitMix64 twice, side by side: two counters that share nothing but the moment of their seeding. In this order, processors
/// get at each as soon as it was stored; next to each other they would be read as one, which waits for both stores.
#[repr(C)]
struct Generator {
    low: Cell<u64>,
    is_seeded: Cell<bool>,
    high: Cell<u64>,
}

impl Generator {
    const fn unseeded() -> Self {
        Self { low: Cell::new(0), is_seeded: Cell::new(false), high: Cell::new(0) }
    }

    /// What can be predicted, as in a Worker's global scope, has to do for one id.
    #[cold]
    fn seed(&self) {
        let (seed, is_unpredictable) = platform::entropy();
        self.is_seeded.set(is_unpredictable);
        self.low.set(seed as u64);
        self.high.set((seed >> 64) as u64);
    }

    fn next(&self) -> u128 {
        if !self.is_seeded.get() {
            self.seed();
        }
        u128::from(step(&self.high)) << 64 | u128::from(step(&self.low))
    }
}

fn step(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(STEP));
    mix(state.get())
}

/// From one state of a SplitMix64 to the next.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What SplitMix64 makes of a state; no two states give the same.
fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

thread_local! {
    static GENERATOR: Generator = const { Generator::unseeded() };
}

fn random() -> u128 {
    GENERATOR.with(Generator::next)
}

/// Any number, for jitter.
pub(crate) fn random_u64() -> u64 {
    random() as u64
}

pub(crate) fn event_id() -> String {
    let uuid = Builder::from_random_bytes(random().to_be_bytes()).into_uuid();
    if platform::SPEED_OVER_SIZE {
        return uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned();
    }
    let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
    let mut id = Vec::with_capacity(36);
    for (at, byte) in uuid.as_bytes().iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            id.push(b'-');
        }
        id.extend([byte >> 4, byte & 0xf].map(digit));
    }
    String::from_utf8(id).unwrap_or_default()
}

/// OpenTelemetry takes all zeros for no id.
pub(crate) fn trace_id() -> NonZeroU128 {
    NonZeroU128::new(random()).unwrap_or(NonZeroU128::MIN)
}

/// OpenTelemetry takes all zeros for no id.
pub(crate) fn span_id() -> NonZeroU64 {
    NonZeroU64::new(random_u64()).unwrap_or(NonZeroU64::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat_on_any_thread() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..10_000).map(|_| (trace_id(), span_id())).collect::<Vec<_>>()))
            .collect();
        let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.iter().map(|(trace, _)| trace).collect::<HashSet<_>>().len(), ids.len());
        assert_eq!(ids.iter().map(|(_, span)| span).collect::<HashSet<_>>().len(), ids.len());
    }

    #[test]
    fn event_ids_are_version_4_uuids() {
        let id = uuid::Uuid::parse_str(&event_id()).unwrap();
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }
}
