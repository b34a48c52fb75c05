//! Event, trace and span ids: random, from a generator that each thread seeds once.

use std::cell::Cell;

use uuid::Builder;

use crate::platform;

/// SplitMix64 twice, side by side: two counters that share nothing but the moment of their seeding.
#[derive(Clone, Copy)]
struct Generator {
    states: [u64; 2],
    is_seeded: bool,
}

impl Generator {
    const UNSEEDED: Self = Self { states: [0; 2], is_seeded: false };

    /// Without randomness, as in a Worker's global scope, the clock has to do; the next id asks again.
    fn seed(&mut self) {
        let [low, high] = self.states;
        let seed = platform::entropy();
        self.is_seeded = seed.is_some();
        self.states = match seed {
            Some(seed) => [seed as u64, (seed >> 64) as u64],
            None => [low ^ platform::now(), high],
        };
    }

    fn next(&mut self) -> u128 {
        if !self.is_seeded {
            self.seed();
        }
        let [low, high] = self.states.each_mut().map(|state| {
            *state = state.wrapping_add(STEP);
            mix(*state)
        });
        u128::from(high) << 64 | u128::from(low)
    }
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
    static GENERATOR: Cell<Generator> = const { Cell::new(Generator::UNSEEDED) };
}

fn random() -> u128 {
    GENERATOR.with(|cell| {
        let mut generator = cell.get();
        let random = generator.next();
        cell.set(generator);
        random
    })
}

/// Any number, for jitter.
pub(crate) fn random_u64() -> u64 {
    random() as u64
}

pub(crate) fn event_id() -> String {
    let uuid = Builder::from_random_bytes(random().to_be_bytes()).into_uuid();
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

/// Never all zeros, which OpenTelemetry takes for no id.
pub(crate) fn trace_id() -> [u8; 16] {
    random().max(1).to_be_bytes()
}

/// Never all zeros, which OpenTelemetry takes for no id.
pub(crate) fn span_id() -> [u8; 8] {
    (random() as u64).max(1).to_be_bytes()
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
