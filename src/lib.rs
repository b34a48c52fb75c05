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
#![forbid(unsafe_code)]
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
mod outbox;
mod platform;
mod recorder;
mod records;
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
    AiEvent, Attachment, Attribute, AttributeValue, BeginOptions, Event, FinishOptions, LlmMessage, PatchOptions,
    RecordKind, Signal, SignalKind, SpanStatusCode, User,
};
pub use trace::{LlmOptions, LlmSpan, Span, SpanOptions, ToolOptions, ToolSpan, Tracer, TrackToolOptions};
pub use workshop::{
    DEFAULT_LOCAL_WORKSHOP_URL, LOCAL_DEBUGGER_ENV_VAR, LocalWorkshopUrlConfig, WORKSHOP_ENV_VAR,
    resolve_local_workshop_url,
};

/// Handles can be shared between threads, on wasm as well: a Worker keeps its client in a `static`.
const fn assert_shared<T: Clone + Send + Sync>() {}
const _: () = {
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
    #[doc = include_str!("../docs/recording.md")]
    struct Recording;
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;
}
