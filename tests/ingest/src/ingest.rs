//! One ingestion request, from its first byte to its answer or its fault.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request as HttpRequest, StatusCode};

use crate::answer::{self, Answer};
use crate::check::{self, Rejection};
use crate::fault::Fault;
use crate::received::{Content, Request};
use crate::routes::Route;
use crate::server::{Abandoned, Connection, Repeat};
use crate::state::Handling;

/// How slow the faults are that say little at a time.
const PACE: Duration = Duration::from_millis(100);

/// Reads, checks, records and answers.
pub(crate) async fn answer(
    connection: &Connection,
    route: Route,
    request: HttpRequest<Incoming>,
) -> Result<Answer, Abandoned> {
    let state = &connection.state;
    let handling = Handling::begin(state);
    let fault = state.faults().take(route);
    if fault == Some(Fault::Reset) {
        return Err(connection.reset());
    }

    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Abandoned)?.to_bytes();
    let headers = plain(&head.headers);
    let verdict = check::check(state.kind, route, &headers, &body);

    let record = Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        route: route.name().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        status: None,
        error: verdict.as_ref().err().map(|rejection| rejection.error.clone()),
        concurrent: handling.concurrent,
    };

    if let Some(delay) = fault.as_ref().and_then(Fault::delay) {
        let ticket = state.record(record, None);
        tokio::time::sleep(delay).await;
        let (answer, content) = plan(verdict, None, handling);
        state.settle(ticket, answer.status().as_u16(), content);
        return Ok(answer);
    }

    match fault {
        Some(Fault::Hang) => {
            state.record(record, None);
            std::future::pending().await
        }
        Some(Fault::ResetAfterBody) => {
            state.record(record, None);
            Err(connection.reset())
        }
        Some(Fault::ResetAfterAccepting) => {
            state.record(record, verdict.ok());
            Err(connection.reset())
        }
        Some(Fault::Raw(text)) => {
            state.record(record, None);
            Err(connection.say(text.as_bytes(), Repeat::Once).await)
        }
        Some(Fault::EndlessHeaders) => {
            state.record(record, None);
            connection.say(b"HTTP/1.1 200 OK\r\n", Repeat::Once).await;
            Err(connection.say(&b"x-hostile: 0123456789abcdef\r\n".repeat(256), Repeat::Always).await)
        }
        Some(Fault::EndlessHints) => {
            state.record(record, None);
            let hints = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10);
            Err(connection.say(&hints, Repeat::Every(PACE)).await)
        }
        fault => {
            let (answer, content) = plan(verdict, fault, handling);
            let status = Some(answer.status().as_u16());
            state.record(Request { status, ..record }, content);
            Ok(answer)
        }
    }
}

/// The answer, and what is accepted with it.
fn plan(verdict: Result<Content, Rejection>, fault: Option<Fault>, handling: Handling) -> (Answer, Option<Content>) {
    let wanted = match &fault {
        Some(
            Fault::Status { status, .. }
            | Fault::EndlessBodyWithStatus(status)
            | Fault::CompressedBomb(status)
            | Fault::DripBody(status),
        ) => code(*status),
        _ => StatusCode::OK,
    };
    let content = match verdict {
        Err(rejection) if wanted.is_success() => {
            return (answer::error(code(rejection.status), &rejection.error), None);
        }
        verdict => verdict.ok().filter(|_| wanted.is_success()),
    };
    let answer = match fault {
        Some(Fault::Status { headers, body, .. }) => with_headers(answer::text(wanted, body), &headers),
        Some(Fault::HangBody) => answer::stalled(handling),
        Some(Fault::EndlessBody | Fault::EndlessBodyWithStatus(_)) => answer::endless(wanted, handling),
        Some(Fault::DripBody(_)) => answer::drip(wanted, PACE, handling),
        Some(Fault::CompressedBomb(_)) => answer::compressed_bomb(wanted, handling),
        Some(Fault::Garbage) => answer::text(wanted, "<html>this is {not JSON"),
        _ => answer::success(),
    };
    (answer, content)
}

/// A status that was checked where it came in.
fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn with_headers(mut answer: Answer, headers: &[(String, String)]) -> Answer {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut plain = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        plain
            .entry(name.as_str().to_owned())
            .and_modify(|all: &mut String| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    plain
}
