//! `cargo xtask size`: what the SDK weighs where it is downloaded.

mod page;
mod weigh;
mod worker;

use serde_json::json;

use crate::tools;

/// Builds and weighs, and prints the sizes as JSON. With `check`, more than a budget is an error.
///
/// # Errors
///
/// A message that names the failed command, or the excess.
pub fn run(check: bool) -> Result<(), String> {
    let target = tools::target_directory()?;
    let hint = |error| format!("{error}\n`cargo xtask test` installs what it needs");
    let worker = worker::measure(&target).map_err(hint)?;
    let page = page::measure(&target).map_err(hint)?;
    println!("{:#}", json!({ "worker": worker.to_json(), "page": page.to_json() }));
    if check {
        worker.check()?;
        page.check()?;
    }
    Ok(())
}
