//! Where the local mirror is: Raindrop Workshop, a viewer that runs beside the app while it is developed.

use std::net::SocketAddr;
use std::time::Duration;

use crate::endpoint::http_url;
use crate::platform;

/// Where Workshop listens unless told otherwise.
pub const DEFAULT_LOCAL_WORKSHOP_URL: &str = "http://localhost:5899/v1/";
/// The environment variable that holds Workshop's URL.
pub const LOCAL_DEBUGGER_ENV_VAR: &str = "RAINDROP_LOCAL_DEBUGGER";
/// The environment variable that turns Workshop on (`1`, `true`, `yes`, `on`), off (`0`, `false`, `no`, `off`), or holds its URL.
pub const WORKSHOP_ENV_VAR: &str = "RAINDROP_WORKSHOP";

const PROBED_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5899);
const PROBE_PATIENCE: Duration = Duration::from_millis(100);

/// What the app says about Workshop.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum LocalWorkshopUrlConfig {
    /// Nothing: the environment decides.
    #[default]
    Inherit,
    /// Off, whatever the environment says.
    Disabled,
    /// At this URL.
    Url(String),
}

/// The URL of the local Workshop, if there is one. The first that is set decides: `config`,
/// [`LOCAL_DEBUGGER_ENV_VAR`], [`WORKSHOP_ENV_VAR`], and with `auto_detect` whether something listens on
/// 127.0.0.1:5899 (native only, 100 ms). A URL counts if it is http or https; it ends with a slash.
pub fn resolve_local_workshop_url(config: &LocalWorkshopUrlConfig, auto_detect: bool) -> Option<String> {
    resolve(config, platform::env, || auto_detect && platform::listens(PROBED_ADDRESS, PROBE_PATIENCE))
}

fn resolve(
    config: &LocalWorkshopUrlConfig,
    env: impl Fn(&str) -> Option<String>,
    is_running: impl FnOnce() -> bool,
) -> Option<String> {
    match config {
        LocalWorkshopUrlConfig::Disabled => return None,
        LocalWorkshopUrlConfig::Url(url) => return http_url(url),
        LocalWorkshopUrlConfig::Inherit => {}
    }
    if let Some(url) = env(LOCAL_DEBUGGER_ENV_VAR).as_deref().and_then(http_url) {
        return Some(url);
    }
    let default = || Some(DEFAULT_LOCAL_WORKSHOP_URL.to_owned());
    if let Some(switch) = env(WORKSHOP_ENV_VAR) {
        match switch.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => return default(),
            "0" | "false" | "no" | "off" => return None,
            _ => {}
        }
        if let Some(url) = http_url(&switch) {
            return Some(url);
        }
    }
    if is_running() { default() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(config: &LocalWorkshopUrlConfig, env: &[(&str, &str)], running: bool) -> Option<String> {
        let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        resolve(config, lookup, || running)
    }

    const INHERIT: LocalWorkshopUrlConfig = LocalWorkshopUrlConfig::Inherit;

    #[test]
    fn what_the_app_says_comes_first() {
        let env = [(LOCAL_DEBUGGER_ENV_VAR, "http://env/")];
        let url = LocalWorkshopUrlConfig::Url("http://app:1/v1".into());
        assert_eq!(resolved(&url, &env, true).as_deref(), Some("http://app:1/v1/"));
        assert_eq!(resolved(&LocalWorkshopUrlConfig::Disabled, &env, true), None);
        assert_eq!(resolved(&LocalWorkshopUrlConfig::Url("ftp://app".into()), &env, true), None);
    }

    #[test]
    fn the_debugger_variable_beats_the_workshop_variable() {
        let env = [(LOCAL_DEBUGGER_ENV_VAR, "http://debugger"), (WORKSHOP_ENV_VAR, "0")];
        assert_eq!(resolved(&INHERIT, &env, false).as_deref(), Some("http://debugger/"));
        let env = [(LOCAL_DEBUGGER_ENV_VAR, "no url"), (WORKSHOP_ENV_VAR, "http://workshop/x")];
        assert_eq!(resolved(&INHERIT, &env, false).as_deref(), Some("http://workshop/x/"));
    }

    #[test]
    fn the_workshop_variable_is_a_switch_or_a_url() {
        for on in ["1", "true", "YES", " on "] {
            let url = resolved(&INHERIT, &[(WORKSHOP_ENV_VAR, on)], false);
            assert_eq!(url.as_deref(), Some(DEFAULT_LOCAL_WORKSHOP_URL), "{on:?}");
        }
        for off in ["0", "false", "no", "OFF"] {
            assert_eq!(resolved(&INHERIT, &[(WORKSHOP_ENV_VAR, off)], true), None, "{off:?}");
        }
        for unset in ["", "maybe", "ftp://x"] {
            let env = [(WORKSHOP_ENV_VAR, unset)];
            assert_eq!(resolved(&INHERIT, &env, false), None, "{unset:?}");
            assert_eq!(resolved(&INHERIT, &env, true).as_deref(), Some(DEFAULT_LOCAL_WORKSHOP_URL), "{unset:?}");
        }
    }
}
