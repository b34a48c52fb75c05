//! A flush: takes what waits in the outbox, sends it, and reports.

mod answer;
mod drive;
mod flight;
mod mirror;
mod policy;
mod report;
pub(crate) mod retry_after;

pub(crate) use drive::drive;
pub(crate) use flight::Flight;
#[cfg(any(test, fuzzing))]
pub(crate) use flight::Slot;
#[cfg(any(feature = "js", test, fuzzing))]
pub(crate) use flight::{Command, Post};
#[cfg(feature = "js")]
pub(crate) use policy::Answer;
pub use report::FlushReport;

use crate::error::{Error, Result};

/// How a flush went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub report: FlushReport,
    /// Of the first request that failed.
    pub error: Option<Error>,
    /// Whether the deadline, not the server, kept something back.
    pub out_of_time: bool,
}

impl Outcome {
    fn fail(&mut self, error: Option<Error>) {
        self.error = self.error.take().or(error);
    }

    pub fn into_result(self) -> Result<FlushReport> {
        self.error.map_or(Ok(self.report), Err)
    }
}
