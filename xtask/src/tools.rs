//! The programs that a run needs: where they are, and guarded steps that install what is missing.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lock;
use crate::step::Step;

pub const WASM: &str = "wasm32-unknown-unknown";

/// Must have the minor version of the crate `worker`.
const WORKER_BUILD: &str = "0.8.7";

const CARGO_DENY: &str = "0.20.2";

/// The oldest compiler that the crate promises to work with.
pub const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Where the `package.json` of the Workers' tests and builds is.
pub const NODE_DIRECTORY: &str = "tests/worker";

/// Where the `package.json` of the npm package's tests is, and of what it is measured against.
pub const NPM_DIRECTORY: &str = "tests/npm";

/// rustfmt and clippy, which a minimal Rust toolchain lacks.
pub fn rust_components() -> Vec<Step> {
    vec![Step::new("set-up: rustfmt and clippy", "rustup", &["component", "add", "rustfmt", "clippy"]).skip_if(|| {
        let installed = succeeds("cargo", &["fmt", "--version"]) && succeeds("cargo", &["clippy", "--version"]);
        installed.then_some("installed")
    })]
}

/// The source of the standard library, for the npm package.
pub fn rust_source() -> Step {
    Step::new("set-up: source of the standard library", "rustup", &["component", "add", "rust-src"])
        .skip_if(|| has_rust_source().then_some("installed"))
}

pub fn has_rust_source() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]);
    let sysroot = output_of(rustc).unwrap_or_default();
    Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").is_dir()
}

/// The oldest compiler, beside the one in use.
pub fn oldest_rust() -> Step {
    Step::new("set-up: oldest Rust", "rustup", &["toolchain", "install", OLDEST_RUST, "--no-self-update"])
        .args(&["--profile", "minimal", "--target", WASM])
        .optional()
        .skip_if(|| oldest_rust_is_missing().is_none().then_some("installed"))
}

/// A guard for steps that compile with it.
pub fn oldest_rust_is_missing() -> Option<&'static str> {
    let libraries = output("rustup", &["run", OLDEST_RUST, "rustc", "--print", "target-libdir", "--target", WASM]);
    let has_libraries = libraries.is_ok_and(|directory| Path::new(directory.trim()).is_dir());
    (!has_libraries).then_some("needs rustup, and the oldest Rust by it")
}

/// The standard library for wasm.
pub fn wasm_target() -> Vec<Step> {
    vec![
        Step::new("set-up: wasm target", "rustup", &["target", "add", WASM])
            .skip_if(|| has_wasm_target().then_some("installed")),
    ]
}

/// What is installed only where that is a matter of course (Debian, as root): OpenSSL's headers, which the feature
/// `native-tls` and worker-build are built against on Linux, a browser, valgrind, and Python. Elsewhere, what needs them is
/// left out: see [`native_tls_is_missing`], [`browser_is_missing`], [`valgrind_is_missing`] and [`python_is_missing`].
pub fn debian_packages() -> Vec<Step> {
    let apt_get =
        |name, args: &[&str]| Step::new(name, "apt-get", args).env("DEBIAN_FRONTEND", "noninteractive").optional();
    let install = ["install", "--yes", "--no-install-recommends"];
    vec![
        apt_get("set-up: package lists", &["update"]).skip_if(|| {
            let missing = [browser_is_missing(), valgrind_is_missing(), python_is_missing()];
            no_apt(has_native_tls() && missing.iter().all(Option::is_none))
        }),
        apt_get("set-up: OpenSSL headers", &install)
            .args(&["libssl-dev", "pkg-config"])
            .skip_if(|| no_apt(has_native_tls())),
        apt_get("set-up: Chromium", &install)
            .args(&["chromium", "chromium-driver"])
            .skip_if(|| no_apt(browser_is_missing().is_none())),
        apt_get("set-up: valgrind", &install).args(&["valgrind"]).skip_if(|| no_apt(valgrind_is_missing().is_none())),
        apt_get("set-up: Python", &install).args(&["python3-venv"]).skip_if(|| no_apt(python_is_missing().is_none())),
    ]
}

fn no_apt(installed: bool) -> Option<&'static str> {
    if installed {
        Some("installed")
    } else if !Path::new("/etc/debian_version").exists() || !is_root() {
        Some("installs only on Debian, as root")
    } else {
        None
    }
}

/// A guard for steps that run in a browser. The driver finds the browser, which comes along with it on Debian.
pub fn browser_is_missing() -> Option<&'static str> {
    (!succeeds("chromedriver", &["--version"])).then_some("needs Chromium and chromedriver")
}

/// A guard for steps that count instructions.
pub fn valgrind_is_missing() -> Option<&'static str> {
    (!succeeds("valgrind", &["--version"])).then_some("needs valgrind")
}

/// A guard for steps that run what PyPI has.
pub fn python_is_missing() -> Option<&'static str> {
    (!succeeds("python3", &["-c", "import ensurepip, venv"])).then_some("needs Python 3 with venv")
}

/// The tools that make JavaScript modules of wasm.
pub fn wasm_tools(wasm_bindgen: &str, target: &Path) -> Vec<Step> {
    vec![
        wasm_bindgen_command(wasm_bindgen, target),
        install("set-up: worker-build", target)
            .args(&["--locked", "worker-build", "--version", WORKER_BUILD])
            .skip_if(|| if has_worker_build() { Some("installed") } else { native_tls_is_missing() }),
    ]
}

/// The command of this `version`: it works with crates of exactly the same version only.
pub fn wasm_bindgen_command(version: &str, target: &Path) -> Step {
    install("set-up: wasm-bindgen", target)
        // Its own lock file names versions that are not to be had any more.
        .args(&["wasm-bindgen-cli", "--version", version])
        .skip_if(|| wasm_bindgen_is_installed().then_some("installed"))
}

/// What checks licenses and where dependencies come from.
pub fn cargo_deny(target: &Path) -> Step {
    install("set-up: cargo-deny", target)
        .args(&["--locked", "cargo-deny", "--version", CARGO_DENY])
        .skip_if(|| has_cargo_deny().then_some("installed"))
}

fn has_cargo_deny() -> bool {
    version_of("cargo-deny").is_ok_and(|installed| installed.trim() == format!("cargo-deny {CARGO_DENY}"))
}

/// One directory for all, where what they share is compiled once; and not for speed: they run for seconds, and a whole
/// run has to stay below 40 minutes on a machine that has none of them.
fn install(name: &str, target: &Path) -> Step {
    Step::cargo(name, &["install"])
        .env_path("CARGO_TARGET_DIR", &target.join("tools"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}

fn wasm_bindgen_is_installed() -> bool {
    let installed = version_of("wasm-bindgen");
    lock::wasm_bindgen()
        .is_ok_and(|wanted| installed.is_ok_and(|installed| installed.trim() == format!("wasm-bindgen {wanted}")))
}

/// A guard for steps that build Workers.
pub fn worker_build_is_missing() -> Option<&'static str> {
    (!has_worker_build()).then_some("needs worker-build")
}

fn has_worker_build() -> bool {
    version_of("worker-build").is_ok_and(|installed| installed.trim() == WORKER_BUILD)
}

/// The packages that the Workers' tests, and all builds of wasm, take from npm.
pub fn worker_node_modules() -> Step {
    npm_ci("set-up: node modules for Workers", NODE_DIRECTORY).skip_if(|| node_modules_of(NODE_DIRECTORY))
}

/// Those that the tests of the npm package take from there.
pub fn npm_node_modules() -> Step {
    npm_ci("set-up: node modules for npm", NPM_DIRECTORY).skip_if(|| node_modules_of(NPM_DIRECTORY))
}

fn npm_ci(name: &str, directory: &'static str) -> Step {
    Step::new(name, "npm", &["ci"]).directory(directory)
}

fn node_modules_of(directory: &str) -> Option<&'static str> {
    let directory = workspace_root().join(directory);
    let is_current = is_newer(&directory.join("node_modules/.package-lock.json"), &directory.join("package-lock.json"));
    is_current.then_some("installed")
}

/// The local ingestion server, which tests and the demo send to.
pub fn build_ingest() -> Step {
    Step::cargo("build raindrop-ingest", &["build", "-p", "raindrop-ingest", "--locked"])
}

/// Where [`build_ingest`] leaves it.
pub fn ingest(target: &Path) -> PathBuf {
    target.join("debug").join(format!("raindrop-ingest{}", env::consts::EXE_SUFFIX))
}

/// The test files in a folder of `directory`, as paths from there.
///
/// # Errors
///
/// When there are none.
pub fn test_files(directory: &str, folder: &str) -> Result<Vec<String>, String> {
    let path = workspace_root().join(directory).join(folder);
    let unreadable = |error| format!("cannot list {}: {error}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&path).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        files.extend(name.to_str().filter(|name| name.ends_with(".test.mjs")).map(|name| format!("{folder}/{name}")));
    }
    if files.is_empty() {
        return Err(format!("no tests in {}", path.display()));
    }
    files.sort_unstable();
    Ok(files)
}

/// Runs test files of `directory`. A file that hangs fails after ten minutes, instead of holding up the run.
pub fn node_test(name: &str, directory: &'static str, files: &[String]) -> Step {
    Step::new(name, "node", &["--test", "--test-timeout=600000"]).args(files).directory(directory)
}

/// Whether `made` is there and not older than what it was made of.
fn is_newer(made: &Path, source: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    changed(made).is_ok_and(|made| changed(source).is_ok_and(|source| made >= source))
}

/// A guard for steps that build the feature `native-tls`.
pub fn native_tls_is_missing() -> Option<&'static str> {
    (!has_native_tls()).then_some("needs OpenSSL headers (libssl-dev) and pkg-config")
}

/// Whether `native-tls` builds: macOS and Windows bring their own library; elsewhere the crate
/// `openssl-sys` finds OpenSSL by these variables or by pkg-config, never by the headers alone.
fn has_native_tls() -> bool {
    let is_set = |name| env::var_os(name).is_some();
    cfg!(any(target_vendor = "apple", windows))
        || is_set("OPENSSL_DIR")
        || (is_set("OPENSSL_LIB_DIR") && is_set("OPENSSL_INCLUDE_DIR"))
        || succeeds("pkg-config", &["--exists", "openssl"])
}

fn has_wasm_target() -> bool {
    output("rustc", &["--print", "sysroot"])
        .is_ok_and(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).exists())
}

fn is_root() -> bool {
    output("id", &["-u"]).is_ok_and(|id| id.trim() == "0")
}

pub fn workspace_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// What to start for the name `program`: for cargo, the one that runs this.
pub fn program(program: &str) -> OsString {
    let variable = match program {
        "cargo" => "CARGO",
        "rustc" => "RUSTC",
        "pkg-config" => "PKG_CONFIG",
        _ => return program.into(),
    };
    env::var_os(variable).unwrap_or_else(|| program.into())
}

/// Where cargo builds the workspace.
pub fn target_directory() -> Result<PathBuf, String> {
    let metadata = cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("`cargo metadata` printed no JSON: {error}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "`cargo metadata` names no target directory".to_owned())
}

/// What cargo prints to stdout.
pub fn cargo_output(args: &[&str]) -> Result<String, String> {
    output("cargo", args)
}

/// What the program says with `--version`.
pub fn version_of(program: &str) -> Result<String, String> {
    output(program, &["--version"])
}

fn output(name: &str, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program(name));
    command.args(args).current_dir(workspace_root());
    output_of(command)
}

/// What the command prints to stdout.
pub fn output_of(mut command: Command) -> Result<String, String> {
    let shown = [command.get_program()].into_iter().chain(command.get_args());
    let shown = shown.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let output =
        command.output().map_err(|error| format!("`{shown}` did not start ({error}): is it installed and on PATH?"))?;
    if !output.status.success() {
        return Err(format!(
            "`{shown}` failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{shown}` printed no UTF-8: {error}"))
}

fn succeeds(name: &str, args: &[&str]) -> bool {
    Command::new(program(name))
        .args(args)
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_is_older_than_its_source_or_missing_is_made_again() {
        let directory = env::temp_dir().join(format!("xtask-is-newer-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let touch = |name, age| {
            let path = directory.join(name);
            File::create(&path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            path
        };
        let (old, new) = (touch("old", 60), touch("new", 0));
        let absent = directory.join("absent");
        assert!(is_newer(&new, &old));
        assert!(!is_newer(&old, &new));
        assert!(!is_newer(&absent, &old));
        assert!(!is_newer(&new, &absent));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_command_that_fails_is_shown_with_what_it_said() {
        let error = cargo_output(&["no-such-command"]).unwrap_err();
        assert!(error.contains("no-such-command` failed: ") && error.contains("no such command"), "{error}");
    }

    #[test]
    fn test_files_are_told_from_their_helpers() {
        let files = test_files("tests/worker", "test").unwrap();
        assert!(files.iter().all(|file| file.starts_with("test/") && file.ends_with(".test.mjs")), "{files:?}");
        assert!(files.is_sorted());
    }

    #[test]
    fn a_directory_without_tests_is_an_error() {
        assert!(test_files("xtask", "src").unwrap_err().starts_with("no tests in "));
    }
}
