//! The programs that a run needs: where they are, and guarded steps that install what is missing.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::Step;

pub const WASM: &str = "wasm32-unknown-unknown";

/// rustfmt and clippy, which a minimal Rust toolchain lacks.
pub fn rust_components() -> Vec<Step> {
    vec![Step::new("set-up: rustfmt and clippy", "rustup", &["component", "add", "rustfmt", "clippy"]).skip_if(|| {
        let installed = succeeds("cargo", &["fmt", "--version"]) && succeeds("cargo", &["clippy", "--version"]);
        installed.then_some("installed")
    })]
}

/// The standard library for wasm.
pub fn wasm_target() -> Vec<Step> {
    vec![
        Step::new("set-up: wasm target", "rustup", &["target", "add", WASM])
            .skip_if(|| has_wasm_target().then_some("installed")),
    ]
}

/// What the feature `native-tls` is built against on Linux. It is installed only where that is a
/// matter of course (Debian, as root); elsewhere [`native_tls_is_missing`] leaves out what needs it.
pub fn openssl() -> Vec<Step> {
    let apt_get = |name, args: &[&str]| {
        Step::new(name, "apt-get", args).env("DEBIAN_FRONTEND", "noninteractive").skip_if(no_openssl_by_apt).optional()
    };
    vec![
        apt_get("set-up: package lists", &["update"]),
        apt_get(
            "set-up: OpenSSL headers",
            &["install", "--yes", "--no-install-recommends", "libssl-dev", "pkg-config"],
        ),
    ]
}

fn no_openssl_by_apt() -> Option<&'static str> {
    if has_native_tls() {
        Some("installed")
    } else if !Path::new("/etc/debian_version").exists() || !is_root() {
        Some("installs only on Debian, as root")
    } else {
        None
    }
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

/// What cargo prints to stdout.
pub fn cargo_output(args: &[&str]) -> Result<String, String> {
    output("cargo", args)
}

fn output(name: &str, args: &[&str]) -> Result<String, String> {
    let command = || format!("{name} {}", args.join(" "));
    let output = Command::new(program(name))
        .args(args)
        .current_dir(workspace_root())
        .output()
        .map_err(|error| format!("`{}` did not start: {error}", command()))?;
    if !output.status.success() {
        return Err(format!(
            "`{}` failed: {}\n{}",
            command(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{}` printed no UTF-8: {error}", command()))
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
