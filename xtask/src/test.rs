//! `cargo xtask test`: the list of steps.

use std::path::Path;

use crate::bench;
use crate::consumers;
use crate::features::{self, FeatureSet};
use crate::lock;
use crate::npm;
use crate::step::{self, Step};
use crate::text;
use crate::tools::{self, WASM};
use crate::worker;

const PACKAGE: &str = "raindrop-edge";
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// How much is tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scope {
    Full,
    /// Only what is quick: native, with default features.
    Native,
}

pub fn run(scope: Scope) -> Result<(), String> {
    let steps = match scope {
        Scope::Full => {
            let sets = features::combinations(&features::of_package(PACKAGE)?);
            full(&sets, &lock::wasm_bindgen()?, &tools::target_directory()?)?
        }
        Scope::Native => native(),
    };
    step::run_all(&steps)
}

fn full(sets: &[FeatureSet], wasm_bindgen: &str, target: &Path) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();

    steps.extend(tools::rust_components());
    steps.push(tools::rust_source());
    steps.push(tools::oldest_rust());
    steps.extend(tools::wasm_target());
    steps.extend(tools::debian_packages());
    steps.extend(tools::wasm_tools(wasm_bindgen, target));
    steps.push(tools::cargo_deny(target));
    steps.extend(text::set_up(target));
    steps.extend([tools::worker_node_modules(), tools::npm_node_modules()]);

    steps.push(fmt());
    steps.extend(text::checks(target));
    steps.push(clippy_workspace());
    steps.extend(sets.iter().filter(|set| !set.is_default()).map(clippy_native));
    steps.extend(sets.iter().map(clippy_wasm));
    steps.extend([check_oldest("native", &[]), check_oldest("wasm", &["--target", WASM, "--features", "js"])]);
    steps.push(dependencies());
    steps.push(tests());
    steps.extend(wasm_tests());
    steps.extend(worker::checks(target));
    steps.extend(npm::checks(target));
    steps.extend(worker::tests(target)?);
    steps.extend(consumers::tests(target)?);
    steps.push(sizes());
    steps.extend(bench::checks(target));
    steps.push(Step::cargo("instruction counts", &["xtask", "counts", "--check"]).skip_if(tools::valgrind_is_missing));
    steps.push(Step::cargo("public API", &["xtask", "api", "--check"]));
    steps.push(docs("docs native"));
    steps.push(docs("docs wasm").args(&["--target", WASM]));
    Ok(steps)
}

fn native() -> Vec<Step> {
    let mut steps = tools::rust_components();
    steps.extend([fmt(), clippy_workspace(), tests()]);
    steps
}

/// Against `deny.toml`.
fn dependencies() -> Step {
    Step::cargo("licenses and sources", &["deny", "--locked", "check", "licenses", "bans", "sources"])
}

fn fmt() -> Step {
    Step::cargo("fmt", &["fmt", "--all", "--check"])
}

/// The default features of the package are checked by this one.
fn clippy_workspace() -> Step {
    Step::cargo("clippy native", &["clippy", "--workspace", "--all-targets", "--locked"]).args(&DENY_WARNINGS)
}

fn clippy_native(set: &FeatureSet) -> Step {
    let step = Step::cargo(with_flags("clippy native", set), &["clippy", "-p", PACKAGE, "--all-targets", "--locked"])
        .args(&set.flags)
        .args(&DENY_WARNINGS);
    if set.uses_native_tls() { step.skip_if(tools::native_tls_is_missing) } else { step }
}

fn clippy_wasm(set: &FeatureSet) -> Step {
    Step::cargo(with_flags("clippy wasm", set), &["clippy", "-p", PACKAGE, "--lib", "--target", WASM, "--locked"])
        .args(&set.flags)
        .args(&DENY_WARNINGS)
}

/// What the manifest promises of compilers.
fn check_oldest(place: &str, args: &[&str]) -> Step {
    Step::new(format!("oldest Rust, {place}"), "rustup", &["run", tools::OLDEST_RUST, "cargo", "check", "-p", PACKAGE])
        .args(&["--locked"])
        .args(args)
        // Not whatever the environment names.
        .env("RUSTC", "rustc")
        .skip_if(tools::oldest_rust_is_missing)
}

fn tests() -> Step {
    Step::cargo("tests", &["test", "--workspace", "--locked"])
}

/// The tests of what differs from native, wherever JavaScript runs.
fn wasm_tests() -> Vec<Step> {
    let wasm_test = |place| {
        let name = format!("wasm tests in {place}");
        Step::cargo(name, &["test", "-p", PACKAGE, "--lib", "--target", WASM, "--locked"])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
    };
    let browser_test = |place| {
        wasm_test(place)
            // Else the runner takes the first driver of any browser on PATH.
            .env("CHROMEDRIVER", "chromedriver")
            .skip_if(tools::browser_is_missing)
    };
    vec![
        wasm_test("node"),
        // A feature only adds: what works without it works with it.
        wasm_test("node, with the half of the npm package").args(&["--features", "js"]),
        browser_test("Chromium").env("WASM_BINDGEN_USE_BROWSER", "1"),
        browser_test("a web worker").env("WASM_BINDGEN_USE_DEDICATED_WORKER", "1"),
    ]
}

fn sizes() -> Step {
    Step::cargo("sizes", &["xtask", "size", "--check"]).skip_if(tools::worker_build_is_missing)
}

fn docs(name: &str) -> Step {
    Step::cargo(name, &["doc", "-p", PACKAGE, "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings")
}

fn with_flags(name: &str, set: &FeatureSet) -> String {
    let mut name = name.to_owned();
    for flag in &set.flags {
        name += " ";
        name += flag;
    }
    name
}
