//! What follows an attempt. A pure function: it has no clock and does no I/O.

use crate::config::RetryPolicy;
use crate::millis::Millis;
use crate::outbox::DropReason;

/// The longest wait that a server can ask for.
pub(crate) const MAX_RETRY_AFTER: Millis = 30_000;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Status { status: u16, retry_after: Option<Millis> },
    NetworkError,
    TimedOut,
}

/// What to do with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Done,
    Wait(Millis),
    /// Send each half by itself.
    Split,
    /// Back to the buffer, for another flush.
    Requeue,
    Drop(DropReason),
}

impl RetryPolicy {
    /// `attempt` counts from 1, `items` is how many records the request holds, and `entropy` any number that differs from call
    /// to call.
    pub fn next(&self, attempt: u32, answer: Answer, items: usize, entropy: u64) -> Step {
        let asked = match answer {
            Answer::Status { status: 200..=299, .. } => return Step::Done,
            Answer::Status { status: 413, .. } if items > 1 => return Step::Split,
            Answer::Status { status: 413, .. } => return Step::Drop(DropReason::TooLarge),
            Answer::Status { status: 429 | 500..=599, retry_after } => retry_after,
            // workerd hands over an interim response (RFC 9110 §15.2) as if it were the last.
            Answer::Status { status: 100..=199, .. } | Answer::NetworkError | Answer::TimedOut => None,
            Answer::Status { .. } => return Step::Drop(DropReason::Rejected),
        };
        if attempt >= self.max_attempts {
            return Step::Requeue;
        }
        Step::Wait(self.backoff(attempt, entropy).max(asked.unwrap_or_default().min(MAX_RETRY_AFTER)))
    }

    /// Doubles with each attempt, up to 30 seconds or the base delay if that is more, with jitter around it.
    fn backoff(&self, attempt: u32, entropy: u64) -> Millis {
        let doublings = attempt.saturating_sub(1).min(31);
        let delay = self.base_delay.saturating_mul(1 << doublings).min(self.base_delay.max(MAX_RETRY_AFTER));
        let unit = (entropy >> 11) as f64 / (1_u64 << 53) as f64;
        let factor = 1.0 + self.jitter_fraction * (2.0 * unit - 1.0);
        (delay as f64 * factor) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { max_attempts: 3, base_delay: 1_000, jitter_fraction: 0.2 };
    const NO_JITTER: u64 = 1 << 63;

    fn answered(status: u16) -> Answer {
        Answer::Status { status, retry_after: None }
    }

    fn asked(status: u16, seconds: u64) -> Answer {
        Answer::Status { status, retry_after: Some(seconds * 1_000) }
    }

    fn next(attempt: u32, answer: Answer) -> Step {
        POLICY.next(attempt, answer, 1, NO_JITTER)
    }

    #[test]
    fn any_2xx_is_done() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(next(1, answered(status)), Step::Done);
            assert_eq!(next(3, answered(status)), Step::Done);
        }
    }

    #[test]
    fn network_errors_timeouts_429_5xx_and_answers_that_never_come_are_retried() {
        let retried = [
            Answer::NetworkError,
            Answer::TimedOut,
            answered(103),
            answered(429),
            answered(500),
            answered(503),
            answered(599),
        ];
        for answer in retried {
            assert_eq!(next(1, answer), Step::Wait(1_000), "{answer:?}");
            assert_eq!(next(2, answer), Step::Wait(2_000), "{answer:?}");
        }
    }

    #[test]
    fn every_other_status_is_dropped_at_once() {
        for status in [300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 410, 422, 426, 600] {
            assert_eq!(next(1, answered(status)), Step::Drop(DropReason::Rejected), "{status}");
        }
    }

    #[test]
    fn after_the_last_attempt_the_records_go_back() {
        assert_eq!(next(3, answered(500)), Step::Requeue);
        assert_eq!(next(3, Answer::NetworkError), Step::Requeue);
        let once = RetryPolicy { max_attempts: 1, ..POLICY };
        assert_eq!(once.next(1, Answer::TimedOut, 1, 0), Step::Requeue);
    }

    #[test]
    fn a_413_splits_a_batch_and_drops_a_single_record() {
        assert_eq!(POLICY.next(1, answered(413), 50, 0), Step::Split);
        assert_eq!(POLICY.next(3, answered(413), 2, 0), Step::Split);
        assert_eq!(POLICY.next(1, answered(413), 1, 0), Step::Drop(DropReason::TooLarge));
    }

    #[test]
    fn retry_after_is_a_minimum_clamped_to_30_seconds() {
        assert_eq!(next(1, asked(429, 7)), Step::Wait(7_000));
        assert_eq!(next(2, asked(503, 1)), Step::Wait(2_000));
        assert_eq!(next(1, asked(429, 86_400)), Step::Wait(30_000));
        assert_eq!(next(1, asked(429, 0)), Step::Wait(1_000));
    }

    #[test]
    fn jitter_stays_within_its_fraction() {
        for (entropy, least, most) in [(0, 799, 801), (NO_JITTER, 999, 1_001), (u64::MAX, 1_199, 1_201)] {
            let Step::Wait(wait) = POLICY.next(1, answered(500), 1, entropy) else { panic!("no wait") };
            assert!((least..most).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn a_long_row_of_attempts_waits_at_most_30_seconds_each() {
        let patient = RetryPolicy { max_attempts: u32::MAX, ..POLICY };
        let step = patient.next(1_000_000, answered(500), 1, NO_JITTER);
        assert_eq!(step, Step::Wait(30_000));
    }
}
