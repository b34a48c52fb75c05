//! What the SDK adds to the bundle of a Worker in Rust.

use std::path::Path;

use serde_json::{Value, json};

use super::weigh::{self, Size};
use crate::worker;

/// The most that the SDK may add.
const BUDGET: &str = "tests/worker-size/budget.json";

pub struct Sizes {
    with: Size,
    without: Size,
}

/// Builds the Worker with and without the SDK.
pub fn measure(target: &Path) -> Result<Sizes, String> {
    let without = built("build/without", &[], target)?;
    let with = built("build/with", &["--features", "raindrop"], target)?;
    Ok(Sizes { with, without })
}

fn built(directory: &str, features: &[&str], target: &Path) -> Result<Size, String> {
    worker::build(worker::WEIGHED, &["--out-dir", directory], features, target).produce()?;
    let files = ["index.js", "index_bg.wasm"].map(|file| format!("{directory}/{file}"));
    Size::of(worker::WEIGHED, &files)
}

impl Sizes {
    fn added(&self) -> Size {
        self.with.minus(self.without)
    }

    pub fn to_json(&self) -> Value {
        json!({
            "with": self.with.to_json(),
            "without": self.without.to_json(),
            "added": self.added().to_json(),
        })
    }

    pub fn check(&self) -> Result<(), String> {
        weigh::within("the SDK adds to a Worker, in gzip,", self.added().gzip, budget()?, BUDGET)
    }
}

fn budget() -> Result<i64, String> {
    weigh::budget(BUDGET, "/added/gzip")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_budget_can_be_read() {
        assert!(super::budget().unwrap() > 0);
    }
}
