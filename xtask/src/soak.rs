//! `cargo xtask soak`: long runs against a backend that fails, and one against none.

use std::path::Path;

use crate::step::{self, Step};
use crate::tools;
use crate::worker;

const DIRECTORY: &str = "tests/soak";

pub fn run() -> Result<(), String> {
    step::run_all(&steps(&tools::target_directory()?))
}

fn steps(target: &Path) -> Vec<Step> {
    let target = target.join("soak");
    let program = target.join("release").join(format!("raindrop-soak{}", std::env::consts::EXE_SUFFIX));
    let run = |name, what| Step::new(name, &program.display().to_string(), &[what]);
    vec![
        Step::cargo("build the soak", &["build", "--release", "--locked"])
            .directory(DIRECTORY)
            .env_path("CARGO_TARGET_DIR", &target),
        run("1,000,000 events from 8 threads", "deliver"),
        run("a minute without a backend", "down"),
        tools::worker_node_modules(),
        worker::example(&target).skip_if(tools::worker_build_is_missing),
        worker::tested(&target).skip_if(tools::worker_build_is_missing),
        Step::new("a minute without a backend in workerd", "node", &["down.mjs"])
            .directory(tools::NODE_DIRECTORY)
            .skip_if(tools::worker_build_is_missing),
        Step::new("100,000 requests in workerd", "node", &["soak.mjs"])
            .directory(tools::NODE_DIRECTORY)
            .env_path("RAINDROP_SOAK_BIN", &program)
            .skip_if(tools::worker_build_is_missing),
    ]
}
