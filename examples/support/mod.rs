//! Where an example sends to: Raindrop if `RAINDROP_WRITE_KEY` is set, else a server inside the process.

use std::io;

use raindrop::{Client, ClientBuilder, DEFAULT_ENDPOINT};
use raindrop_ingest::IngestServer;

/// The settings of a client, and the local server that they lead to, if they do.
pub async fn destination() -> io::Result<(ClientBuilder, Option<IngestServer>)> {
    let write_key = std::env::var("RAINDROP_WRITE_KEY").unwrap_or_default();
    if !write_key.is_empty() {
        println!("RAINDROP_WRITE_KEY is set: sending to {DEFAULT_ENDPOINT}\n");
        return Ok((Client::builder().write_key(write_key), None));
    }
    let server = IngestServer::start().await?;
    println!("RAINDROP_WRITE_KEY is not set: sending to a local server, {}\n", server.endpoint());
    Ok((Client::builder().write_key("local").endpoint(server.endpoint()), Some(server)))
}
