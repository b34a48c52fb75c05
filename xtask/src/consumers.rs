//! The tests of the npm package, as it was built, packed in everything that loads it, and from source.

use std::path::{Path, PathBuf};

use crate::npm;
use crate::step::Step;
use crate::tools::{self, NPM_DIRECTORY, WASM};

/// # Errors
///
/// When the test files cannot be listed.
pub fn tests(target: &Path) -> Result<Vec<Step>, String> {
    let tarball = npm::tarball(target)?;
    let node_test = |name, folder| {
        let files = tools::test_files(NPM_DIRECTORY, folder)?;
        let step = tools::node_test(name, NPM_DIRECTORY, &files)
            .env_path("RAINDROP_INGEST_BIN", &tools::ingest(target))
            .env_path("RAINDROP_NPM_DIRECTORY", &npm::directory(target))
            .env_path("RAINDROP_NPM_TARBALL", &tarball)
            .env_path("RAINDROP_SOURCE_DIRECTORY", &source(target));
        Ok::<_, String>(step)
    };
    Ok(vec![
        Step::cargo("build the npm package", &["xtask", "npm"]),
        tools::build_ingest(),
        Step::cargo("build from source", &["build", "--lib", "--features", "js", "--target", WASM, "--locked"]),
        bind_source(target),
        node_test("tests of the npm package", "api")?,
        node_test("tests of its tarball in runtimes", "runtimes")?,
        node_test("tests of its tarball in Chromium", "browser")?.skip_if(tools::browser_is_missing),
    ])
}

/// Where what wasm-pack would make of the crate is left.
fn source(target: &Path) -> PathBuf {
    target.join("npm").join("source")
}

/// What `wasm-pack build --target web -- --features js` does after compiling.
fn bind_source(target: &Path) -> Step {
    let compiled = target.join(WASM).join("debug/raindrop.wasm");
    Step::new("bind it", "wasm-bindgen", &["--target", "web", "--out-dir"])
        .args(&[source(target).display().to_string(), compiled.display().to_string()])
}
