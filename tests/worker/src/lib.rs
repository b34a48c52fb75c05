//! A Worker whose routes do what the tests beside it look at.
//!
//! Its client is built in the global scope, where Workers allow neither randomness nor timers nor I/O.

mod turn;

use std::sync::OnceLock;
use std::time::Duration;

use raindrop::{Client, SpanOptions};
use serde_json::json;
use worker::wasm_bindgen::{self, JsCast};
use worker::*;

static RAINDROP: OnceLock<Client> = OnceLock::new();

/// What the module beside this one put on `globalThis`: there is no `env` before the first request.
fn global(name: &str) -> String {
    let value = js_sys::Reflect::get(&js_sys::global(), &name.into());
    value.ok().and_then(|value| value.as_string()).unwrap_or_default()
}

#[event(start)]
fn start() {
    let mut builder = Client::builder()
        .write_key("rk_worker")
        .endpoint(global("RAINDROP_ENDPOINT"))
        .base_delay(Duration::from_millis(10))
        .close_timeout(Duration::from_secs(60));
    // For ingestion that fails. Elsewhere a busy machine would have records sent twice.
    if global("PATIENCE") == "little" {
        builder = builder.request_timeout(Duration::from_millis(1_500)).close_timeout(Duration::from_secs(5));
    }
    match builder.build() {
        Ok(client) => {
            if global("COLD_START") == "a span" {
                let options = SpanOptions { name: "cold start".into(), event_id: "start".into(), ..Default::default() };
                client.start_span(options).end();
            }
            drop(RAINDROP.set(client));
        }
        Err(error) => console_error!("{error}"),
    }
}

fn client() -> Result<&'static Client> {
    RAINDROP.get().ok_or_else(|| Error::RustError("no client was built in the global scope".into()))
}

#[event(fetch)]
async fn fetch(request: Request, _env: Env, ctx: Context) -> Result<Response> {
    let url = request.url()?;
    let user = url.query_pairs().find(|(key, _)| key == "user").map_or_else(String::new, |(_, user)| user.into_owned());
    let scope = client()?.scope();
    let recorded = match url.path() {
        "/quiet" => turn::quiet(&scope, &user).await,
        "/busy" => turn::busy(&scope, &user, &global("UPSTREAM")).await,
        "/large" => turn::large(&scope, &user).await,
        "/panic" => {
            turn::quiet(&scope, &user).await.ok();
            panic!("as the test asked")
        }
        "/stats" => return stats(),
        "/flood" => return flood().await,
        _ => return Response::error("not found", 404),
    };
    ctx.wait_until(async move {
        match scope.close().await {
            Ok(report) => console_log!("scope of {user} closed: {report}"),
            Err(error) => console_log!("scope of {user} closed: {error}"),
        }
    });
    match recorded {
        Ok(event_id) => Response::ok(event_id),
        Err(error) => Response::error(error.to_string(), 500),
    }
}

/// Records as fast as it can, for nobody to deliver.
async fn flood() -> Result<Response> {
    const TURNS: u32 = 200;
    let client = client()?;
    for _ in 0..TURNS {
        turn::large(client, "flood").await.map_err(|error| Error::RustError(error.to_string()))?;
    }
    stats()
}

/// The size of wasm's memory, which never shrinks.
fn memory() -> u32 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length()
}

fn stats() -> Result<Response> {
    let stats = client()?.stats();
    Response::from_json(&json!({
        "memory": memory(),
        "accepted": stats.accepted(),
        "delivered": stats.delivered(),
        "dropped": stats.dropped(),
        "pending": stats.pending(),
        "refused": stats.refused(),
    }))
}
