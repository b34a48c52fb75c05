//! One turn of a support chat: recorded, delivered, and read back.
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! The part to copy is in `chat.rs`.

mod chat;
mod print;
mod shop;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
mod terminal;
#[path = "../support/waterfall.rs"]
mod waterfall;

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (builder, server) = support::destination().await?;
    let client = builder.build()?;

    chat::run(&client).await?;
    let report = client.close().await?;

    if let Some(server) = server {
        print::landed(&server.received());
    }
    print::report(&report);
    Ok(())
}
