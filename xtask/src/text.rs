//! The checks of what no compiler reads: spelling, and the format of TOML files.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

use crate::step::{Guard, Step};
use crate::tools;

/// A checker: a package of PyPI and the command in it.
struct Checker {
    name: &'static str,
    version: &'static str,
    /// What `--version` prints.
    says: &'static str,
}

const CHECKERS: [Checker; 2] = [
    Checker { name: "typos", version: "1.52.0", says: "typos-cli 1.52.0" },
    Checker { name: "taplo", version: "0.9.3", says: "taplo 0.9.3" },
];

/// Installs the checkers into a Python environment below `target`.
pub fn set_up(target: &Path) -> Vec<Step> {
    let packages = CHECKERS.map(|checker| format!("{}=={}", checker.name, checker.version));
    vec![
        Step::new("set-up: Python environment", "python3", &["-m", "venv"])
            .args(&[environment(target).display().to_string()])
            .skip_if(no_set_up),
        Step::new("set-up: typos and taplo", &command(target, "python"), &["-m", "pip", "install", "--quiet"])
            .args(&packages)
            .skip_if(no_set_up),
    ]
}

pub fn checks(target: &Path) -> Vec<Step> {
    let check = |name, checker, args: &[&str]| {
        let guard: Guard = tools::python_is_missing;
        Step::new(name, &command(target, checker), args).skip_if(guard)
    };
    vec![check("spelling", "typos", &[]), check("fmt TOML", "taplo", &["fmt", "--check"]).env("RUST_LOG", "warn")]
}

fn no_set_up() -> Option<&'static str> {
    let is_installed = |checker: &Checker| {
        tools::target_directory().is_ok_and(|target| {
            let installed = tools::version_of(&command(&target, checker.name));
            installed.is_ok_and(|installed| installed.trim() == checker.says)
        })
    };
    if CHECKERS.iter().all(is_installed) { Some("installed") } else { tools::python_is_missing() }
}

fn environment(target: &Path) -> PathBuf {
    target.join("tools/python")
}

fn command(target: &Path, name: &str) -> String {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment(target).join(folder).join(format!("{name}{EXE_SUFFIX}")).display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn pages() -> Vec<PathBuf> {
        let output = Step::new("pages", "git", &["ls-files", "*.md"]).output().unwrap();
        output.lines().map(|path| tools::workspace_root().join(path)).collect()
    }

    #[test]
    fn every_link_of_a_page_leads_to_a_file() {
        let pages = pages();
        assert!(!pages.is_empty());
        for page in pages {
            let text = fs::read_to_string(&page).unwrap();
            for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let path = link.split('#').next().unwrap_or_default();
                let is_ours = !link.contains("://");
                let leads = path.is_empty() || page.with_file_name(path).exists();
                assert!(!is_ours || leads, "{}: {link} leads nowhere", page.display());
            }
        }
    }
}
