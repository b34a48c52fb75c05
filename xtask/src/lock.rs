//! What the committed lock files say.

use std::fs;

use crate::npm;
use crate::tools;
use crate::worker;

/// The locked version of wasm-bindgen, which its command must have, too.
///
/// # Errors
///
/// When the lock file of a Worker, or of the npm package's module, names another version.
pub fn wasm_bindgen() -> Result<String, String> {
    let locked = locked("")?;
    for directory in worker::CRATES.into_iter().chain([npm::CRATE]) {
        agree(&locked, directory, &self::locked(directory)?)?;
    }
    Ok(locked)
}

fn locked(directory: &str) -> Result<String, String> {
    let path = tools::workspace_root().join(directory).join("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    version(&lock, "wasm-bindgen").ok_or_else(|| format!("{} names no wasm-bindgen", path.display()))
}

fn agree(workspace: &str, directory: &str, locked: &str) -> Result<(), String> {
    if locked == workspace {
        return Ok(());
    }
    Err(format!(
        "{directory}/Cargo.lock has wasm-bindgen {locked}, the workspace has {workspace}: change it by\n\
         cargo update --manifest-path {directory}/Cargo.toml wasm-bindgen --precise {workspace}"
    ))
}

/// The version of a package in the text of a lock file.
fn version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_whole_name() {
        let lock = r#"
[[package]]
name = "wasm-bindgen-futures"
version = "0.4.80"
dependencies = [
 "wasm-bindgen",
]

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
"#;
        assert_eq!(version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version(lock, "wasm"), None);
    }

    #[test]
    fn a_lock_file_that_differs_is_named_with_the_remedy() {
        assert_eq!(agree("0.2.130", "worker-example", "0.2.130"), Ok(()));
        let error = agree("0.2.130", "worker-example", "0.2.129").unwrap_err();
        assert!(error.contains("worker-example/Cargo.lock has wasm-bindgen 0.2.129"), "{error}");
        assert!(error.ends_with("wasm-bindgen --precise 0.2.130"), "{error}");
    }

    #[test]
    fn the_committed_lock_files_agree() {
        wasm_bindgen().unwrap();
    }
}
