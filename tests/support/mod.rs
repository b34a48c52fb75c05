//! What every test of the crate starts from: the local ingestion server, and a client that sends to it.

use raindrop::{Client, ClientBuilder};
use raindrop_ingest::IngestServer;

pub const WRITE_KEY: &str = "rk_test_key";

/// A builder whose client sends to `server` and mirrors nothing.
pub fn builder(server: &IngestServer) -> ClientBuilder {
    Client::builder().write_key(WRITE_KEY).endpoint(server.endpoint()).disable_local_workshop()
}

/// A server, and a client of it with the default settings.
pub async fn start() -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    (server, client)
}
