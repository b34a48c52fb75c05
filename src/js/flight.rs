use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::{moment, report, show_request};
use crate::delivery::{Answer, Command, Flight, Post};
use crate::error::Error;

// What is to be done, beside waiting for so many milliseconds.
const DONE: f64 = -1.0;
const SEND: f64 = -2.0;

/// What stands for a status where there is none.
const NO_ANSWER: u16 = 0;
const TIMED_OUT: u16 = 1;

/// A flush or a close, of which JavaScript makes the requests.
#[wasm_bindgen]
pub struct Journey {
    flight: RefCell<Flight>,
}

impl From<Flight> for Journey {
    fn from(flight: Flight) -> Self {
        Self { flight: flight.into() }
    }
}

#[wasm_bindgen]
impl Journey {
    /// What is to be done now: one of the numbers above, or how many milliseconds to wait, if not for an answer alone.
    /// Attempts that wait are made now if there may be no later.
    pub fn next(&self, now: f64, in_haste: bool) -> f64 {
        let Ok(mut flight) = self.flight.try_borrow_mut() else { return DONE };
        flight.in_haste = in_haste;
        let now = moment(now);
        match flight.next(now) {
            Command::Done => DONE,
            Command::Wait(until) => until.map_or(f64::INFINITY, |until| until.saturating_sub(now) as f64),
            Command::Post(Post { slot, to_workshop, kind, body, number, timeout }) => {
                show_request(slot, kind as usize, to_workshop, timeout as f64, &body, number.unwrap_or_default());
                SEND
            }
        }
    }

    /// How the request of a slot went, and how many milliseconds the server asks to wait. Returns whether the flight has failed.
    pub fn answered(&self, slot: usize, status: u16, asked: f64, now: f64) -> bool {
        let Ok(mut flight) = self.flight.try_borrow_mut() else { return false };
        let answer = match status {
            NO_ANSWER => Answer::NetworkError,
            TIMED_OUT => Answer::TimedOut,
            _ => Answer::Status { status, retry_after: Some(asked as u64) },
        };
        let is_error = !matches!(status, 200..=299);
        // Which one it is, JavaScript knows.
        flight.understood(slot, answer, is_error.then_some(Error::Timeout), moment(now));
        flight.has_failed()
    }

    /// Shows what it did.
    pub fn finish(self) {
        let outcome = self.flight.into_inner().finish();
        report::flush(&outcome);
    }
}
