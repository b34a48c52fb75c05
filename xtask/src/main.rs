//! The project's own commands, run as `cargo xtask <command>`.

mod api;
mod api_npm;
mod bench;
mod bench_js;
mod consumers;
mod counts;
mod demo;
mod features;
mod lock;
mod npm;
#[cfg(test)]
mod rooms;
mod size;
mod snapshot;
mod soak;
mod step;
mod test;
mod text;
mod tools;
mod watchdog;
mod worker;

use std::process::ExitCode;

use snapshot::Mode;

const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  test             Run every check: format, lints, tests and docs, for native, wasm and Workers;
                   install what is missing for them
  test --native    The quick loop: format, native lints with default features, tests
  npm              Build the npm package, installing what is missing for it: print its directory and its tarball
  demo             Serve examples/browser, a chat beside what it records, and print where
  demo --port N    The same, at a port of your choice (8123)
  size             Print, as JSON, the bytes that the SDK adds to a Worker's bundle, and those of the npm
                   package in a page beside @raindrop-ai/ai-sdk
  size --check     The same, and fail when one exceeds its budget.json in tests/worker-size or tests/npm
  bench            Measure what recording and delivering cost, beside OpenTelemetry, fastrace and sentry
  bench js         Measure the npm package in node and workerd, beside @raindrop-ai/ai-sdk
  … --json         Either, machine-readable
  counts           Print how many instructions each call takes, under valgrind, as JSON
  counts --check   The same, and fail when one takes 3 % more than benches/counts.json says
  counts --update  Make what is counted the new benches/counts.json
  api              Print the public API of the npm package and of the crate, a line for each item
  api --check      Fail when they are not those of tests/api-npm.txt and tests/api.txt
  api --update     Make them the new ones
  soak             Deliver a million events, and 100,000 requests in workerd, to a backend that fails; a quarter
                   of an hour
  help             Print this help";

#[derive(Debug, PartialEq)]
enum Command {
    Help,
    Test(test::Scope),
    Size { check: bool },
    Npm,
    Bench { json: bool },
    BenchJs { json: bool },
    Demo { port: u16 },
    Counts(Mode),
    Api(Mode),
    Soak,
}

fn parse(args: &[String]) -> Result<Command, String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        []
        | ["help" | "--help" | "-h"]
        | ["test" | "size" | "npm" | "demo" | "bench" | "counts" | "api" | "soak", "--help" | "-h"] => {
            Ok(Command::Help)
        }
        ["test"] => Ok(Command::Test(test::Scope::Full)),
        ["test", "--native"] => Ok(Command::Test(test::Scope::Native)),
        ["size"] => Ok(Command::Size { check: false }),
        ["size", "--check"] => Ok(Command::Size { check: true }),
        ["npm"] => Ok(Command::Npm),
        ["demo"] => Ok(Command::Demo { port: demo::PORT }),
        ["demo", "--port", port] => {
            let port = port.parse().map_err(|_| format!("{port:?} is not a port, a number from 0 to 65535"))?;
            Ok(Command::Demo { port })
        }
        ["bench"] => Ok(Command::Bench { json: false }),
        ["bench", "--json"] => Ok(Command::Bench { json: true }),
        ["bench", "js"] => Ok(Command::BenchJs { json: false }),
        ["bench", "js", "--json"] => Ok(Command::BenchJs { json: true }),
        ["soak"] => Ok(Command::Soak),
        ["counts"] => Ok(Command::Counts(Mode::Print)),
        ["counts", "--check"] => Ok(Command::Counts(Mode::Check)),
        ["counts", "--update"] => Ok(Command::Counts(Mode::Update)),
        ["api"] => Ok(Command::Api(Mode::Print)),
        ["api", "--check"] => Ok(Command::Api(Mode::Check)),
        ["api", "--update"] => Ok(Command::Api(Mode::Update)),
        [command @ ("test" | "size" | "npm" | "demo" | "bench" | "counts" | "api" | "soak"), rest @ ..] => {
            Err(format!("unknown arguments of `{command}`: {}", rest.join(" ")))
        }
        [command, ..] => Err(format!("unknown command `{command}`")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match parse(&args) {
        Ok(Command::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Command::Test(scope)) => test::run(scope),
        Ok(Command::Size { check }) => size::run(check),
        Ok(Command::Npm) => npm::run(),
        Ok(Command::Bench { json }) => bench::run(json),
        Ok(Command::BenchJs { json }) => bench_js::run(json),
        Ok(Command::Demo { port }) => demo::run(port),
        Ok(Command::Counts(mode)) => counts::run(mode),
        Ok(Command::Api(mode)) => api::run(mode),
        Ok(Command::Soak) => soak::run(),
        Err(message) => {
            eprintln!("error: {message}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Command, String> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args)
    }

    #[test]
    fn no_arguments_ask_for_help() {
        for line in ["", "help", "--help", "-h", "test --help", "size -h"] {
            assert_eq!(parse_line(line), Ok(Command::Help), "{line:?}");
        }
    }

    #[test]
    fn test_runs_everything_unless_narrowed_to_native() {
        assert_eq!(parse_line("test"), Ok(Command::Test(test::Scope::Full)));
        assert_eq!(parse_line("test --native"), Ok(Command::Test(test::Scope::Native)));
    }

    #[test]
    fn size_is_checked_on_demand() {
        assert_eq!(parse_line("size"), Ok(Command::Size { check: false }));
        assert_eq!(parse_line("size --check"), Ok(Command::Size { check: true }));
    }

    #[test]
    fn npm_takes_no_arguments() {
        assert_eq!(parse_line("npm"), Ok(Command::Npm));
        assert_eq!(parse_line("npm --web"), Err("unknown arguments of `npm`: --web".to_owned()));
    }

    #[test]
    fn benchmarks_print_a_table_or_json() {
        assert_eq!(parse_line("bench"), Ok(Command::Bench { json: false }));
        assert_eq!(parse_line("bench --json"), Ok(Command::Bench { json: true }));
        assert_eq!(parse_line("bench js"), Ok(Command::BenchJs { json: false }));
        assert_eq!(parse_line("bench js --json"), Ok(Command::BenchJs { json: true }));
    }

    #[test]
    fn the_demo_has_a_port() {
        assert_eq!(parse_line("demo"), Ok(Command::Demo { port: demo::PORT }));
        assert_eq!(parse_line("demo --port 4000"), Ok(Command::Demo { port: 4000 }));
        assert_eq!(
            parse_line("demo --port 99999"),
            Err("\"99999\" is not a port, a number from 0 to 65535".to_owned())
        );
    }

    #[test]
    fn counts_are_printed_checked_or_kept() {
        assert_eq!(parse_line("counts"), Ok(Command::Counts(Mode::Print)));
        assert_eq!(parse_line("counts --check"), Ok(Command::Counts(Mode::Check)));
        assert_eq!(parse_line("counts --update"), Ok(Command::Counts(Mode::Update)));
    }

    #[test]
    fn the_api_is_printed_checked_or_kept() {
        assert_eq!(parse_line("api"), Ok(Command::Api(Mode::Print)));
        assert_eq!(parse_line("api --check"), Ok(Command::Api(Mode::Check)));
        assert_eq!(parse_line("api --update"), Ok(Command::Api(Mode::Update)));
    }

    #[test]
    fn what_is_unknown_is_named_in_the_error() {
        assert_eq!(parse_line("tset"), Err("unknown command `tset`".to_owned()));
        assert_eq!(parse_line("test --native --wasm"), Err("unknown arguments of `test`: --native --wasm".to_owned()));
        assert_eq!(parse_line("size --all"), Err("unknown arguments of `size`: --all".to_owned()));
    }
}
