//! Ending a command that hangs, with everything that it started.

use std::io::{self, IsTerminal};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The status of the command, or nothing if it took longer than `limit` and was ended.
///
/// # Errors
///
/// When the command does not start.
pub fn status_within(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = spawn(command)?;
    let id = child.id();
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let is_late = is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_late {
            end(id);
        }
        is_late
    });
    let status = child.wait();
    drop(done);
    let is_late = watch.join().unwrap_or_default();
    status.map(|status| (!is_late).then_some(status))
}

/// With a group of its own, unless somebody sits at the terminal: ctrl-c reaches only the group in front.
fn spawn(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    if !io::stdin().is_terminal() {
        use std::os::unix::process::CommandExt;
        return command.process_group(0).spawn();
    }
    command.spawn()
}

/// Ends the group of a process and, if it has none, the process.
fn end(id: u32) {
    let kill = |target: String| {
        if cfg!(windows) {
            Command::new("taskkill").args(["/F", "/T", "/PID", &id.to_string()]).status()
        } else {
            Command::new("kill").args(["-KILL", "--", &target]).status()
        }
    };
    let is_ended = kill(format!("-{id}")).is_ok_and(|status| status.success());
    if !is_ended {
        let _ = kill(id.to_string());
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_ends_in_time_has_its_status() {
        let status = |code: &str| status_within(Command::new("sh").args(["-c", code]), LONG).unwrap().unwrap();
        assert!(status("exit 0").success());
        assert_eq!(status("exit 7").code(), Some(7));
    }

    #[test]
    fn what_hangs_is_ended() {
        let status = status_within(Command::new("sh").args(["-c", "sleep 600 & wait"]), Duration::ZERO).unwrap();
        assert_eq!(status, None);
    }
}
