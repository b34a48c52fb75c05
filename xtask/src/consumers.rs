//! The tests of the npm package, as it was built and, packed, in everything that loads it.

use std::path::Path;

use crate::npm;
use crate::step::Step;
use crate::tools::{self, NPM_DIRECTORY};

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
            .env_path("RAINDROP_NPM_TARBALL", &tarball);
        Ok::<_, String>(step)
    };
    Ok(vec![
        Step::cargo("build the npm package", &["xtask", "npm"]),
        tools::build_ingest(),
        node_test("tests of the npm package", "api")?,
        node_test("tests of its tarball in runtimes", "runtimes")?,
        node_test("tests of its tarball in Chromium", "browser")?.skip_if(tools::browser_is_missing),
    ])
}
