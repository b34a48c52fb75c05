//! A local stand-in for Raindrop's ingestion API, and for the Workshop debugger.
//!
//! It listens on a free port of 127.0.0.1, checks every request at least as strictly as the backend
//! does, keeps what it accepted in a form that a test can assert on, and fails on demand in the
//! ways that networks and servers fail.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use raindrop_ingest::{Fault, IngestServer};
//!
//! let server = IngestServer::start().await?;
//! server.fail("events/track", 1, Fault::retry_after(429, "2"));
//! // … point a client at `server.endpoint()`, track and flush …
//! assert!(server.received().events.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Routes
//!
//! `events/track`, `events/track_partial`, `signals/track`, `users/identify`, `traces` and, on a
//! Workshop, `live`: all `POST`, and under any prefix (`/v1/traces` and `/ws/traces` are the same
//! route).
//!
//! # Control over HTTP
//!
//! For tests that are not written in Rust. Every answer is JSON.
//!
//! | request | does |
//! |---|---|
//! | `GET /_/health` | tells that the server is up, and how many connections and requests it has seen |
//! | `GET /_/requests` | [`IngestServer::requests`]; with `?wait_for=N` it answers once there are that many |
//! | `GET /_/received` | [`IngestServer::received`] |
//! | `POST /_/faults` | [`IngestServer::fail`], as shown below |
//! | `DELETE /_/faults` | [`IngestServer::clear_faults`] |
//! | `DELETE /_/state` | [`IngestServer::clear`] |
//!
//! A fault is ordered with its route, how often (1 when left out, `"forever"` for no end), and a
//! [`Fault`] in serde's form of it, such as `"Hang"` or `{"Delay": 500}`:
//!
//! ```json
//! {"route": "traces", "times": 2, "fault": {"Status": {"status": 503}}}
//! ```
//!
//! # Time
//!
//! Nothing here waits on a clock except [`Fault::Delay`], so the server also runs where tokio's
//! time is paused.

#![warn(missing_docs)]

mod answer;
mod check;
mod control;
mod fault;
mod ingest;
mod json;
mod received;
mod routes;
mod server;
mod state;

pub use fault::Fault;
pub use received::{Received, Request, Span};
pub use server::IngestServer;
