//! `cargo xtask counts`: how many instructions a call takes, which no busy machine changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::snapshot::Mode;
use crate::step::Step;
use crate::tools;

const BASELINE: &str = "benches/counts.json";
/// By how much a count may exceed its baseline.
const TOLERANCE_PERCENT: u64 = 3;
/// Without these, it depends on the processor how memory is copied.
const TUNABLES: &str = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM";

/// The cases of `benches/src/bin/counts.rs`, and how many calls each counts.
const CASES: [(&str, u64); 9] = [
    ("span", 100),
    ("llm_span", 100),
    ("tool_span", 100),
    ("track_ai", 100),
    ("interaction", 100),
    ("flush", 1),
    ("flush_interactions", 1),
    ("build", 100),
    ("scope", 100),
];

/// Instructions per call, by case.
type Counts = BTreeMap<String, u64>;

/// Counts, and prints the counts as JSON, compares them with the baseline or makes them the baseline.
///
/// # Errors
///
/// A message that names the failed command, or the cases that take more instructions than they may.
pub fn run(mode: Mode) -> Result<(), String> {
    let toolchain = toolchain()?;
    let baseline = if mode == Mode::Check { Some(read_baseline()?) } else { None };
    if let Some((counted_by, _)) = &baseline
        && *counted_by != toolchain
    {
        println!("not compared: {BASELINE} was counted by {counted_by}, and here is {toolchain}");
        return Ok(());
    }
    let counts = count(&tools::target_directory()?.join("benches"))?;
    match baseline {
        Some((_, baseline)) => compare(&baseline, &counts),
        None => {
            let text = format!("{:#}\n", json!({ "toolchain": toolchain, "instructions": counts }));
            match mode {
                Mode::Update => {
                    let path = tools::workspace_root().join(BASELINE);
                    fs::write(path, text).map_err(|error| format!("cannot write {BASELINE}: {error}"))
                }
                _ => {
                    print!("{text}");
                    Ok(())
                }
            }
        }
    }
}

/// What decides how many instructions there are, besides the source.
fn toolchain() -> Result<String, String> {
    let rustc = Step::new("rustc", "rustc", &["--version"]).output()?;
    // Which C library, hence which allocator; there may be no such command.
    let libc = Step::new("libc", "getconf", &["GNU_LIBC_VERSION"]).output().unwrap_or_default();
    Ok(format!("{}, {}, {}", rustc.trim(), libc.trim(), std::env::consts::ARCH))
}

fn read_baseline() -> Result<(String, Counts), String> {
    let text = fs::read_to_string(tools::workspace_root().join(BASELINE))
        .map_err(|error| format!("cannot read {BASELINE}: {error}"))?;
    let baseline: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{BASELINE} is no JSON: {error}"))?;
    let counts = serde_json::from_value(baseline["instructions"].clone())
        .map_err(|error| format!("{BASELINE} has no counts: {error}"))?;
    Ok((baseline["toolchain"].as_str().unwrap_or_default().to_owned(), counts))
}

fn count(target: &Path) -> Result<Counts, String> {
    Step::cargo("build the counted program", &["build", "--release", "--bin", "counts", "--locked"])
        .directory("benches")
        .env_path("CARGO_TARGET_DIR", target)
        .produce()?;
    let program = target.join("release").join("counts").display().to_string();
    CASES.iter().map(|(case, calls)| Ok(((*case).to_owned(), instructions(&program, case, target)? / calls))).collect()
}

/// The instructions inside of the function `counted`.
fn instructions(program: &str, case: &str, target: &Path) -> Result<u64, String> {
    let out = target.join(format!("callgrind.{case}"));
    let path = std::env::var("PATH").unwrap_or_default();
    // Nothing else of the environment: each variable makes the search for ours longer.
    Step::new(format!("count {case}"), "env", &["-i", &format!("PATH={path}"), TUNABLES, "valgrind"])
        .args(&["--tool=callgrind", "--quiet", "--toggle-collect=counted"])
        .args(&[format!("--callgrind-out-file={}", out.display()), program.to_owned(), case.to_owned()])
        .output()?;
    let profile = fs::read_to_string(&out).map_err(|error| format!("cannot read {}: {error}", out.display()))?;
    total(&profile).ok_or_else(|| format!("{} has no total", out.display()))
}

/// The total of a profile of callgrind.
fn total(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok()
}

fn compare(baseline: &Counts, counts: &Counts) -> Result<(), String> {
    let mut excesses = Vec::new();
    for (case, count) in counts {
        let Some(expected) = baseline.get(case) else {
            excesses.push(format!("{case} is not in {BASELINE}"));
            continue;
        };
        let change = *count as f64 / *expected as f64 - 1.0;
        println!("{case:12} {count:9} instructions, {:+.1} %", change * 100.0);
        if count * 100 > expected * (100 + TOLERANCE_PERCENT) {
            excesses.push(format!("{case} takes {count} instructions, {:+.1} %", change * 100.0));
        }
    }
    if excesses.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than {TOLERANCE_PERCENT} % over the baseline:\n{}\n\
         If that is the price of something good: cargo xtask counts --update",
        excesses.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(span: u64) -> Counts {
        [("span".to_owned(), span)].into()
    }

    #[test]
    fn more_than_three_percent_over_the_baseline_is_an_error_that_names_the_case() {
        assert_eq!(compare(&counts(1_000), &counts(1_030)), Ok(()));
        assert_eq!(compare(&counts(1_000), &counts(500)), Ok(()));
        let error = compare(&counts(1_000), &counts(1_031)).unwrap_err();
        assert!(error.contains("span takes 1031 instructions, +3.1 %"), "{error}");
    }

    #[test]
    fn a_case_without_a_baseline_is_an_error() {
        assert!(compare(&Counts::new(), &counts(1)).unwrap_err().contains("span is not in benches/counts.json"));
    }

    #[test]
    fn the_baseline_has_every_case() {
        let (toolchain, counts) = read_baseline().unwrap();
        assert!(toolchain.starts_with("rustc "), "{toolchain}");
        assert_eq!(counts.len(), CASES.len());
        assert!(CASES.iter().all(|(case, _)| counts.contains_key(*case)));
    }

    #[test]
    fn the_total_is_read_from_a_profile() {
        assert_eq!(total("version: 1\nsummary: 5 \nfn=(1)\n\ntotals: 785998\n"), Some(785_998));
        assert_eq!(total("version: 1\n"), None);
    }
}
