//! What the calls are about. Texts are as long as those of a short chat.

use serde_json::{Value, json};

pub const SYSTEM: &str = "You are a support agent. Answer in two sentences, and only from the articles below.";
pub const QUESTION: &str = "My parcel was due on Monday and the tracking page says \"label created\". Where is it?";
pub const ANSWER: &str = "The label was printed, but the carrier has not scanned the parcel yet.\nIt usually moves within \
    a day; if it does not by Thursday, we send a new one free of charge.";
pub const MODEL: &str = "gpt-4o-mini";
pub const ANSWERED_BY: &str = "gpt-4o-mini-2024-07-18";
pub const PROVIDER: &str = "openai";
pub const EVENT_ID: &str = "0b5f9a4e-58f4-4c3e-9a0e-6d1b8a1c7f21";
pub const USER_ID: &str = "user_5f1c9ab2";
pub const CONVERSATION_ID: &str = "conversation_77aa01";

/// Four attributes in an `array!` or a `vec!`, each made where it is written, as in an app. The keys are known to the compiler,
/// the values are not. The first says what kind of operation it is, which the backend wants to know.
macro_rules! attributes {
    ($container:ident! $make:expr) => {
        $container![
            $make("ai.operationId", std::hint::black_box("ai.retrieval")),
            $make("retrieval.index", std::hint::black_box("help-center-en")),
            $make("retrieval.query", std::hint::black_box("parcel label created not moving")),
            $make("retrieval.tenant", std::hint::black_box("acme-logistics-eu")),
        ]
    };
}
pub(crate) use attributes;

macro_rules! array {
    ($($element:expr),* $(,)?) => { [$($element),*] };
}
#[cfg(feature = "peers")]
pub(crate) use array;

/// The same as pairs of key and value.
pub fn pairs() -> [(&'static str, &'static str); 4] {
    let pair = |key, value| (key, value);
    attributes!(array! pair)
}

/// A kibibyte of prose, with a quote and a line break now and then.
pub fn kibibyte() -> String {
    let mut text = QUESTION.repeat(1 + 1024 / QUESTION.len());
    text.truncate(1023);
    text.push('\n');
    text
}

pub fn tool_input() -> Value {
    json!({ "order": "A-10422", "carrier": "DHL", "include": ["events", "estimate"], "limit": 20 })
}

pub fn tool_output() -> Value {
    json!({ "status": "label_created", "events": [{ "at": "2026-03-02T08:11:00Z", "place": "Leipzig" }], "days": 2.5 })
}
