//! What a page downloads for the npm package: wasm and minified JavaScript, beside what it downloads for
//! `@raindrop-ai/ai-sdk`.

use std::path::Path;

use serde_json::{Value, json};

use super::weigh::{self, Size};
use crate::npm;
use crate::step::Step;
use crate::tools::{self, NPM_DIRECTORY};

/// The most that the package may take.
const BUDGET: &str = "tests/npm/budget.json";

/// Each makes a client, so that nothing of use is left out of the bundle.
const OURS: &str = "sizes/ours.mjs";
const PEER: &str = "sizes/peer.mjs";

pub struct Sizes {
    wasm: Size,
    javascript: Size,
    peer: Size,
}

/// Builds the package, and a bundle of each.
pub fn measure(target: &Path) -> Result<Sizes, String> {
    let package = npm::build(target)?;
    let wasm = package.directory.join("raindrop_bg.wasm").display().to_string();
    let alias = format!("--alias:raindrop-edge={}", package.directory.join("browser.js").display());
    Ok(Sizes {
        wasm: Size::of(NPM_DIRECTORY, &[wasm])?,
        javascript: bundled(OURS, &[alias], target)?,
        peer: bundled(PEER, &[], target)?,
    })
}

fn bundled(entry: &str, options: &[String], target: &Path) -> Result<Size, String> {
    let bundle = target.join("npm").join(entry).display().to_string();
    let esbuild = tools::workspace_root().join(NPM_DIRECTORY).join("node_modules/.bin/esbuild");
    Step::new("bundle", &esbuild.display().to_string(), &[entry, "--bundle", "--minify", "--format=esm"])
        .args(options)
        .args(&["--log-level=warning".to_owned(), format!("--outfile={bundle}")])
        .directory(NPM_DIRECTORY)
        .produce()?;
    Size::of(NPM_DIRECTORY, &[bundle])
}

impl Sizes {
    /// Two files are compressed each for itself.
    fn ours(&self) -> Size {
        self.wasm.plus(self.javascript)
    }

    pub fn to_json(&self) -> Value {
        let ours = self.ours();
        json!({
            "wasm": self.wasm.to_json(),
            "javascript": self.javascript.to_json(),
            "ours": ours.to_json(),
            "peer": self.peer.to_json(),
            "ratio": {
                "raw": ratio(ours.raw, self.peer.raw),
                "gzip": ratio(ours.gzip, self.peer.gzip),
                "brotli": ratio(ours.brotli, self.peer.brotli),
            },
        })
    }

    pub fn check(&self) -> Result<(), String> {
        weigh::within("the npm package takes in a page, in brotli,", self.ours().brotli, budget()?, BUDGET)
    }
}

/// To three digits.
fn ratio(ours: i64, peer: i64) -> f64 {
    (ours as f64 / peer as f64 * 1000.0).round() / 1000.0
}

fn budget() -> Result<i64, String> {
    weigh::budget(BUDGET, "/ours/brotli")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(bytes: i64) -> Size {
        Size { raw: 4 * bytes, gzip: 2 * bytes, brotli: bytes }
    }

    #[test]
    fn both_files_count_against_the_peer() {
        let sizes = Sizes { wasm: size(20), javascript: size(5), peer: size(30) }.to_json();
        assert_eq!(sizes["ours"]["brotli"], 25);
        assert_eq!(sizes["peer"]["brotli"], 30);
        assert_eq!(sizes["ratio"]["brotli"], 0.833);
    }

    #[test]
    fn the_committed_budget_can_be_read() {
        assert!(budget().unwrap() > 0);
    }
}
