use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::{moment, report};
use crate::delivery::{Answer, Command, Flight, Post};
use crate::error::Error;

// What is to be done, beside waiting for so many milliseconds.
const DONE: f64 = -1.0;
const WAIT: f64 = -2.0;
const SEND: f64 = -3.0;

/// What stands for a status where there is none.
const NO_ANSWER: u16 = 0;
const TIMED_OUT: u16 = 1;

/// A flush or a close, of which JavaScript makes the requests.
#[wasm_bindgen]
pub struct Journey {
    flight: RefCell<Flight>,
    /// The request to make.
    post: RefCell<Option<Post>>,
}

impl From<Flight> for Journey {
    fn from(flight: Flight) -> Self {
        Self { flight: flight.into(), post: RefCell::default() }
    }
}

#[wasm_bindgen]
impl Journey {
    /// What is to be done now: one of the numbers above, or how many milliseconds to wait.
    pub fn next(&self, now: f64) -> f64 {
        let Ok(mut flight) = self.flight.try_borrow_mut() else { return DONE };
        let now = moment(now);
        match flight.next(now) {
            Command::Done => DONE,
            Command::Wait(None) => WAIT,
            Command::Wait(Some(until)) => until.saturating_sub(now) as f64,
            Command::Post(post) => {
                self.post.replace(Some(post));
                SEND
            }
        }
    }

    /// Tells the request from others.
    pub fn slot(&self) -> usize {
        self.of_post(|post| post.slot).unwrap_or_default()
    }

    /// The number of the kind of record whose route it takes.
    pub fn route(&self) -> usize {
        self.of_post(|post| post.kind as usize).unwrap_or_default()
    }

    pub fn is_to_workshop(&self) -> bool {
        self.of_post(|post| post.to_workshop).unwrap_or_default()
    }

    /// How many milliseconds it may take.
    pub fn timeout(&self) -> f64 {
        self.of_post(|post| post.timeout as f64).unwrap_or_default()
    }

    /// Takes out the body of the request.
    pub fn body(&self) -> Vec<u8> {
        self.post.take().map(|post| post.body).unwrap_or_default()
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

    /// What it did, in numbers.
    pub fn finish(self) -> Vec<f64> {
        report::flush(&self.flight.into_inner().finish())
    }
}

impl Journey {
    fn of_post<T>(&self, read: impl FnOnce(&Post) -> T) -> Option<T> {
        self.post.try_borrow().ok()?.as_ref().map(read)
    }
}
