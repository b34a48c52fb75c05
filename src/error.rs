//! What can go wrong, in one type.

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not do what was asked.
///
/// Recording calls fail only with [`Closed`](Error::Closed) and [`Invalid`](Error::Invalid): they do no I/O.
/// The others come from building a client, and from `flush` and `close`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client was closed; what was handed over was not recorded.
    #[error("the client is closed: record before calling `close`")]
    Closed,
    /// A request failed before a response arrived: connection refused, reset, TLS failure.
    #[error("request failed: {0}")]
    Http(String),
    /// The server answered with a status other than 2xx.
    #[error("the server answered {status}{}{body}", if body.is_empty() { "" } else { ": " })]
    HttpStatus {
        /// The HTTP status code.
        status: u16,
        /// The beginning of the response body, at most 4 KiB.
        body: String,
    },
    /// A value could not be turned into JSON. The source says why. No call of this crate returns it: it is for code that
    /// converts its own errors with `?`.
    #[error("not representable as JSON")]
    Json(#[from] serde_json::Error),
    /// The client could not be built from these settings.
    #[error("invalid configuration: {0}")]
    Config(String),
    /// A record was not accepted, because of this field. Nothing of it is sent.
    #[error("`{field}` {reason}")]
    Invalid {
        /// The field, as it is named in the option struct: `user_id`, `attachments[0].kind`.
        field: String,
        /// What is wrong with it, and what is expected.
        reason: String,
    },
    /// The server did not answer within the request timeout.
    #[error("the server did not answer within the request timeout")]
    Timeout,
}

impl Error {
    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Invalid { field: field.into(), reason: reason.into() }
    }

    #[inline(never)]
    pub(crate) fn required(field: &str, hint: &str) -> Self {
        Self::invalid(field, format!("is required: {hint}"))
    }
}
