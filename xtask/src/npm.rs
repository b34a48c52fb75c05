//! `cargo xtask npm`: the npm package, as a directory and as the tarball that would be published.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lock;
use crate::step::Step;
use crate::tools::{self, NODE_DIRECTORY, WASM};

const TEMPLATES: &str = "pkg-templates";
const PACKAGE: &str = "raindrop-edge";
/// Where the crate of the wasm module is: a workspace of its own, with its own lock file.
pub const CRATE: &str = "npm";
const LIBRARY: &str = "raindrop";
/// The entry of what all entries of the package share. It becomes one file: to import many takes long.
const CORE: &str = "core.js";
/// The entry of runtimes without a page or a platform that compiles the module: it has the module inside.
const NODE: &str = "node.js";
/// The package's half in JavaScript.
const SCRIPTS: [&str; 20] = [
    "client.js",
    "crossing.js",
    "delivery.js",
    "event.js",
    "home.js",
    "host.js",
    "ids.js",
    "input.js",
    "interaction.js",
    "interactions.js",
    "json.js",
    "kept.js",
    "options.js",
    "page.js",
    "post.js",
    "raindrop.js",
    "report.js",
    "source.js",
    "span.js",
    "spans.js",
];

/// The one of them that knows the version of the package.
const HOST: &str = "src/js/host.js";

/// What rustc and wasm-bindgen use, and every runtime has.
const FEATURES: [&str; 7] = [
    "bulk-memory",
    "bulk-memory-opt",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];

/// What was built.
pub struct Package {
    pub directory: PathBuf,
    pub tarball: PathBuf,
}

/// Installs what is missing, builds the package, and prints where it is.
///
/// # Errors
///
/// A message that names the failed command or file.
pub fn run() -> Result<(), String> {
    let package = build(&tools::target_directory()?)?;
    println!("{}\n{}", package.directory.display(), package.tarball.display());
    Ok(())
}

/// # Errors
///
/// A message that names the failed command or file.
pub fn build(target: &Path) -> Result<Package, String> {
    let root = tools::workspace_root();
    let work = target.join("npm");
    let bound = work.join("bound");
    let directory = directory(target);
    let scripts = work.join("scripts");
    for stale in [&bound, &directory, &scripts] {
        clear(stale)?;
    }
    for step in set_up(target)? {
        step.ensure()?;
    }
    compile(&work).produce()?;
    bind(&work, &bound).produce()?;

    copy_files(&root.join(TEMPLATES), &directory)?;
    copy(&root.join("LICENSE"), &directory.join("LICENSE"))?;
    for file in SCRIPTS {
        copy(&root.join("src/js").join(file), &scripts.join(file))?;
    }
    let glue = read(&bound.join(format!("{LIBRARY}_bg.js")))?;
    write(&scripts.join(format!("{LIBRARY}_bg.js")), &glue.replace(snippets(&glue)?, "./"))?;
    copy(&directory.join(CORE), &scripts.join(CORE))?;
    bundle(&scripts.join(CORE), &directory.join(CORE)).produce()?;
    optimize(&bound.join(format!("{LIBRARY}_bg.wasm")), &directory.join(format!("{LIBRARY}_bg.wasm"))).produce()?;
    bundle(&directory.join(NODE), &directory.join(NODE))
        .args(&["--platform=node", "--loader:.wasm=base64"])
        .produce()?;

    let tarball = tarball(target)?;
    Step::new("pack", "npm", &["pack", "--silent", "--pack-destination"])
        .args(&[work.display().to_string(), directory.display().to_string()])
        .produce()?;
    Ok(Package { directory, tarball })
}

/// What a build needs, beside Rust and node.
fn set_up(target: &Path) -> Result<Vec<Step>, String> {
    let mut steps = tools::wasm_target();
    steps.push(tools::rust_source());
    steps.push(tools::wasm_bindgen_command(&lock::wasm_bindgen()?, target));
    steps.push(tools::worker_node_modules());
    Ok(steps)
}

/// Where [`build`] leaves the package.
pub fn directory(target: &Path) -> PathBuf {
    target.join("npm").join(PACKAGE)
}

/// Where [`build`] leaves the tarball.
///
/// # Errors
///
/// When the package has no version, or not that of the crate.
pub fn tarball(target: &Path) -> Result<PathBuf, String> {
    let package_json = read(&tools::workspace_root().join(TEMPLATES).join("package.json"))?;
    Ok(target.join("npm").join(format!("{PACKAGE}-{}.tgz", version(&package_json)?)))
}

/// With a standard library of its own, whose panics abort at once: messages that nobody can catch, and what formats them,
/// are a sixth of the module. Both are unstable, which `RUSTC_BOOTSTRAP` allows; the toolchain is the stable one. What the
/// package's JavaScript does itself is left out by `cfg(raindrop_npm)`.
fn compile(work: &Path) -> Step {
    Step::cargo("compile", &["build", "--release", "--target", WASM, "--locked"])
        .args(&["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .directory(CRATE)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "--cfg raindrop_npm -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none")
        .env_path("CARGO_TARGET_DIR", &work.join("build"))
}

fn bind(work: &Path, bound: &Path) -> Step {
    let compiled = work.join("build").join(WASM).join("release/raindrop_npm.wasm");
    Step::new("bind", "wasm-bindgen", &["--target", "bundler", "--no-typescript", "--out-name", LIBRARY, "--out-dir"])
        .args(&[bound.display().to_string(), compiled.display().to_string()])
}

/// One file of a module and all that it imports. Without white space, which takes a twentieth of the time to the first span in
/// node to read; names are kept for those who read stack traces.
pub fn bundle(entry: &Path, bundle: &Path) -> Step {
    let esbuild = tools::workspace_root().join(NODE_DIRECTORY).join("node_modules/.bin/esbuild");
    Step::new("bundle", &esbuild.display().to_string(), &["--bundle", "--format=esm", "--log-level=warning"]).args(&[
        "--minify-whitespace".to_owned(),
        "--minify-syntax".to_owned(),
        // node shows the whole line of an error.
        "--line-limit=120".to_owned(),
        "--allow-overwrite".to_owned(),
        entry.display().to_string(),
        format!("--outfile={}", bundle.display()),
    ])
}

/// Format and lints of the crate.
pub fn checks(target: &Path) -> Vec<Step> {
    vec![
        Step::cargo("fmt npm", &["fmt", "--check"]).directory(CRATE),
        Step::cargo("clippy npm", &["clippy", "--target", WASM, "--locked", "--", "-D", "warnings"])
            .directory(CRATE)
            .env("RUSTFLAGS", "--cfg raindrop_npm")
            .env_path("CARGO_TARGET_DIR", &target.join("npm/checks")),
    ]
}

fn optimize(bound: &Path, optimized: &Path) -> Step {
    let wasm_opt = tools::workspace_root().join(NODE_DIRECTORY).join("node_modules/.bin/wasm-opt");
    let features = FEATURES.map(|feature| format!("--enable-{feature}"));
    Step::new("optimize", &wasm_opt.display().to_string(), &["-Oz", "--converge", "--mvp-features"])
        .args(&features)
        .args(&["--strip-debug", "--strip-producers", "--strip-target-features"])
        .args(&[bound.display().to_string(), "-o".to_owned(), optimized.display().to_string()])
}

/// The folder in which wasm-bindgen keeps our scripts, with a hash in it: they are bundled from beside the glue.
fn snippets(glue: &str) -> Result<&str, String> {
    let path = glue.split('\'').find(|text| text.starts_with("./snippets/"));
    let folder = path.and_then(|path| path.get(..=path.rfind('/')?));
    folder.ok_or_else(|| "the glue imports no snippet".to_owned())
}

/// That of the package, which must be that of the crate.
fn version(package_json: &str) -> Result<String, String> {
    let package: Value =
        serde_json::from_str(package_json).map_err(|error| format!("{TEMPLATES}/package.json is no JSON: {error}"))?;
    let package = package["version"].as_str().unwrap_or_default().to_owned();
    let metadata = tools::cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let of_crate = packages.iter().find(|found| found["name"] == PACKAGE).and_then(|found| found["version"].as_str());
    if of_crate != Some(&package) {
        return Err(format!(
            "{TEMPLATES}/package.json has version {package}, the crate has {}: they must be the same",
            of_crate.unwrap_or("none")
        ));
    }
    if !read(&tools::workspace_root().join(HOST))?.contains(&format!("VERSION = \"{package}\"")) {
        return Err(format!(
            "{HOST} does not say VERSION = \"{package}\", as {TEMPLATES}/package.json does: change it"
        ));
    }
    Ok(package)
}

fn clear(directory: &Path) -> Result<(), String> {
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(|error| format!("cannot remove {}: {error}", directory.display()))?;
    }
    fs::create_dir_all(directory).map_err(|error| format!("cannot create {}: {error}", directory.display()))
}

fn copy_files(from: &Path, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| format!("cannot list {}: {error}", from.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot list {}: {error}", from.display()))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|error| format!("cannot copy {}: {error}", from.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_scripts_are_found_in_the_glue() {
        let glue = "import { connect } from './snippets/raindrop-edge-364915c06d87dad4/src/js/host.js';\nlet wasm;";
        assert_eq!(snippets(glue).unwrap(), "./snippets/raindrop-edge-364915c06d87dad4/src/js/");
        assert!(snippets("let wasm;").is_err());
    }

    #[test]
    fn the_package_has_the_version_of_the_crate() {
        let package = read(&tools::workspace_root().join(TEMPLATES).join("package.json")).unwrap();
        version(&package).unwrap();
        assert!(version(r#"{"version":"0.0.0"}"#).unwrap_err().contains("has version 0.0.0"));
    }
}
