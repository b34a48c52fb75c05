//! Event, trace and span ids: random, from a generator that each thread seeds once.

use std::cell::Cell;

use uuid::Builder;

use crate::platform;

/// SplitMix64 twice, side by side: two counters that share nothing but the moment of their seeding.
#[derive(Clone, Copy)]
struct Generator {
    states: [u64; 2],
}

impl Generator {
    fn seeded() -> Self {
        let seed = platform::entropy();
        Self { states: [seed as u64, (seed >> 64) as u64] }
    }

    fn next(&mut self) -> u128 {
        let [low, high] = self.states.each_mut().map(|state| {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        });
        u128::from(high) << 64 | u128::from(low)
    }
}

thread_local! {
    /// Empty until the first id: a Worker's global scope has no randomness.
    static GENERATOR: Cell<Option<Generator>> = const { Cell::new(None) };
}

fn random() -> u128 {
    GENERATOR.with(|cell| {
        let mut generator = cell.get().unwrap_or_else(Generator::seeded);
        let random = generator.next();
        cell.set(Some(generator));
        random
    })
}

pub(crate) fn event_id() -> String {
    Builder::from_random_bytes(random().to_be_bytes()).into_uuid().to_string()
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
