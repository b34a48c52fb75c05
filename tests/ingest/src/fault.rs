//! Failing on demand.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::routes::Route;

/// What goes wrong with a request, queued by [`IngestServer::fail`](crate::IngestServer::fail).
///
/// A fault that answers with a 2xx status lets the content be accepted, but never hides that a
/// request was malformed: such a request is answered with the error that it would have got without
/// the fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// Answers with this status.
    Status {
        /// 200 to 599.
        status: u16,
        /// Added to the answer.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body of the answer.
        #[serde(default)]
        body: String,
    },
    /// Waits for so many milliseconds of tokio's time, then answers normally. The request is
    /// recorded before the wait, its content accepted after it.
    Delay(u64),
    /// Reads the request, never answers and holds the connection.
    Hang,
    /// Answers 200 with headers, a content length and the beginning of a body that never goes on.
    HangBody,
    /// Resets the connection before the request's body is read. Such a request is not recorded.
    Reset,
    /// Reads and records the whole request, then resets the connection.
    ResetAfterBody,
    /// Accepts the whole request, then resets the connection: the client cannot know.
    ResetAfterAccepting,
    /// Reads the whole request, answers with this text in place of HTTP, and closes the connection.
    Raw(String),
    /// Answers 200 with a body that is not JSON.
    Garbage,
    /// Answers 200 with a body that never ends.
    EndlessBody,
    /// Answers with this status and a body that never ends.
    EndlessBodyWithStatus(u16),
    /// Answers with this status and a body that never ends either, a thousandth of its size on the
    /// wire: it is compressed.
    CompressedBomb(u16),
    /// Answers with this status and a body of a byte every tenth of a second of tokio's time.
    DripBody(u16),
    /// Answers 200 with headers that never end.
    EndlessHeaders,
    /// Answers `103 Early Hints` ten times every tenth of a second of tokio's time, and nothing
    /// else.
    EndlessHints,
}

impl Fault {
    /// An answer with this status and nothing else of interest.
    pub fn status(status: u16) -> Fault {
        let body = match status {
            204 | 205 | 304 => String::new(),
            _ => format!(r#"{{"error":"a fault asked for {status}"}}"#),
        };
        Fault::Status { status, headers: Vec::new(), body }
    }

    /// An answer with this status and this `Retry-After`, in seconds or as an HTTP date.
    pub fn retry_after(status: u16, value: &str) -> Fault {
        let mut fault = Fault::status(status);
        if let Fault::Status { headers, .. } = &mut fault {
            headers.push(("retry-after".into(), value.into()));
        }
        fault
    }

    /// A redirect with this status to this URL.
    pub fn redirect(status: u16, location: &str) -> Fault {
        Fault::Status { status, headers: vec![("location".into(), location.into())], body: String::new() }
    }

    /// How long the answer is held back.
    pub(crate) fn delay(&self) -> Option<Duration> {
        match self {
            Fault::Delay(ms) => Some(Duration::from_millis(*ms)),
            _ => None,
        }
    }

    /// Whether HTTP can say what the fault asks for.
    fn check(&self) -> Result<(), String> {
        match self {
            Fault::Status { status, .. }
            | Fault::EndlessBodyWithStatus(status)
            | Fault::CompressedBomb(status)
            | Fault::DripBody(status)
                if !(200..=599).contains(status) =>
            {
                Err(format!("a fault's status is 200 to 599, not {status}"))
            }
            Fault::Status { headers, .. } => headers.iter().try_for_each(|(name, value)| {
                HeaderName::try_from(name).map_err(|_| format!("{name:?} is not a header name"))?;
                HeaderValue::try_from(value).map_err(|_| format!("{value:?} is not a header value"))?;
                Ok(())
            }),
            _ => Ok(()),
        }
    }
}

/// The faults still to come, in the order in which they were asked for.
#[derive(Default)]
pub(crate) struct Faults {
    queue: Vec<Queued>,
}

struct Queued {
    /// `None` stands for any route.
    route: Option<Route>,
    times: usize,
    fault: Fault,
}

impl Faults {
    pub(crate) fn push(&mut self, route: &str, times: usize, fault: Fault) -> Result<(), String> {
        fault.check()?;
        let route = match route {
            "*" => None,
            name => Some(Route::named(name)?),
        };
        if times > 0 {
            self.queue.push(Queued { route, times, fault });
        }
        Ok(())
    }

    /// The fault for a request of this route, one time of it used up.
    pub(crate) fn take(&mut self, route: Route) -> Option<Fault> {
        let index = self.queue.iter().position(|queued| queued.route.is_none_or(|it| it == route))?;
        let queued = &mut self.queue[index];
        match queued.times {
            usize::MAX => Some(queued.fault.clone()),
            1 => Some(self.queue.remove(index).fault),
            _ => {
                queued.times -= 1;
                Some(queued.fault.clone())
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults};
    use crate::routes::Route;

    #[test]
    fn faults_queue_up_in_order_and_only_for_their_route() {
        let mut faults = Faults::default();
        faults.push("traces", 2, Fault::status(500)).unwrap();
        faults.push("*", 1, Fault::Hang).unwrap();
        faults.push("traces", usize::MAX, Fault::Garbage).unwrap();
        assert_eq!(faults.take(Route::Traces), Some(Fault::status(500)));
        assert_eq!(faults.take(Route::Events), Some(Fault::Hang));
        assert_eq!(faults.take(Route::Events), None);
        assert_eq!(faults.take(Route::Traces), Some(Fault::status(500)));
        for _ in 0..3 {
            assert_eq!(faults.take(Route::Traces), Some(Fault::Garbage));
        }
        faults.clear();
        assert_eq!(faults.take(Route::Traces), None);
    }

    #[test]
    fn a_fault_that_http_cannot_say_is_refused() {
        let mut faults = Faults::default();
        assert!(faults.push("trace", 1, Fault::Hang).unwrap_err().contains("events/track"));
        assert!(faults.push("traces", 1, Fault::status(101)).is_err());
        assert!(faults.push("traces", 1, Fault::EndlessBodyWithStatus(99)).is_err());
        assert!(faults.push("traces", 1, Fault::CompressedBomb(600)).is_err());
        assert!(faults.push("traces", 1, Fault::DripBody(199)).is_err());
        assert!(faults.push("traces", 1, Fault::retry_after(429, "1\n2")).is_err());
    }
}
