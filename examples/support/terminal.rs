//! Colours, where there is a terminal that wants them.

use std::io::{IsTerminal, stdout};

use raindrop::FlushReport;
use serde_json::Value;

#[derive(Clone, Copy)]
pub enum Style {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Blue = 34,
    Magenta = 35,
    Cyan = 36,
}

/// Paints text; leaves it as it is when the output is not a terminal or `NO_COLOR` is set.
#[derive(Clone, Copy)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    pub fn detect() -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_on: stdout().is_terminal() && !is_unwanted }
    }

    pub fn paint(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if self.is_on && !text.is_empty() { format!("\x1b[{}m{text}\x1b[0m", style as u8) } else { text.to_owned() }
    }

    /// Green when everything arrived.
    pub fn report(self, report: &FlushReport) -> String {
        let is_complete = report.requeued() == 0 && report.dropped() == 0;
        self.paint(if is_complete { Style::Green } else { Style::Red }, report.to_string())
    }
}

/// A JSON value as people write it: text without quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
