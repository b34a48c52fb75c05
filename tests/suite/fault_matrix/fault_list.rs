//! Everything that can go wrong on the way, and what it must lead to.

use std::time::{Duration, SystemTime};

use raindrop_ingest::{Fault, IngestServer};

/// One row of the matrix.
pub struct Trouble {
    pub name: String,
    pub cause: Cause,
    pub fate: Fate,
}

pub enum Cause {
    /// The server does it, to requests of one route.
    Server(Fault),
    /// Nothing listens where the name leads to.
    Refused,
    /// What listens does not speak TLS.
    #[cfg(feature = "rustls-tls")]
    NoTls,
}

/// What must become of the records of a request that meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server has them, and says so.
    Taken,
    /// They are tried again, and none arrives twice.
    Retried,
    /// They are tried again, and may arrive twice: the client cannot know that they did arrive.
    RetriedBlindly,
    /// They are dropped after one request.
    Rejected,
    /// The request is split; one that cannot be is dropped.
    Split,
}

fn trouble(name: impl Into<String>, fault: Fault, fate: Fate) -> Trouble {
    Trouble { name: name.into(), cause: Cause::Server(fault), fate }
}

/// All of them. Redirects lead to `elsewhere`.
pub fn all(elsewhere: &IngestServer) -> Vec<Trouble> {
    let mut all = vec![
        Trouble { name: "connection refused".into(), cause: Cause::Refused, fate: Fate::Retried },
        #[cfg(feature = "rustls-tls")]
        Trouble { name: "TLS failure".into(), cause: Cause::NoTls, fate: Fate::Retried },
        trouble("reset before the body was read", Fault::Reset, Fate::Retried),
        trouble("reset after the body was read", Fault::ResetAfterBody, Fate::Retried),
        trouble("reset after it was accepted", Fault::ResetAfterAccepting, Fate::RetriedBlindly),
        trouble("hang", Fault::Hang, Fate::Retried),
        trouble("slow", Fault::Delay(5_000), Fate::Taken),
        trouble("slower than the timeout", Fault::Delay(45_000), Fate::Retried),
        trouble("no HTTP", Fault::Raw("SSH-2.0-OpenSSH_9.9\r\n".into()), Fate::Retried),
        trouble("closed without an answer", Fault::Raw(String::new()), Fate::Retried),
        trouble("half an answer's head", Fault::Raw("HTTP/1.1 200 OK\r\nContent-".into()), Fate::Retried),
        trouble("endless headers", Fault::EndlessHeaders, Fate::Retried),
        trouble("endless hints", Fault::EndlessHints, Fate::Retried),
        trouble("204", Fault::status(204), Fate::Taken),
        trouble("200 with garbage", Fault::Garbage, Fate::Taken),
        trouble("200 with a body that hangs", Fault::HangBody, Fate::Taken),
        trouble("200 with an endless body", Fault::EndlessBody, Fate::Taken),
        trouble("200 with a compressed bomb", Fault::CompressedBomb(200), Fate::Taken),
        trouble("500 with an endless body", Fault::EndlessBodyWithStatus(500), Fate::Retried),
        trouble("400 with a compressed bomb", Fault::CompressedBomb(400), Fate::Rejected),
        trouble("200 with a body that drips", Fault::DripBody(200), Fate::Taken),
        trouble("503 with a body that drips", Fault::DripBody(503), Fate::Retried),
        trouble("413", Fault::status(413), Fate::Split),
    ];
    for status in [400, 401, 403, 404, 408] {
        all.push(trouble(status.to_string(), Fault::status(status), Fate::Rejected));
    }
    for status in [302, 307] {
        let to = format!("{}events/track", elsewhere.endpoint());
        all.push(trouble(format!("redirect {status}"), Fault::redirect(status, &to), Fate::Rejected));
    }
    for status in [429, 500, 502, 503] {
        all.push(trouble(status.to_string(), Fault::status(status), Fate::Retried));
    }
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(20));
    for retry_after in ["2", &soon, "86400", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "-5", "soon"] {
        let name = format!("429, Retry-After: {retry_after}");
        all.push(trouble(name, Fault::retry_after(429, retry_after), Fate::Retried));
    }
    all
}
