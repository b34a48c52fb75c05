use wasm_bindgen::prelude::*;

use super::flight::Journey;
use super::read::Items;
use super::{options, record, report};
use crate::client::Client;
use crate::delivery::Flight;
use crate::outbox::Call;
use crate::platform;
use crate::records::RecordKind;
use crate::wire;

/// A client as `raindrop.js` sees it.
#[wasm_bindgen]
pub struct Core {
    client: Client,
    /// Why it does nothing, if that was not asked for.
    problem: String,
}

impl From<Client> for Core {
    fn from(client: Client) -> Self {
        Self { client, problem: String::new() }
    }
}

#[wasm_bindgen]
impl Core {
    /// A client with the settings in `options`, an array. If they are wrong, it does nothing and knows why.
    pub fn build(&self, options: &str) -> Core {
        match options::builder(Items::of(options)).build() {
            Ok(client) => client.into(),
            Err(error) => Core { client: self.client.clone(), problem: error.to_string() },
        }
    }

    /// A client with a buffer of its own.
    pub fn scope(&self) -> Core {
        self.client.scope().into()
    }

    /// Records `items`, an array, by the call with the number `call`. The answer is `=` and an event id, or `!` and what was
    /// wrong, or nothing.
    pub fn call(&self, call: u32, items: &str) -> String {
        let recorder = &*self.client.recorder;
        let items = Items::of(items);
        let result = match call {
            1 => record::interaction(recorder, items, Call::Begin),
            2 => record::interaction(recorder, items, Call::Patch),
            3 => record::interaction(recorder, items, Call::Finish),
            6 => {
                recorder.home.counters.refuse();
                return String::new();
            }
            7 => return report::stats(&self.client.stats()),
            8 => return self.problem.clone(),
            _ => return self.limits(),
        };
        match result {
            Ok(event_id) => format!("={event_id}"),
            Err(error) => format!("!{error}"),
        }
    }

    /// Takes the JSON of a record of the kind with the number `kind`; no bytes if it is too large. Returns whether it was
    /// taken: not so once the client is closed.
    pub fn record(&self, kind: usize, bytes: Vec<u8>) -> bool {
        RecordKind::KINDS.get(kind).is_some_and(|kind| self.client.recorder.encoded(*kind, &bytes).is_ok())
    }

    /// Says of the span with this name that the backend will not keep it.
    pub fn warn_useless(&self, name: &str) {
        self.client.recorder.warn_useless(name);
    }

    /// Begins to deliver what is recorded: in a flush (0), at last (1), or because the page is being left (2).
    pub fn fly(&self, occasion: u32) -> Journey {
        let (recorder, now) = (&self.client.recorder, platform::monotonic());
        let flight = match occasion {
            0 => Flight::flush(recorder, |_| true, now),
            1 => Flight::close(recorder, now),
            _ => Flight::leave(recorder, now),
        };
        flight.into()
    }
}

impl Core {
    /// How many code points a text and how many bytes a span may have; nothing if the client is disabled.
    fn limits(&self) -> String {
        let recorder = &self.client.recorder;
        if !recorder.is_enabled() {
            return String::new();
        }
        let encoding = &recorder.home.config.encoding;
        format!("{} {}", encoding.text_cap.0, wire::max_span(encoding))
    }
}
