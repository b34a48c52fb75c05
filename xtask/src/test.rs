//! `cargo xtask test`: the list of steps.

use crate::features::{self, FeatureSet};
use crate::step::{self, Step};
use crate::tools::{self, WASM};

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
        Scope::Full => full(&features::combinations(&features::of_package(PACKAGE)?)),
        Scope::Native => native(),
    };
    step::run_all(&steps)
}

fn full(sets: &[FeatureSet]) -> Vec<Step> {
    let mut steps = Vec::new();

    steps.extend(tools::rust_components());
    steps.extend(tools::wasm_target());
    if sets.iter().any(FeatureSet::uses_native_tls) {
        steps.extend(tools::openssl());
    }

    steps.push(fmt());
    steps.push(clippy_workspace());
    steps.extend(sets.iter().filter(|set| !set.is_default()).map(clippy_native));
    steps.extend(sets.iter().map(clippy_wasm));
    steps.push(tests());
    steps.push(docs("docs native"));
    steps.push(docs("docs wasm").args(&["--target", WASM]));
    steps
}

fn native() -> Vec<Step> {
    let mut steps = tools::rust_components();
    steps.extend([fmt(), clippy_workspace(), tests()]);
    steps
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

fn tests() -> Step {
    Step::cargo("tests", &["test", "--workspace", "--locked"])
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
