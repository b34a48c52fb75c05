//! `cargo xtask bench`: what the SDK costs, beside what its peers cost in the same run.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::npm;
use crate::step::Step;
use crate::tools;

const DIRECTORY: &str = "benches";

/// Binaries that print what they measured as JSON.
const PROGRAMS: [&str; 3] = ["whole_cost", "memory", "growth"];

/// The benchmarks of criterion: what is done, and by whom.
const TIMED: [(&str, &[&str]); 9] = [
    ("span", &["ours", "opentelemetry", "fastrace", "sentry"]),
    ("llm_span", &["ours", "opentelemetry", "fastrace", "sentry"]),
    ("tool_span", &["ours", "opentelemetry", "fastrace", "sentry"]),
    ("interaction", &["ours", "opentelemetry", "fastrace", "sentry"]),
    ("track_ai", &["ours", "serde_json"]),
    ("threads", &["ours", "opentelemetry"]),
    ("flush", &["ours", "opentelemetry"]),
    ("build", &["ours", "opentelemetry", "sentry"]),
    ("scope", &["ours", "arc"]),
];

/// How often they run, of which the median counts: what else the machine does meanwhile meets one contestant, not another.
const PASSES: usize = 3;

/// What a figure of ours should be at most: so many times another figure.
struct Target {
    name: &'static str,
    ours: &'static str,
    peer: &'static str,
    at_most: f64,
}

const fn target(name: &'static str, ours: &'static str, peer: &'static str, at_most: f64) -> Target {
    Target { name, ours, peer, at_most }
}

const TARGETS: [Target; 12] = [
    target("span with 4 attributes / OpenTelemetry", "time/span/ours", "time/span/opentelemetry", 0.7),
    target("span with 4 attributes / fastrace", "time/span/ours", "time/span/fastrace", 1.5),
    target("LLM span / OpenTelemetry", "time/llm_span/ours", "time/llm_span/opentelemetry", 1.0),
    target("track_ai / serde_json", "time/track_ai/ours", "time/track_ai/serde_json", 1.5),
    target("scope and close / Arc of that size", "time/scope/ours", "time/scope/arc", 2.0),
    target("8 threads / OpenTelemetry", "time/threads/ours", "time/threads/opentelemetry", 1.0 / 3.0),
    target("whole cost / OTLP JSON", "whole_cost/span/ours", "whole_cost/span/otlp_json", 0.33),
    target("whole cost of an LLM span / OTLP JSON", "whole_cost/llm_span/ours", "whole_cost/llm_span/otlp_json", 0.33),
    target("bodies of 5,000 spans / serde_json", "whole_cost/bodies/ours", "whole_cost/bodies/serde_json", 0.1),
    target("memory of a span / its JSON", "memory/span/held", "memory/span/json", 1.3),
    target("memory of an LLM span / its JSON", "memory/llm_span/held", "memory/llm_span/json", 1.3),
    target("memory of an idle client / 1 KiB", "memory/idle/client", "memory/idle/kibibyte", 4.0),
];

/// Format and lints, of what is built without the peers too.
pub fn checks(target: &Path) -> Vec<Step> {
    let clippy = |name: &str, flags: &[&str]| {
        Step::cargo(name, &["clippy", "--all-targets", "--locked"])
            .args(flags)
            .args(&["--", "-D", "warnings"])
            .directory(DIRECTORY)
            .env_path("CARGO_TARGET_DIR", &target.join(DIRECTORY))
    };
    vec![
        Step::cargo("fmt benches", &["fmt", "--check"]).directory(DIRECTORY),
        clippy("clippy benches", &[]),
        clippy("clippy benches with peers", &["--features", "peers"]),
    ]
}

/// Runs the benchmarks and prints their figures, as JSON on demand.
///
/// # Errors
///
/// A message that names the failed command, or the figure that is missing.
pub fn run(as_json: bool) -> Result<(), String> {
    let target = tools::target_directory()?.join("benches");
    let figures = measure(&target)?;
    let results = TARGETS.iter().map(|target| Ok((target, ratio(target, &figures)?)));
    let results = results.collect::<Result<Vec<_>, String>>()?;
    if as_json {
        let ratios = results.iter().map(|(target, ratio)| {
            json!({ "name": target.name, "ratio": ratio, "at_most": target.at_most, "reached": *ratio <= target.at_most })
        });
        println!("{:#}", json!({ "figures": figures, "ratios": ratios.collect::<Vec<_>>() }));
    } else {
        print!("{}\n{}", figures_table(&figures), ratios_table(&results));
    }
    Ok(())
}

/// Everything that was measured, by group, case and who.
fn measure(target: &Path) -> Result<Value, String> {
    let passes = (0..PASSES).map(|_| {
        cargo(&["bench", "--bench", "recording"], target).produce()?;
        times(target)
    });
    let time = medians(&passes.collect::<Result<Vec<_>, String>>()?);
    let mut figures = Map::new();
    figures.insert("time".to_owned(), time);
    for program in PROGRAMS {
        let output = cargo(&["run", "--quiet", "--release", "--bin", program], target).output()?;
        let printed = serde_json::from_str(&output).map_err(|error| format!("{program} printed no JSON: {error}"))?;
        figures.insert(program.to_owned(), printed);
    }
    figures.insert("wasm".to_owned(), wasm(target)?);
    Ok(Value::Object(figures))
}

/// The same in node, workerd and Chromium.
fn wasm(target: &Path) -> Result<Value, String> {
    let modules = target.join("wasm");
    let glue = modules.join("raindrop_benches.js");
    let built = target.join(tools::WASM).join("release/raindrop_benches.wasm");
    let steps = [
        Step::cargo("build for wasm", &["rustc", "--release", "--lib", "--crate-type", "cdylib", "--locked"])
            .args(&["--target", tools::WASM])
            .directory(DIRECTORY)
            .env_path("CARGO_TARGET_DIR", target),
        Step::new("bind", "wasm-bindgen", &["--target", "web", "--out-dir"])
            .args(&[modules.display().to_string(), built.display().to_string()]),
        npm::bundle(&glue, &glue),
    ];
    let needs = |error| format!("{error}\n`cargo xtask test` installs what it needs");
    for step in steps {
        step.produce().map_err(needs)?;
    }
    let measure = Step::new("measure in JavaScript", "node", &["benches/wasm/measure.mjs"]);
    let printed = measure.args(&[modules.display().to_string()]).output().map_err(needs)?;
    serde_json::from_str(&printed).map_err(|error| format!("measure.mjs printed no JSON: {error}"))
}

fn cargo(args: &[&str], target: &Path) -> Step {
    Step::cargo(args.join(" "), args)
        .args(&["--features", "peers", "--locked"])
        .directory(DIRECTORY)
        .env_path("CARGO_TARGET_DIR", target)
}

/// The medians that criterion leaves behind, in nanoseconds.
fn times(target: &Path) -> Result<Value, String> {
    let mut cases = Map::new();
    for (case, contestants) in TIMED {
        let mut times = Map::new();
        for who in contestants {
            let path = target.join("criterion").join(case).join(who).join("new/estimates.json");
            let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let estimates: Value =
                serde_json::from_str(&text).map_err(|error| format!("{} is no JSON: {error}", path.display()))?;
            times.insert((*who).to_owned(), estimates["median"]["point_estimate"].clone());
        }
        cases.insert(case.to_owned(), Value::Object(times));
    }
    Ok(Value::Object(cases))
}

/// The median of each figure.
fn medians(passes: &[Value]) -> Value {
    if let Some(cases) = passes.first().and_then(Value::as_object) {
        let median = |name: &String| {
            let of_passes: Vec<Value> = passes.iter().map(|pass| pass[name].clone()).collect();
            (name.clone(), medians(&of_passes))
        };
        return cases.keys().map(median).collect();
    }
    let mut figures: Vec<f64> = passes.iter().filter_map(Value::as_f64).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().into()
}

fn ratio(target: &Target, figures: &Value) -> Result<f64, String> {
    let figure = |path: &str| {
        let value = figures.pointer(&format!("/{path}")).and_then(Value::as_f64);
        value.ok_or_else(|| format!("{path} was not measured"))
    };
    Ok(figure(target.ours)? / figure(target.peer)?)
}

/// One line for each case, one column for each contestant.
fn figures_table(figures: &Value) -> String {
    let mut table = String::new();
    for (group, cases) in figures.as_object().into_iter().flatten() {
        for (case, contestants) in cases.as_object().into_iter().flatten() {
            table += &format!("{:28}", format!("{group} {case}"));
            for (who, figure) in contestants.as_object().into_iter().flatten() {
                table += &format!("  {who} {}", significant(figure.as_f64().unwrap_or(f64::NAN)));
            }
            table += "\n";
        }
    }
    table
}

fn ratios_table(results: &[(&Target, f64)]) -> String {
    let mut table = format!("{:44} {:>7} {:>8}\n", "ratio", "is", "at most");
    for (target, ratio) in results {
        let verdict = if *ratio <= target.at_most { "" } else { "  missed" };
        table += &format!("{:44} {ratio:7.2} {:8.2}{verdict}\n", target.name, target.at_most);
    }
    table
}

/// Three digits, which is more than a repetition confirms.
fn significant(figure: f64) -> String {
    match figure {
        _ if figure < 10.0 => format!("{figure:.2}"),
        _ if figure < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEED: Target = target("speed", "time/span/ours", "time/span/peer", 0.7);

    #[test]
    fn a_ratio_is_ours_to_the_peer() {
        let figures = json!({ "time": { "span": { "ours": 350.0, "peer": 700 } } });
        assert_eq!(ratio(&SPEED, &figures), Ok(0.5));
        assert_eq!(
            ratio(&SPEED, &json!({ "time": { "span": { "ours": 1 } } })),
            Err("time/span/peer was not measured".to_owned())
        );
    }

    #[test]
    fn of_several_passes_the_median_of_each_figure_counts() {
        let passes = [[350.0, 900.0], [360.0, 700.0], [900.0, 710.0]];
        let passes = passes.map(|[ours, peer]| json!({ "span": { "ours": ours, "peer": peer } }));
        assert_eq!(medians(&passes), json!({ "span": { "ours": 360.0, "peer": 710.0 } }));
    }

    #[test]
    fn a_missed_target_is_said_to_be_missed() {
        let table = ratios_table(&[(&SPEED, 0.7), (&SPEED, 0.71)]);
        let lines: Vec<&str> = table.lines().skip(1).collect();
        assert!(!lines[0].contains("missed") && lines[1].ends_with("missed"), "{table}");
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!([1.234, 12.34, 123.4, 1234.5].map(significant), ["1.23", "12.3", "123", "1234"]);
    }
}
