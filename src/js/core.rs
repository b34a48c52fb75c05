use std::sync::Arc;

use wasm_bindgen::prelude::*;

use super::flight::Journey;
use super::kept::Text;
use super::report;
use crate::config::{Config, Destination, RetryPolicy};
use crate::delivery::Flight;
use crate::diagnostics::Diagnostics;
use crate::outbox::{DropReason, Limits};
use crate::platform;
use crate::recorder::{Home, Recorder};
use crate::records::RecordKind;
use crate::wire::{Encoding, TextCap};

/// What JavaScript has of a client: its records, and their delivery.
#[wasm_bindgen]
pub struct Core {
    recorder: Arc<Recorder>,
}

#[wasm_bindgen]
impl Core {
    /// A client. `settings` are numbers in the order of `options.js`, `trace_prefix` is a request of spans up to the spans.
    pub fn build(&self, settings: &[f64], trace_prefix: &[u8]) -> Core {
        Self::new(settings, trace_prefix)
    }

    /// A client with a buffer of its own.
    pub fn scope(&self) -> Core {
        let recorder = self.recorder.scope();
        // What JavaScript records goes to the outbox at once.
        recorder.register();
        Core { recorder }
    }

    /// Takes records of these lengths, whose text JavaScript keeps. Returns whether one of them, or one that they replaced, was
    /// dropped. JavaScript records nothing once the client is closed.
    pub fn record(&self, kind: usize, number: usize, lengths: &[f64]) -> bool {
        let text = Box::new(Text(number));
        kind_of(kind).is_some_and(|kind| self.recorder.outbox.push_kept(kind, text, lengths).is_some())
    }

    /// Takes the JSON of an update of an interaction, which JavaScript has merged.
    pub fn update(&self, update: &[u8]) {
        self.recorder.outbox.push_update(update);
    }

    /// Counts a record that JavaScript has dropped.
    pub fn lose(&self, kind: usize, reason: usize) {
        let counters = &self.recorder.home().counters;
        if let (Some(kind), Some(reason)) = (kind_of(kind), DropReason::ALL.get(reason)) {
            counters.accept(kind);
            counters.discard(kind, *reason, 1);
        }
    }

    /// How many updates of interactions wait or are in a flight.
    pub fn updates(&self) -> usize {
        self.recorder.outbox.updates()
    }

    /// Shows what was accepted and what became of it.
    pub fn stats(&self) {
        report::stats(&self.recorder.home().counters.snapshot());
    }

    /// Begins to deliver what is recorded: in a flush (0), at last (1), or because the page is being left (2).
    pub fn fly(&self, occasion: u32, now: f64) -> Journey {
        let now = super::moment(now);
        let flight = match occasion {
            0 => Flight::flush(&self.recorder, |_| true, now),
            1 => Flight::close(&self.recorder, now),
            _ => Flight::leave(&self.recorder, now),
        };
        flight.into()
    }
}

impl Core {
    pub(super) fn new(settings: &[f64], trace_prefix: &[u8]) -> Self {
        let mut settings = settings.iter().copied();
        let mut next = || settings.next().unwrap_or_default();
        // JavaScript knows where they are.
        let mut destination = || {
            let there = Destination { base_url: String::new(), headers: Vec::new(), secret: String::new() };
            (next() > 0.0).then_some(there)
        };
        let (cloud, workshop) = (destination(), destination());
        let limits = Limits { events: next() as usize, spans: next() as usize, bytes: platform::BUFFER_BYTES };
        let trace_max_batch_size = next() as usize;
        let max_attempts = (next() as u32).max(1);
        let mut millis = || next() as u64;
        let (base_delay, request_timeout, close_timeout) = (millis(), millis(), millis());
        let config = Config {
            cloud,
            workshop,
            debug: false,
            encoding: Encoding { text_cap: TextCap(0), context: Box::default(), trace_prefix: trace_prefix.into() },
            limits,
            trace_max_batch_size,
            retry: RetryPolicy { max_attempts, base_delay, jitter_fraction: 0.2 },
            request_timeout,
            close_timeout: (close_timeout > 0).then_some(close_timeout),
            partial_flush_interval: 0,
            trace_flush_interval: 0,
        };
        let home = Home {
            config,
            counters: Default::default(),
            // JavaScript writes them.
            diagnostics: Diagnostics::silent(),
            transport: Default::default(),
            sink: None,
        };
        Self { recorder: Recorder::root(home) }
    }
}

fn kind_of(number: usize) -> Option<RecordKind> {
    RecordKind::KINDS.get(number).copied()
}
