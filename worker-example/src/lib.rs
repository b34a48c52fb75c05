//! A support chat on Cloudflare Workers, recorded with Raindrop.
//!
//! One client for the isolate, one scope for each request, closed after the response.

mod chat;
mod digest;
mod feedback;
mod hang_up;
mod llm;

use std::sync::OnceLock;

use raindrop::Client;
use worker::*;

/// Built once: it holds settings and what earlier requests could not deliver, no connection and no timer.
static RAINDROP: OnceLock<Client> = OnceLock::new();

/// A client for this request alone. Workers forbid that one request waits for the I/O of another.
fn raindrop(env: &Env) -> Result<Client> {
    if let Some(client) = RAINDROP.get() {
        return Ok(client.scope());
    }
    let setting = |name: &str| env.var(name).map(|value| value.to_string()).ok();
    let write_key = env.secret("RAINDROP_WRITE_KEY").map(|key| key.to_string()).unwrap_or_default();
    let mut builder = Client::builder().write_key(write_key);
    if let Some(endpoint) = setting("RAINDROP_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build().map_err(|error| Error::RustError(error.to_string()))?;
    Ok(RAINDROP.get_or_init(|| client).scope())
}

/// Delivers what the request recorded, once the caller has its response.
fn close_after(ctx: &Context, raindrop: Client, recorded: impl Future<Output = ()> + 'static) {
    ctx.wait_until(async move {
        recorded.await;
        if let Err(error) = raindrop.close().await {
            console_warn!("raindrop: {error}; the next request tries again");
        }
    });
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    match (request.method(), request.path().as_str()) {
        (Method::Post, "/chat") => chat::handle(request, &env, &ctx).await,
        (Method::Post, "/feedback") => feedback::handle(request, &env, &ctx).await,
        (Method::Get, "/") => Response::ok("POST /chat, POST /feedback"),
        _ => Response::error("not found", 404),
    }
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _ctx: ScheduleContext) {
    if let Err(error) = digest::run(&env).await {
        console_error!("digest: {error}");
    }
}
