//! Time as the crate counts it: a moment is so many milliseconds after another one that is always the same.

use std::time::Duration;

pub(crate) type Millis = u64;

/// Rounded up, so that what is waited for has come. By hand: the standard library counts in `u128`, which is large on wasm.
pub(crate) fn millis(duration: Duration) -> Millis {
    duration.as_secs().saturating_mul(1_000).saturating_add(duration.subsec_nanos().div_ceil(1_000_000).into())
}
