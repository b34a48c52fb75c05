//! The checks, which are at least as strict as the backend's.

mod event;
mod fields;
mod live;
mod signal;
mod spans;
mod user;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json;
use crate::received::Content;
use crate::routes::Route;
use crate::state::Kind;

/// The largest body that is taken.
const MAX_BODY: usize = 1_048_576;

/// The most items in a batch of events, signals or users.
const MAX_ITEMS: usize = 50;

/// What is wrong, and where in the body.
pub(crate) type Checked<T> = Result<T, String>;

/// Why a request is not taken.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) status: u16,
    pub(crate) error: String,
}

impl Rejection {
    fn new(status: u16, error: impl Into<String>) -> Rejection {
        Rejection { status, error: error.into() }
    }
}

/// What the request brings, or why it is not taken.
pub(crate) fn check(
    kind: Kind,
    route: Route,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<Content, Rejection> {
    if kind == Kind::Cloud {
        authorized(headers).map_err(|error| Rejection::new(401, error))?;
        if route == Route::Live {
            return Err(Rejection::new(404, "live: only a Workshop takes live messages"));
        }
    }
    if body.len() > MAX_BODY {
        let error = format!("body: {} bytes, more than {MAX_BODY}", body.len());
        return Err(Rejection::new(413, error));
    }
    well_formed(route, headers, body).map_err(|error| Rejection::new(400, error))
}

fn authorized(headers: &BTreeMap<String, String>) -> Checked<()> {
    let value = headers.get("authorization").ok_or("authorization: missing")?;
    match value.strip_prefix("Bearer ") {
        Some(key) if !key.trim().is_empty() => Ok(()),
        _ => Err("authorization: not a bearer with a write key".into()),
    }
}

fn well_formed(route: Route, headers: &BTreeMap<String, String>, body: &[u8]) -> Checked<Content> {
    match headers.get("content-type").map(String::as_str) {
        Some("application/json") => {}
        other => {
            return Err(format!("content-type: {other:?}, not exactly application/json"));
        }
    }
    if let Some(slug) = headers.get("x-raindrop-project-id").filter(|slug| !is_slug(slug)) {
        return Err(format!("x-raindrop-project-id: {slug:?} is not a project slug"));
    }
    let value = json::parse(body).map_err(|error| format!("body: {error}"))?;
    Ok(match route {
        Route::Events => Content::Events(batch(value, event::complete)?),
        Route::Partial => event::partial(value)?,
        Route::Signals => Content::Signals(batch(value, signal::check)?),
        Route::Users => Content::Users(batch(value, user::check)?),
        Route::Traces => spans::check(&value)?,
        Route::Live => {
            live::check(&value)?;
            Content::Live(value)
        }
    })
}

fn batch(value: Value, check: fn(&Value, &str) -> Checked<()>) -> Checked<Vec<Value>> {
    let Value::Array(items) = value else {
        return Err("body: not an array".into());
    };
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(format!("body: {} items, not 1 to {MAX_ITEMS}", items.len()));
    }
    for (index, item) in items.iter().enumerate() {
        check(item, &format!("[{index}]"))?;
    }
    Ok(items)
}

/// 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end.
fn is_slug(text: &str) -> bool {
    let hyphen = |it: Option<char>| it == Some('-');
    (1..=63).contains(&text.len())
        && text.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
        && !hyphen(text.chars().next())
        && !hyphen(text.chars().last())
}
