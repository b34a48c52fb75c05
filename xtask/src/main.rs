//! The project's own commands, run as `cargo xtask <command>`.

mod features;
mod step;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  test             Run every check: format, lints, tests and docs, for native and wasm
  test --native    The quick loop: format, native lints with default features, tests
  help             Print this help";

#[derive(Debug, PartialEq)]
enum Command {
    Help,
    Test(test::Scope),
}

fn parse(args: &[String]) -> Result<Command, String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] | ["help" | "--help" | "-h"] | ["test", "--help" | "-h"] => Ok(Command::Help),
        ["test"] => Ok(Command::Test(test::Scope::Full)),
        ["test", "--native"] => Ok(Command::Test(test::Scope::Native)),
        ["test", rest @ ..] => Err(format!("unknown arguments of `test`: {}", rest.join(" "))),
        [command, ..] => Err(format!("unknown command `{command}`")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match parse(&args) {
        Ok(Command::Help) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Command::Test(scope)) => match test::run(scope) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("\nerror: {message}");
                ExitCode::FAILURE
            }
        },
        Err(message) => {
            eprintln!("error: {message}\n\n{HELP}");
            ExitCode::from(2)
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
        for line in ["", "help", "--help", "-h", "test --help"] {
            assert_eq!(parse_line(line), Ok(Command::Help), "{line:?}");
        }
    }

    #[test]
    fn test_runs_everything_unless_narrowed_to_native() {
        assert_eq!(parse_line("test"), Ok(Command::Test(test::Scope::Full)));
        assert_eq!(parse_line("test --native"), Ok(Command::Test(test::Scope::Native)));
    }

    #[test]
    fn what_is_unknown_is_named_in_the_error() {
        assert_eq!(parse_line("tset"), Err("unknown command `tset`".to_owned()));
        assert_eq!(parse_line("test --native --wasm"), Err("unknown arguments of `test`: --native --wasm".to_owned()));
    }
}
