//! The Workers in this repository: how they are checked, built and tested.

use std::path::{Path, PathBuf};

use crate::step::Step;
use crate::tools::{self, NODE_DIRECTORY, WASM};

const EXAMPLE: &str = "worker-example";
const TESTED: &str = "tests/worker";

/// The Worker that [`crate::size`] weighs.
pub const WEIGHED: &str = "tests/worker-size";

/// Each is a workspace of its own, with its own lock file.
pub const CRATES: [&str; 3] = [EXAMPLE, TESTED, WEIGHED];

/// Format and lints.
pub fn checks(target: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    for directory in CRATES {
        steps.push(Step::cargo(format!("fmt {directory}"), &["fmt", "--check"]).directory(directory));
        steps.push(clippy(directory, &[], target));
    }
    steps.push(clippy(EXAMPLE, &["--examples"], target));
    steps.push(clippy(WEIGHED, &["--all-features"], target));
    steps
}

fn clippy(directory: &'static str, flags: &[&str], target: &Path) -> Step {
    let name = [&["clippy", directory], flags].concat().join(" ");
    Step::cargo(name, &["clippy", "--target", WASM, "--locked"])
        .args(flags)
        .args(&["--", "-D", "warnings"])
        .directory(directory)
        .env_path("CARGO_TARGET_DIR", &shared(target))
}

/// The Workers' tests in workerd.
///
/// # Errors
///
/// When the test files cannot be listed.
pub fn tests(target: &Path) -> Result<Vec<Step>, String> {
    let files = tools::test_files(NODE_DIRECTORY, "test")?;
    Ok(vec![
        example(target).skip_if(tools::worker_build_is_missing),
        tested(target).skip_if(tools::worker_build_is_missing),
        tools::build_ingest(),
        tools::node_test("tests in workerd", NODE_DIRECTORY, &files)
            .env_path("RAINDROP_INGEST_BIN", &tools::ingest(target))
            .skip_if(tools::worker_build_is_missing),
    ])
}

/// Builds the example.
pub fn example(target: &Path) -> Step {
    build(EXAMPLE, &[], &[], target)
}

/// Builds the Worker of the tests.
pub fn tested(target: &Path) -> Step {
    build(TESTED, &[], &[], target)
}

/// A release build by worker-build. Options of cargo come last: worker-build hands on all that follows the first.
pub fn build(directory: &'static str, options: &[&str], cargo_options: &[&str], target: &Path) -> Step {
    let name = [&["build", directory], cargo_options].concat().join(" ");
    let bin = tools::workspace_root().join(NODE_DIRECTORY).join("node_modules/.bin");
    Step::new(name, "worker-build", &["--release"])
        .args(options)
        .args(&["--locked"])
        .args(cargo_options)
        .directory(directory)
        .env_path("CARGO_TARGET_DIR", &shared(target))
        // Without these, worker-build downloads them.
        .env("WASM_BINDGEN_BIN", "wasm-bindgen")
        .env_path("WASM_OPT_BIN", &bin.join("wasm-opt"))
        .env_path("ESBUILD_BIN", &bin.join("esbuild"))
}

/// One directory for all Workers, where what they share is compiled once.
fn shared(target: &Path) -> PathBuf {
    target.join("worker")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_worker_in_the_readme_is_the_one_that_is_compiled() {
        let read = |path| fs::read_to_string(tools::workspace_root().join(path)).unwrap();
        let compiled = read("worker-example/examples/readme.rs");
        assert!(
            read("README.md").contains(&format!("```rust,ignore\n{compiled}```\n")),
            "README.md shows another Worker than worker-example/examples/readme.rs"
        );
    }

    #[test]
    fn options_of_cargo_follow_those_of_worker_build() {
        let step = build(WEIGHED, &["--out-dir", "build/with"], &["--features", "raindrop"], Path::new("/target"));
        let shown = step.to_string();
        assert!(shown.starts_with("cd tests/worker-size && CARGO_TARGET_DIR=/target/worker "), "{shown}");
        assert!(
            shown.ends_with(" worker-build --release --out-dir build/with --locked --features raindrop"),
            "{shown}"
        );
    }
}
