use std::time::Duration;

use super::read::Items;
use crate::builder::ClientBuilder;
use crate::client::Client;

const NAME: &str = "raindrop-edge";

/// The settings of a client. Where nothing is said, they are those of the builder.
pub(super) fn builder(mut items: Items<'_>) -> ClientBuilder {
    let mut builder = Client::builder().library_name(NAME).service_name(NAME);
    let texts: [fn(ClientBuilder, String) -> ClientBuilder; 5] = [
        ClientBuilder::write_key,
        ClientBuilder::endpoint,
        ClientBuilder::project_id,
        ClientBuilder::service_name,
        ClientBuilder::local_workshop_url,
    ];
    for set in texts {
        if let Some(text) = items.optional_text() {
            builder = set(builder, text);
        }
    }
    builder = builder.debug(items.integer().is_some());
    let sizes: [fn(ClientBuilder, usize) -> ClientBuilder; 5] = [
        ClientBuilder::max_text_field_chars,
        |builder, attempts| builder.max_attempts(u32::try_from(attempts).unwrap_or(u32::MAX)),
        ClientBuilder::trace_max_batch_size,
        ClientBuilder::trace_max_queue_size,
        ClientBuilder::event_max_queue_size,
    ];
    for set in sizes {
        if let Some(size) = items.integer() {
            builder = set(builder, usize::try_from(size).unwrap_or(usize::MAX));
        }
    }
    let times: [fn(ClientBuilder, Duration) -> ClientBuilder; 3] =
        [ClientBuilder::base_delay, ClientBuilder::request_timeout, ClientBuilder::close_timeout];
    for set in times {
        if let Some(millis) = items.integer() {
            builder = set(builder, Duration::from_millis(millis as u64));
        }
    }
    builder
}
