//! `cargo xtask demo`: `examples/browser` with an ingestion server of its own.

use crate::npm;
use crate::step::Step;
use crate::tools;

/// Where the demo is served unless told otherwise.
pub const PORT: u16 = 8123;

/// Installs what is missing, builds the package, and serves until it is interrupted.
///
/// # Errors
///
/// A message that names the failed command.
pub fn run(port: u16) -> Result<(), String> {
    let target = tools::target_directory()?;
    let package = npm::build(&target)?;
    tools::build_ingest().produce()?;
    Step::new("demo", "node", &["examples/browser/serve.mjs"])
        .args(&[
            package.directory.display().to_string(),
            tools::ingest(&target).display().to_string(),
            port.to_string(),
        ])
        .produce()
}
