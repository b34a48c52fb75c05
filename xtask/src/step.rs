//! A step of a run: one command with its guard, and how a list of steps is run, timed and
//! summed up.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::tools;
use crate::watchdog;

/// What takes longer hangs: on two cores the longest step, a soak, takes ten minutes.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Says why a step need not or cannot run here; asked just before the step would start.
pub type Guard = fn() -> Option<&'static str>;

/// One command of a run. Its output goes straight to the terminal.
pub struct Step {
    name: String,
    program: String,
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    directory: &'static str,
    guard: Option<Guard>,
    optional: bool,
}

impl Step {
    pub fn new(name: impl Into<String>, program: &str, args: &[&str]) -> Self {
        Self {
            name: name.into(),
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            directory: "",
            guard: None,
            optional: false,
        }
        .args(args)
    }

    pub fn cargo(name: impl Into<String>, args: &[&str]) -> Self {
        Self::new(name, "cargo", args)
    }

    pub fn args(mut self, args: &[impl AsRef<str>]) -> Self {
        self.args.extend(args.iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.env.push((key, value.into()));
        self
    }

    pub fn env_path(self, key: &'static str, path: &Path) -> Self {
        self.env(key, path.display().to_string())
    }

    /// Runs the command in a directory below the repository's root.
    pub fn directory(mut self, directory: &'static str) -> Self {
        self.directory = directory;
        self
    }

    /// Leaves the step out when `guard` gives a reason.
    pub fn skip_if(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Lets the run go on when the step fails.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    fn run(&self, execute: impl FnOnce(&Self) -> Result<(), String>) -> Outcome {
        println!("\n==> {}\n    {self}", self.name);
        if let Some(reason) = self.guard.and_then(|guard| guard()) {
            println!("    skipped: {reason}");
            return Outcome::Skipped(reason);
        }
        match execute(self) {
            Ok(()) => Outcome::Passed,
            Err(why) => Outcome::Failed(why),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(tools::program(&self.program));
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .current_dir(tools::workspace_root().join(self.directory));
        command
    }

    /// Runs the command, for a while.
    fn execute(&self) -> Result<(), String> {
        let status = watchdog::status_within(&mut self.command(), LIMIT).transpose();
        status.map_or_else(
            || Err(format!("it hung, and was ended after {} minutes", LIMIT.as_secs() / 60)),
            |status| self.judge(status),
        )
    }

    /// Runs the command for what it leaves behind: all it prints goes to stderr.
    ///
    /// # Errors
    ///
    /// A message that names the command.
    pub fn produce(&self) -> Result<(), String> {
        let mut command = self.command();
        command.stdout(io::stderr());
        self.judge(command.status()).map_err(|why| format!("{}: {why}\ncommand: {self}", self.name))
    }

    /// The same, unless the guard gives a reason not to.
    ///
    /// # Errors
    ///
    /// A message that names the command.
    pub fn ensure(&self) -> Result<(), String> {
        if self.guard.is_some_and(|guard| guard().is_some()) { Ok(()) } else { self.produce() }
    }

    /// What the command prints to stdout.
    ///
    /// # Errors
    ///
    /// A message that names the command.
    pub fn output(&self) -> Result<String, String> {
        tools::output_of(self.command())
    }

    fn judge(&self, status: io::Result<ExitStatus>) -> Result<(), String> {
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(format!("`{}` did not start ({error}): is it installed and on PATH?", self.program)),
        }
    }
}

impl fmt::Display for Step {
    /// The command as it can be pasted into a shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.directory.is_empty() {
            write!(f, "cd {} && ", self.directory)?;
        }
        for (key, value) in &self.env {
            write!(f, "{key}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() }
}

enum Outcome {
    Passed,
    Skipped(&'static str),
    Failed(String),
}

struct Record<'a> {
    step: &'a Step,
    outcome: Outcome,
    took: Duration,
}

/// Runs the steps in order up to the first failure, then prints the summary.
///
/// # Errors
///
/// A message that names the failed step and its command.
pub fn run_all(steps: &[Step]) -> Result<(), String> {
    run_each(steps, Step::execute)
}

fn run_each(steps: &[Step], execute: impl Fn(&Step) -> Result<(), String>) -> Result<(), String> {
    let mut records = Vec::new();
    let mut failure = None;
    for step in steps {
        let start = Instant::now();
        let outcome = step.run(&execute);
        if let Outcome::Failed(why) = &outcome {
            if step.optional {
                println!("    failed, not required: {why}");
            } else {
                failure = Some(format!("step `{}` failed: {why}\ncommand: {step}", step.name));
            }
        }
        records.push(Record { step, outcome, took: start.elapsed() });
        if failure.is_some() {
            break;
        }
    }
    print!("\n{}", summary(&records, steps.len()));
    failure.map_or(Ok(()), Err)
}

fn summary(records: &[Record<'_>], planned: usize) -> String {
    let width = records.iter().map(|record| record.step.name.len()).max().unwrap_or(0).max("total".len());
    let mut table = format!("{:width$}  {:>7}  result\n", "step", "seconds");
    for Record { step, outcome, took } in records {
        let result = match outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Skipped(reason) => format!("skipped: {reason}"),
            Outcome::Failed(_) if step.optional => "failed, not required".to_owned(),
            Outcome::Failed(_) => "FAILED".to_owned(),
        };
        let seconds = took.as_secs_f64();
        table += &format!("{:width$}  {seconds:7.1}  {result}\n", step.name);
    }
    let total: f64 = records.iter().map(|record| record.took.as_secs_f64()).sum();
    let left = match planned - records.len() {
        0 => String::new(),
        left => format!("  {left} not run"),
    };
    table += &format!("{:width$}  {total:7.1}{left}\n", "total");
    table
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn step(name: &str) -> Step {
        Step::cargo(name, &["run"]).args(&[name])
    }

    /// Runs the steps without their commands: those called `bad` fail. Returns the result and the
    /// names of the steps that were reached.
    fn run(steps: &[Step]) -> (Result<(), String>, Vec<String>) {
        let reached = RefCell::new(Vec::new());
        let result = run_each(steps, |step| {
            reached.borrow_mut().push(step.name.clone());
            match step.name.as_str() {
                "bad" => Err("exit status: 1".to_owned()),
                _ => Ok(()),
            }
        });
        (result, reached.into_inner())
    }

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let step = Step::cargo("docs", &["doc"]).args(&["--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.to_string(), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
        assert_eq!(step.directory("docs").to_string(), "cd docs && RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
    }

    #[test]
    fn a_command_runs_in_its_directory() {
        let step = Step::cargo("where", &["locate-project", "--message-format", "plain"]).directory("xtask");
        let manifest = step.output().unwrap();
        assert_eq!(Path::new(manifest.trim()), tools::workspace_root().join("xtask/Cargo.toml"));
    }

    #[test]
    fn what_fails_while_producing_is_named_with_its_command() {
        let error = Step::cargo("build it", &["no-such-command"]).produce().unwrap_err();
        assert!(error.starts_with("build it: exit status: ") && error.ends_with("cargo no-such-command"), "{error}");
    }

    #[test]
    fn a_run_stops_at_the_first_failure_and_names_it() {
        let (result, reached) = run(&[step("first"), step("bad"), step("third")]);
        assert_eq!(result, Err("step `bad` failed: exit status: 1\ncommand: cargo run bad".to_owned()));
        assert_eq!(reached, ["first", "bad"]);
    }

    #[test]
    fn a_run_goes_on_after_an_optional_step_failed() {
        let (result, reached) = run(&[step("bad").optional(), step("last")]);
        assert_eq!(result, Ok(()));
        assert_eq!(reached, ["bad", "last"]);
    }

    #[test]
    fn a_step_is_left_out_when_its_guard_gives_a_reason() {
        let (result, reached) = run(&[step("bad").skip_if(|| Some("not here")), step("last").skip_if(|| None)]);
        assert_eq!(result, Ok(()));
        assert_eq!(reached, ["last"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Step::new("absent", "raindrop-no-such-program", &[]).execute().unwrap_err();
        assert!(error.starts_with("`raindrop-no-such-program` did not start"), "{error}");
    }

    #[test]
    fn the_summary_lists_every_step_with_its_seconds() {
        let steps = [step("fmt"), step("apt").optional(), step("clippy native")];
        let record = |index: usize, outcome, millis| Record {
            step: &steps[index],
            outcome,
            took: Duration::from_millis(millis),
        };
        let records = [
            record(0, Outcome::Passed, 1500),
            record(1, Outcome::Skipped("there already"), 0),
            record(1, Outcome::Failed("why".to_owned()), 250),
            record(2, Outcome::Failed("why".to_owned()), 61_000),
        ];
        assert_eq!(
            summary(&records, 5),
            "\
step           seconds  result
fmt                1.5  passed
apt                0.0  skipped: there already
apt                0.2  failed, not required
clippy native     61.0  FAILED
total             62.8  1 not run
"
        );
    }
}
