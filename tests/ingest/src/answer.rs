//! Responses: plain JSON, and the bodies that never end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    HeaderValue,
};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::json;
use tokio::time::Interval;

use crate::state::{Handling, Kind};

pub(crate) type Answer = Response<Payload>;

/// The body of a response.
pub(crate) enum Payload {
    /// All of it at once; `None` once it is out.
    Whole(Option<Bytes>),
    /// The beginning, and then nothing more. The request counts as being handled for as long as
    /// this lasts.
    Stalled { beginning: Option<Bytes>, _handling: Handling },
    /// A beginning, then the same bytes for ever.
    Endless { beginning: Option<Bytes>, chunk: Bytes, _handling: Handling },
    /// A byte for each tick, for ever.
    Drip { ticks: Interval, _handling: Handling },
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Payload::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Payload::Stalled { beginning, .. } => match beginning.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            },
            Payload::Endless { beginning, chunk, .. } => {
                Poll::Ready(Some(Ok(Frame::data(beginning.take().unwrap_or_else(|| chunk.clone())))))
            }
            Payload::Drip { ticks, .. } => {
                ticks.poll_tick(context).map(|_| Some(Ok(Frame::data(Bytes::from_static(b".")))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Payload::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            _ => SizeHint::default(),
        }
    }
}

/// A body as it stands; an empty one is left out.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let body = Some(body.into()).filter(|body| !body.is_empty());
    of(status, Payload::Whole(body))
}

/// Any value as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => text(status, body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// What the backend says to whatever it takes.
pub(crate) fn success() -> Answer {
    json(StatusCode::OK, &json!({"success": true}))
}

/// What was wrong, and where.
pub(crate) fn error(status: StatusCode, error: &str) -> Answer {
    json(status, &json!({"error": error}))
}

/// Announces more bytes than ever come.
pub(crate) fn stalled(handling: Handling) -> Answer {
    let beginning = Some(Bytes::from_static(br#"{"success""#));
    let mut answer = of(StatusCode::OK, Payload::Stalled { beginning, _handling: handling });
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("1024"));
    answer
}

/// Never stops.
pub(crate) fn endless(status: StatusCode, handling: Handling) -> Answer {
    let chunk = Bytes::from_static(&[b' '; 4096]);
    of(status, Payload::Endless { beginning: None, chunk, _handling: handling })
}

/// Never stops, and hardly begins.
pub(crate) fn drip(status: StatusCode, pace: Duration, handling: Handling) -> Answer {
    of(status, Payload::Drip { ticks: tokio::time::interval(pace), _handling: handling })
}

/// Never stops either, and each chunk of 4 KiB unpacks to 3 MiB.
pub(crate) fn compressed_bomb(status: StatusCode, handling: Handling) -> Answer {
    const GZIP_HEADER: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    // A deflate block of 65,536 spaces that does not look back, and an empty one that ends it on a byte.
    const BLOCK_BEGIN: &[u8] = b"\xec\xc1\x81\0\0\0\0\x80\x20\x95\xfd\x29\x17\xa9\x0a";
    const BLOCK_END: &[u8] = b"j\0\0\0\xff\xff";
    let chunk = [BLOCK_BEGIN, &[0; 63], BLOCK_END].concat().repeat(48);
    let beginning = Some(Bytes::from_static(GZIP_HEADER));
    let mut answer = of(status, Payload::Endless { beginning, chunk: chunk.into(), _handling: handling });
    answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer
}

/// The answer to a browser that asks what it may send.
pub(crate) fn preflight(kind: Kind) -> Answer {
    let allowed = match kind {
        Kind::Cloud => "Content-Type, Authorization, X-Raindrop-Project-Id, X-Raindrop-Sdk",
        Kind::Workshop => "Content-Type, Authorization",
    };
    let mut answer = text(StatusCode::NO_CONTENT, "");
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
    answer
}

fn of(status: StatusCode, payload: Payload) -> Answer {
    let empty = payload.is_end_stream();
    let mut answer = Response::new(payload);
    *answer.status_mut() = status;
    if !empty {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer
}
