//! `cargo xtask bench js`: what the npm package costs in node and in workerd, beside `@raindrop-ai/ai-sdk`.

use serde_json::{Map, Value, json};

use crate::npm;
use crate::step::Step;
use crate::tools::{self, NPM_DIRECTORY};

/// How much faster than the peer each case should be.
const GOAL: f64 = 3.0;

/// The case that need not be faster, only as fast.
const START: &str = "import → first recorded span";

/// A case in a runtime: medians in microseconds.
struct Figure {
    runtime: &'static str,
    case: String,
    ours: f64,
    peer: f64,
}

impl Figure {
    fn times_faster(&self) -> f64 {
        self.peer / self.ours
    }

    fn goal(&self) -> f64 {
        if self.case == START { 1.0 } else { GOAL }
    }
}

/// Builds the package, measures both, and prints a table, or JSON on demand.
///
/// # Errors
///
/// A message that names the failed command.
pub fn run(as_json: bool) -> Result<(), String> {
    let package = npm::build(&tools::target_directory()?)?;
    let programs = [
        ("node", "bench/node.mjs", package.directory.join("node.js")),
        ("workerd", "bench/workerd.mjs", package.directory),
    ];
    let mut figures = Vec::new();
    for (runtime, program, argument) in programs {
        let step = Step::new(runtime, "node", &[program]).args(&[argument.display().to_string()]);
        figures.extend(parse(runtime, &step.directory(NPM_DIRECTORY).output()?)?);
    }
    if as_json {
        println!("{:#}", to_json(&figures));
    } else {
        print!("{}", table(&figures));
    }
    Ok(())
}

fn parse(runtime: &'static str, printed: &str) -> Result<Vec<Figure>, String> {
    let cases: Map<String, Value> =
        serde_json::from_str(printed).map_err(|error| format!("{runtime} printed no JSON: {error}"))?;
    cases
        .into_iter()
        .map(|(case, of)| match (of["ours"].as_f64(), of["peer"].as_f64()) {
            (Some(ours), Some(peer)) => Ok(Figure { runtime, case, ours, peer }),
            _ => Err(format!("{runtime} did not measure {case:?}")),
        })
        .collect()
}

fn to_json(figures: &[Figure]) -> Value {
    let figures = figures.iter().map(|figure| {
        json!({
            "runtime": figure.runtime,
            "case": figure.case,
            "ours_us": figure.ours,
            "peer_us": figure.peer,
            "times_faster": figure.times_faster(),
            "goal": figure.goal(),
            "reached": figure.times_faster() >= figure.goal(),
        })
    });
    figures.collect()
}

fn table(figures: &[Figure]) -> String {
    let mut table =
        format!("{:8} {:44} {:>11} {:>11} {:>13}\n", "runtime", "case", "ours, µs", "peer, µs", "times faster");
    for figure in figures {
        let missed =
            if figure.times_faster() >= figure.goal() { String::new() } else { format!("  missed: {}", figure.goal()) };
        table += &format!(
            "{:8} {:44} {:11.2} {:11.2} {:13.2}{missed}\n",
            figure.runtime,
            figure.case,
            figure.ours,
            figure.peer,
            figure.times_faster()
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_misses_its_goal_says_so() {
        let printed = format!(r#"{{"{START}":{{"ours":10,"peer":11}},"span":{{"ours":2,"peer":5}}}}"#);
        let figures = parse("node", &printed).unwrap();
        let lines: Vec<String> = table(&figures).lines().skip(1).map(str::to_owned).collect();
        let json = to_json(&figures);
        for (index, figure) in figures.iter().enumerate() {
            let reached = figure.case == START;
            assert_eq!(json[index]["reached"], reached, "{}", figure.case);
            assert_eq!(lines[index].ends_with("2.50  missed: 3"), !reached, "{}", lines[index]);
        }
    }

    #[test]
    fn a_case_without_a_figure_is_an_error() {
        let error = parse("workerd", r#"{"span":{"ours":2}}"#).map(|_| ()).unwrap_err();
        assert_eq!(error, "workerd did not measure \"span\"");
    }
}
