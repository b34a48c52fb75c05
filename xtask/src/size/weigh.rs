//! How many bytes files take, as they are and compressed.

use std::fs;

use serde_json::{Value, json};

use crate::step::Step;
use crate::tools;

/// Prints the bytes of the files named on its command line, taken together as `wrangler deploy` counts them.
const WEIGH: &str = "
const { readFileSync } = require('node:fs');
const { brotliCompressSync, constants, gzipSync } = require('node:zlib');
const bundle = Buffer.concat(process.argv.slice(1).map((file) => readFileSync(file)));
const brotli = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bundle.length };
console.log(JSON.stringify({
  raw: bundle.length,
  gzip: gzipSync(bundle, { level: 9 }).length,
  brotli: brotliCompressSync(bundle, { params: brotli }).length,
}));
";

/// Bytes. Signed, because a difference may go below zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    pub raw: i64,
    pub gzip: i64,
    pub brotli: i64,
}

impl Size {
    /// Weighs `files`, paths from `directory`, in one piece.
    ///
    /// # Errors
    ///
    /// When node does not run or cannot read them.
    pub fn of(directory: &'static str, files: &[String]) -> Result<Self, String> {
        let size = Step::new("weigh", "node", &["-e", WEIGH]).args(files).directory(directory).output()?;
        Self::from_json(&size).ok_or_else(|| format!("node printed no size: {size}"))
    }

    fn from_json(text: &str) -> Option<Self> {
        let size: Value = serde_json::from_str(text).ok()?;
        let bytes = |key: &str| size[key].as_i64();
        Some(Self { raw: bytes("raw")?, gzip: bytes("gzip")?, brotli: bytes("brotli")? })
    }

    pub fn to_json(self) -> Value {
        json!({ "raw": self.raw, "gzip": self.gzip, "brotli": self.brotli })
    }

    pub fn minus(self, other: Self) -> Self {
        Self { raw: self.raw - other.raw, gzip: self.gzip - other.gzip, brotli: self.brotli - other.brotli }
    }

    pub fn plus(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }
}

/// The number at `pointer` in a committed file of JSON: how many bytes there may be.
///
/// # Errors
///
/// When there is no such file or number.
pub fn budget(file: &str, pointer: &str) -> Result<i64, String> {
    let text = fs::read_to_string(tools::workspace_root().join(file))
        .map_err(|error| format!("cannot read {file}: {error}"))?;
    let budget: Value = serde_json::from_str(&text).map_err(|error| format!("{file} is no JSON: {error}"))?;
    budget.pointer(pointer).and_then(Value::as_i64).ok_or_else(|| format!("{file} has no number at {pointer}"))
}

/// # Errors
///
/// The excess, when `bytes` is more than `budget`.
pub fn within(what: &str, bytes: i64, budget: i64, file: &str) -> Result<(), String> {
    if bytes <= budget {
        return Ok(());
    }
    Err(format!(
        "{what} {bytes} bytes, {} more than the {budget} that {file} allows. If that is the price of something good, \
         write it there",
        bytes - budget
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(raw: i64, gzip: i64, brotli: i64) -> Size {
        Size { raw, gzip, brotli }
    }

    #[test]
    fn sizes_add_up() {
        assert_eq!(size(300, 100, 90).minus(size(200, 60, 95)), size(100, 40, -5));
        assert_eq!(size(300, 100, 90).plus(size(200, 60, 95)), size(500, 160, 185));
    }

    #[test]
    fn a_size_is_complete_or_none() {
        let text = r#"{"raw":300,"gzip":100,"brotli":90}"#;
        assert_eq!(Size::from_json(text), Some(size(300, 100, 90)));
        assert_eq!(size(300, 100, 90).to_json(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(Size::from_json(r#"{"raw":300,"gzip":100}"#), None);
        assert_eq!(Size::from_json("node: not found"), None);
    }

    #[test]
    fn a_budget_may_be_used_up_and_no_more() {
        assert_eq!(within("it takes", 40, 40, "budget.json"), Ok(()));
        let error = within("it takes", 43, 40, "budget.json").unwrap_err();
        assert_eq!(
            error,
            "it takes 43 bytes, 3 more than the 40 that budget.json allows. If that is the price of something good, write it there"
        );
    }

    #[test]
    fn a_budget_that_is_not_there_is_named() {
        let error = budget("tests/worker-size/budget.json", "/no/such").unwrap_err();
        assert_eq!(error, "tests/worker-size/budget.json has no number at /no/such");
        assert!(budget("no-such.json", "/").unwrap_err().starts_with("cannot read no-such.json"));
    }
}
