//! Warnings to the developer, at most one of a kind in 30 seconds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::platform;

const INTERVAL: Duration = Duration::from_secs(30);
const NEVER: u64 = 0;

/// What there is to warn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warning {
    ProjectId,
    UselessSpan,
    DeliveryFailed,
    Rejected,
    CloseDeadline,
    NotClosed,
    EmptyEvent,
    InvalidAttachment,
    NoRuntime,
    UnknownUser,
    Lost,
}

const KINDS: [Warning; 11] = [
    Warning::ProjectId,
    Warning::UselessSpan,
    Warning::DeliveryFailed,
    Warning::Rejected,
    Warning::CloseDeadline,
    Warning::NotClosed,
    Warning::EmptyEvent,
    Warning::InvalidAttachment,
    Warning::NoRuntime,
    Warning::UnknownUser,
    Warning::Lost,
];

/// When each kind was last written.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    last: [AtomicU64; KINDS.len()],
}

impl Diagnostics {
    pub fn warn(&self, kind: Warning, message: impl FnOnce() -> String) {
        // One more than the clock shows, so that no moment is NEVER.
        let now = u64::try_from(platform::monotonic().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let Some((_, last)) = KINDS.iter().zip(&self.last).find(|(known, _)| **known == kind) else { return };
        let before = last.load(Ordering::Relaxed);
        let due = before == NEVER || u128::from(now.abs_diff(before)) >= INTERVAL.as_millis();
        if due && last.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            platform::warn(&format!("raindrop: {}", message()));
        }
    }
}
