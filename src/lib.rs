//! Raindrop observability for LLM apps: one SDK for native Rust, Cloudflare Workers and browsers.
//!
//! An app records what happens between its users and its models; a flush delivers it.
//!
//! ```no_run
//! use raindrop::{BeginOptions, Client, FinishOptions};
//!
//! # async fn answer(_: &str) -> String { String::new() }
//! # async fn run() -> raindrop::Result<()> {
//! let client = Client::builder().write_key(std::env::var("RAINDROP_WRITE_KEY").unwrap_or_default()).build()?;
//!
//! let interaction = client
//!     .begin(BeginOptions {
//!         user_id: "user_123".into(),
//!         event: "chat_message".into(),
//!         input: "What is the capital of France?".into(),
//!         model: "gpt-4o".into(),
//!         ..Default::default()
//!     })
//!     .await;
//! let output = answer("What is the capital of France?").await;
//! interaction.finish(FinishOptions { output, ..Default::default() }).await?;
//!
//! client.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What there is to record
//!
//! - An **interaction** is a request of a user and the app's answer. It begins with [`Client::begin`], may be changed on the
//!   way, and is complete with [`Interaction::finish`]. One that is over already is a single [`Client::track_ai`].
//! - An **event** without a model in it, a click or a purchase, is a [`Client::track_event`].
//! - A **span** is a piece of work within: [`LlmSpan`] for a call of a model, [`ToolSpan`] for a tool, [`Span`] for the rest.
//!   Those that an [`Interaction`] starts inherit its user, conversation and event, and share one trace.
//! - A **signal** is what somebody thought of an event later: [`Client::track_signal`].
//! - A **user** has traits: [`Client::identify`].
//!
//! ```
//! # use raindrop::{BeginOptions, Client, FinishOptions, LlmMessage, LlmOptions, Signal, SignalKind, ToolOptions, with_tool};
//! # async fn run(client: Client) -> raindrop::Result<()> {
//! let interaction = client
//!     .begin(BeginOptions { user_id: "user_123".into(), input: "Will it rain?".into(), ..Default::default() })
//!     .await;
//!
//! let forecast = with_tool(&interaction, "forecast", ToolOptions::default(), || Ok::<_, String>("showers"));
//!
//! let call = interaction.start_llm_span(
//!     "answer",
//!     LlmOptions {
//!         model: "gpt-4o".into(),
//!         provider: "openai".into(),
//!         messages: vec![LlmMessage::user("Will it rain?")],
//!         ..Default::default()
//!     },
//! );
//! call.set_output("Take an umbrella.");
//! call.set_token_usage("gpt-4o-2024-08-06", 14, 5);
//! call.end();
//!
//! interaction.finish(FinishOptions { output: "Take an umbrella.".into(), ..Default::default() }).await?;
//!
//! client
//!     .track_signal(Signal {
//!         event_id: interaction.event_id().into(),
//!         name: "thumbs_up".into(),
//!         kind: SignalKind::FEEDBACK.into(),
//!         ..Default::default()
//!     })
//!     .await?;
//! # assert_eq!(forecast, Ok("showers"));
//! # Ok(())
//! # }
//! ```
//!
//! # When it is sent
//!
//! A call that records never waits: it encodes, puts the record into the client's buffer, and returns. Only
//! [`flush`](Client::flush), [`close`](Client::close) and the future of [`auto_flush`](Client::auto_flush) use the network, and
//! nothing runs in the background that you did not start.
//!
//! **On native**, spawn the periodic flush, and close before the process ends. [`flush`](Client::flush) at the end of a request
//! does as well.
//!
//! ```no_run
//! # use raindrop::Client;
//! # async fn serve() {}
//! # async fn run(client: Client) -> raindrop::Result<()> {
//! tokio::spawn(client.auto_flush());
//! serve().await;
//! let report = client.close().await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! **In a Worker**, one client lives in a `static`, and each request has a [`scope`](Client::scope) of it, with a buffer of its
//! own: Workers forbid that requests share I/O. Close the scope behind the response, in `ctx.wait_until`. What it could not
//! deliver goes back to the client, and the next scope's flush takes it along.
//!
//! ```ignore
//! let raindrop = RAINDROP.get_or_init(client).scope();
//! let answer = chat(&raindrop).await;
//! ctx.wait_until(async move {
//!     let _ = raindrop.close().await;
//! });
//! ```
//!
//! **In browsers, node, deno and bun** the same crate is the npm package of the same name.
//!
//! # What becomes of it
//!
//! Requests that fail for a while are tried again, and what is left is back in the buffer for the next flush. The buffer is
//! bounded in records and in bytes. [`Client::stats`] keeps the books: what was accepted is delivered, waiting, or dropped under
//! a [`DropReason`].
//!
//! In tests, [`Client::capture`] gives a client whose records can be read without a server.
//!
//! # In libraries
//!
//! Take a [`Client`], an [`Interaction`] or a [`Span`] from your caller; all are cheap to clone. Those that record nothing work
//! the same: a client without a write key, and [`Span::noop`].
//!
//! # Features
//!
//! - `rustls-tls` (default): TLS by rustls with the platform's certificate verifier. Native only.
//! - `native-tls`: TLS by the operating system's library. Native only.
//! - `js`: the inside of the npm package. Not for use from Rust.
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::await_holding_lock,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod auto_flush;
mod builder;
mod capture;
mod client;
mod config;
mod delivery;
mod diagnostics;
mod endpoint;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod ids;
mod interaction;
#[cfg(feature = "js")]
mod js;
mod millis;
mod outbox;
mod plain;
mod platform;
mod recorder;
mod records;
mod sink;
mod trace;
mod wire;
mod workshop;

pub use builder::{ClientBuilder, VERSION};
pub use capture::{Capture, Recorded, RecordedSpan};
pub use client::Client;
pub use delivery::FlushReport;
pub use endpoint::DEFAULT_ENDPOINT;
pub use error::{Error, Result};
pub use interaction::{Interaction, with_tool, with_tool_async};
pub use outbox::{DropReason, Stats};
pub use records::{
    AiEvent, Attachment, Attribute, AttributeValue, BeginOptions, Event, FinishOptions, Key, LlmMessage, PatchOptions,
    RecordKind, Signal, SignalKind, SpanStatusCode, User,
};
pub use trace::{LlmOptions, LlmSpan, Span, SpanOptions, ToolOptions, ToolSpan, Tracer, TrackToolOptions};
pub use workshop::{
    DEFAULT_LOCAL_WORKSHOP_URL, LOCAL_DEBUGGER_ENV_VAR, LocalWorkshopUrlConfig, WORKSHOP_ENV_VAR,
    resolve_local_workshop_url,
};

/// Handles can be shared between threads, on wasm as well: a Worker keeps its client in a `static`.
const _: () = {
    const fn assert_shared<T: Clone + Send + Sync>() {}
    assert_shared::<Capture>();
    assert_shared::<Client>();
    assert_shared::<Interaction>();
    assert_shared::<Span>();
    assert_shared::<LlmSpan>();
    assert_shared::<ToolSpan>();
    assert_shared::<Tracer>();
};

/// The examples of the documentation's pages are tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/delivery.md")]
    struct Delivery;
    #[doc = include_str!("../docs/migration.md")]
    struct Migration;
    #[doc = include_str!("../docs/recording.md")]
    struct Recording;
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;
}
