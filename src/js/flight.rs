use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::report;
use crate::delivery::{Command, Flight};
use crate::platform::{self, Response, SendError};

/// A flush or a close, of which `raindrop.js` makes the requests.
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
    /// What is to be done now: a request in lines (slot, timeout in milliseconds, bytes of the body, URL, the headers, an
    /// empty one, the body), or how many milliseconds to wait, or `-` to wait for an answer, or nothing at the end.
    pub fn next(&self) -> String {
        let Ok(mut flight) = self.flight.try_borrow_mut() else { return String::new() };
        let now = platform::monotonic();
        match flight.next(now) {
            Command::Done => String::new(),
            Command::Wait(None) => "-".to_owned(),
            Command::Wait(Some(until)) => until.saturating_sub(now).to_string(),
            Command::Post(post) => {
                let Some(destination) = flight.destination(&post) else { return String::new() };
                let mut text = format!(
                    "{}\n{}\n{}\n{}{}\n",
                    post.slot,
                    post.timeout,
                    post.body.len(),
                    destination.base_url,
                    post.route
                );
                for (name, value) in &destination.headers {
                    for part in [name, ":", value, "\n"] {
                        text.push_str(part);
                    }
                }
                text.push('\n');
                // Bodies are made of texts.
                text.push_str(std::str::from_utf8(&post.body).unwrap_or_default());
                text
            }
        }
    }

    /// How the request of a slot went: its status and its `Retry-After`, a line break, the beginning of the body. Without an
    /// answer the status is 0 and `text` the reason, or 1 if the time was over.
    pub fn answered(&self, slot: usize, status: u16, text: &str) {
        let Ok(mut flight) = self.flight.try_borrow_mut() else { return };
        let result = match status {
            0 => Err(SendError::Network(text.to_owned())),
            1 => Err(SendError::Timeout),
            _ => {
                let (retry_after, body) = text.split_once('\n').unwrap_or_default();
                let retry_after = (!retry_after.is_empty()).then(|| retry_after.to_owned());
                Ok(Response { status, retry_after, body: body.to_owned() })
            }
        };
        flight.answered(slot, result, platform::monotonic());
    }

    /// What it did, or the error.
    pub fn finish(self) -> String {
        match self.flight.into_inner().finish().into_result() {
            Ok(report) => report::flush(&report),
            Err(error) => report::error(&error),
        }
    }
}
