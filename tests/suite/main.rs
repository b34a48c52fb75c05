//! The behaviour of the SDK as a user can see it, against a real HTTP server in the same process.
//!
//! One binary: each further one would link the whole dependency tree again.

mod recordings;
mod support;

mod abandoned_scopes;
mod api_surface;
mod auto_flush;
mod bad_input;
mod byte_bounds;
mod capture;
mod close;
mod concurrency;
mod connections;
mod contract_environment;
mod contract_events;
mod contract_interactions;
mod contract_llm_tool_spans;
mod contract_merging;
mod contract_requests;
mod contract_signals_users;
mod contract_sizes;
mod contract_span_helpers;
mod contract_span_life;
mod contract_spans;
mod contract_text_caps;
mod contract_workshop;
mod fault_matrix;
mod fixtures;
mod fixtures_spans;
mod flush;
mod migration;
mod order;
mod parity;
mod properties;
mod queue_bounds;
mod responses;
mod retry;
mod scenarios_batching;
mod scenarios_limits;
mod scenarios_retry;
mod scenarios_track;
mod scopes;
mod secrets;
mod warnings;
