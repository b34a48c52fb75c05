//! The control routes under `/_/`, for tests that drive the server over HTTP.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::state::{Kind, State};

/// The body of `POST /_/faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    route: String,
    #[serde(default)]
    times: Times,
    fault: Fault,
}

/// `usize::MAX` is not a number that JavaScript has, hence the word.
#[derive(Deserialize)]
#[serde(untagged)]
enum Times {
    Count(usize),
    Word(Forever),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Forever {
    Forever,
}

impl Default for Times {
    fn default() -> Times {
        Times::Count(1)
    }
}

pub(crate) async fn answer(state: &State, command: &str, request: Request<Incoming>) -> Answer {
    match (request.method(), command) {
        (&Method::GET, "health") => answer::json(StatusCode::OK, &health(state)),
        (&Method::GET, "requests") => match wait_for(request.uri().query()) {
            Ok(count) => {
                state.wait_for(count).await;
                answer::json(StatusCode::OK, &state.requests())
            }
            Err(error) => answer::error(StatusCode::BAD_REQUEST, &error),
        },
        (&Method::GET, "received") => answer::json(StatusCode::OK, &state.received()),
        (&Method::POST, "faults") => match queue(state, request.into_body()).await {
            Ok(()) => answer::success(),
            Err(error) => answer::error(StatusCode::BAD_REQUEST, &error),
        },
        (&Method::DELETE, "faults") => {
            state.faults().clear();
            answer::success()
        }
        (&Method::DELETE, "state") => {
            state.clear();
            answer::success()
        }
        (method, _) => answer::error(StatusCode::NOT_FOUND, &format!("there is no {method} /_/{command}")),
    }
}

fn health(state: &State) -> serde_json::Value {
    let service = match state.kind {
        Kind::Cloud => "ingest",
        Kind::Workshop => "workshop",
    };
    json!({
        "ok": true,
        "service": service,
        "connections": state.connections(),
        "requests": state.recorded(),
    })
}

fn wait_for(query: Option<&str>) -> Result<usize, String> {
    let Some(query) = query else { return Ok(0) };
    query
        .strip_prefix("wait_for=")
        .and_then(|count| count.parse().ok())
        .ok_or_else(|| format!("the query is wait_for=N, not {query:?}"))
}

async fn queue(state: &State, body: Incoming) -> Result<(), String> {
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let order: Order = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let times = match order.times {
        Times::Count(count) => count,
        Times::Word(Forever::Forever) => usize::MAX,
    };
    state.faults().push(&order.route, times, order.fault)
}
