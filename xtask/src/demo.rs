//! `cargo xtask demo`: `examples/browser` with an ingestion server of its own.

use crate::lock;
use crate::npm;
use crate::step::{self, Step};
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
    let mut set_up = tools::wasm_target();
    set_up.push(tools::wasm_bindgen_command(&lock::wasm_bindgen()?, &target));
    set_up.push(tools::worker_node_modules());
    set_up.push(tools::build_ingest());
    step::run_all(&set_up)?;

    let package = npm::build(&target)?;
    Step::new("demo", "node", &["examples/browser/serve.mjs"])
        .args(&[
            package.directory.display().to_string(),
            tools::ingest(&target).display().to_string(),
            port.to_string(),
        ])
        .produce()
}
