//! Warnings to the developer, at most one of a kind in 30 seconds.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::platform;

const INTERVAL_MILLIS: u64 = 30_000;
const NEVER: u64 = 0;

/// What there is to warn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warning {
    ProjectId,
    WorkshopUrl,
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

impl Warning {
    const COUNT: usize = Warning::Lost as usize + 1;
}

#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    is_silent: bool,
    /// When each kind was last written.
    last: [AtomicU64; Warning::COUNT],
}

impl Diagnostics {
    /// For a client whose warnings somebody else writes.
    #[cfg(feature = "js")]
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    pub fn warn(&self, kind: Warning, message: fmt::Arguments<'_>) {
        if platform::WRITES_WARNINGS && !self.is_silent && self.is_due(kind) {
            platform::warn(message);
        }
    }

    fn is_due(&self, kind: Warning) -> bool {
        // One more than the clock shows, so that no moment is NEVER.
        let now = platform::monotonic().saturating_add(1);
        let Some(last) = self.last.get(kind as usize) else { return false };
        let before = last.load(Ordering::Relaxed);
        let due = before == NEVER || now.abs_diff(before) >= INTERVAL_MILLIS;
        due && last.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
