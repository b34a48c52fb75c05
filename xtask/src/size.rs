//! `cargo xtask size`: what the SDK adds to the bundle of a Worker.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::step::Step;
use crate::tools;
use crate::worker;

/// The most that the SDK may add.
const BUDGET: &str = "tests/worker-size/budget.json";

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
struct Size {
    raw: i64,
    gzip: i64,
    brotli: i64,
}

impl Size {
    fn from_json(text: &str) -> Option<Self> {
        let size: Value = serde_json::from_str(text).ok()?;
        let bytes = |key: &str| size[key].as_i64();
        Some(Self { raw: bytes("raw")?, gzip: bytes("gzip")?, brotli: bytes("brotli")? })
    }

    fn to_json(self) -> Value {
        json!({ "raw": self.raw, "gzip": self.gzip, "brotli": self.brotli })
    }

    fn minus(self, other: Self) -> Self {
        Self { raw: self.raw - other.raw, gzip: self.gzip - other.gzip, brotli: self.brotli - other.brotli }
    }
}

/// Builds the Worker with and without the SDK and prints the sizes as JSON. With `check`, more than the budget is an
/// error.
///
/// # Errors
///
/// A message that names the failed command, or the excess.
pub fn run(check: bool) -> Result<(), String> {
    let target = tools::target_directory()?;
    let without = weigh("build/without", &[], &target)?;
    let with = weigh("build/with", &["--features", "raindrop"], &target)?;
    let added = with.minus(without);
    let sizes = json!({ "worker": { "with": with.to_json(), "without": without.to_json(), "added": added.to_json() } });
    println!("{sizes:#}");
    if check { within(added, budget()?) } else { Ok(()) }
}

fn weigh(directory: &str, features: &[&str], target: &Path) -> Result<Size, String> {
    worker::build(worker::WEIGHED, &["--out-dir", directory], features, target)
        .produce()
        .map_err(|error| format!("{error}\n`cargo xtask test` installs what it needs"))?;
    let files = ["index.js", "index_bg.wasm"].map(|file| format!("{directory}/{file}"));
    let size = Step::new("weigh", "node", &["-e", WEIGH]).args(&files).directory(worker::WEIGHED).output()?;
    Size::from_json(&size).ok_or_else(|| format!("node printed no size: {size}"))
}

/// How many bytes of gzip the SDK may add.
fn budget() -> Result<i64, String> {
    let path = tools::workspace_root().join(BUDGET);
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {BUDGET}: {error}"))?;
    let budget: Value = serde_json::from_str(&text).map_err(|error| format!("{BUDGET} is no JSON: {error}"))?;
    budget["added"]["gzip"].as_i64().ok_or_else(|| format!("{BUDGET} has no number at added.gzip"))
}

fn within(added: Size, budget: i64) -> Result<(), String> {
    if added.gzip <= budget {
        return Ok(());
    }
    Err(format!(
        "the SDK adds {} bytes of gzip to a Worker, {} more than the {budget} that {BUDGET} allows",
        added.gzip,
        added.gzip - budget
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(raw: i64, gzip: i64, brotli: i64) -> Size {
        Size { raw, gzip, brotli }
    }

    #[test]
    fn what_is_added_is_a_subtraction() {
        assert_eq!(size(300, 100, 90).minus(size(200, 60, 95)), size(100, 40, -5));
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
    fn the_budget_may_be_used_up_and_no_more() {
        assert_eq!(within(size(100, 40, 30), 40), Ok(()));
        let error = within(size(100, 43, 30), 40).unwrap_err();
        assert!(error.contains("43 bytes") && error.contains("3 more than the 40"), "{error}");
    }

    #[test]
    fn the_committed_budget_can_be_read() {
        assert!(budget().unwrap() > 0);
    }
}
