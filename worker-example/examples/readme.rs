use std::sync::OnceLock;

use raindrop::{BeginOptions, Client, FinishOptions};
use worker::*;

static RAINDROP: OnceLock<Client> = OnceLock::new();

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, ctx: Context) -> Result<Response> {
    let raindrop = scope(&env)?;
    let interaction = raindrop
        .begin(BeginOptions {
            user_id: "user_123".into(),
            event: "chat_message".into(),
            input: request.text().await?,
            ..Default::default()
        })
        .await;

    let output = "Paris.".to_owned(); // your call of a model
    let _ = interaction.finish(FinishOptions { output: output.clone(), ..Default::default() }).await;

    // By then the caller has the response.
    ctx.wait_until(async move {
        if let Err(error) = raindrop.close().await {
            console_warn!("raindrop: {error}; the next request tries again");
        }
    });
    Response::ok(output)
}

/// A client for this request alone: in a Worker, no request may wait for the I/O of another.
fn scope(env: &Env) -> Result<Client> {
    if let Some(client) = RAINDROP.get() {
        return Ok(client.scope());
    }
    let write_key = env.secret("RAINDROP_WRITE_KEY").map(|key| key.to_string()).unwrap_or_default();
    let client = Client::builder().write_key(write_key).build().map_err(|error| Error::RustError(error.to_string()))?;
    Ok(RAINDROP.get_or_init(|| client).scope())
}
