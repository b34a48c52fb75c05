//! What environment variables change. Each test runs once more in a process of its own that has them.

use std::env;
use std::process::Command;

use crate::support::{ai_event, assert_well_formed, builder};
use raindrop::{
    AiEvent, Client, DEFAULT_LOCAL_WORKSHOP_URL, LOCAL_DEBUGGER_ENV_VAR, LocalWorkshopUrlConfig, WORKSHOP_ENV_VAR,
    resolve_local_workshop_url,
};
use raindrop_ingest::IngestServer;

const INSIDE: &str = "RAINDROP_TEST_INSIDE";
const LENGTH_LIMIT: &str = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT";
const VARIABLES: [&str; 3] = [LOCAL_DEBUGGER_ENV_VAR, WORKSHOP_ENV_VAR, LENGTH_LIMIT];

/// Runs `body` in a process that has these variables and no other of ours. `test` is the caller's name.
fn with_environment(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut command = Command::new(env::current_exe().unwrap());
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
        .args([&format!("{}::{test}", module_path!().split_once("::").unwrap().1), "--exact"])
        .env(INSIDE, "1")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{variables:?}: {said}");
}

fn resolved() -> Option<String> {
    resolve_local_workshop_url(&LocalWorkshopUrlConfig::Inherit, false)
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// The length of a text of 100 characters at this cap.
async fn sent_length(cap: usize) -> usize {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_text_field_chars(cap).build().unwrap();
    client.track_ai(AiEvent { input: "x".repeat(100), ..ai_event("evt_1") }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    server.received().events[0]["ai_data"]["input"].as_str().unwrap().len()
}

#[test]
fn the_debugger_variable_is_the_url_of_workshop_and_beats_the_other() {
    let variables = [(LOCAL_DEBUGGER_ENV_VAR, "http://localhost:1234/v1"), (WORKSHOP_ENV_VAR, "off")];
    with_environment("the_debugger_variable_is_the_url_of_workshop_and_beats_the_other", &variables, || {
        assert_eq!(resolved().as_deref(), Some("http://localhost:1234/v1/"));
        assert_eq!(resolve_local_workshop_url(&LocalWorkshopUrlConfig::Disabled, true), None);
        let explicit = LocalWorkshopUrlConfig::Url("http://explicit/".into());
        assert_eq!(resolve_local_workshop_url(&explicit, true).as_deref(), Some("http://explicit/"));
        assert!(Client::builder().build().unwrap().is_enabled());
        assert!(!Client::builder().disable_local_workshop().build().unwrap().is_enabled());
    });
}

#[test]
fn a_debugger_variable_that_is_no_url_is_as_if_unset() {
    let variables = [(LOCAL_DEBUGGER_ENV_VAR, "localhost:1234"), (WORKSHOP_ENV_VAR, "https://workshop.test")];
    with_environment("a_debugger_variable_that_is_no_url_is_as_if_unset", &variables, || {
        assert_eq!(resolved().as_deref(), Some("https://workshop.test/"));
    });
}

#[test]
fn the_workshop_variable_turns_workshop_on() {
    for on in ["1", "true", "YES", " on "] {
        with_environment("the_workshop_variable_turns_workshop_on", &[(WORKSHOP_ENV_VAR, on)], || {
            assert_eq!(resolved().as_deref(), Some(DEFAULT_LOCAL_WORKSHOP_URL));
        });
    }
}

#[test]
fn the_workshop_variable_turns_workshop_off() {
    for off in ["0", "false", "No", "OFF"] {
        with_environment("the_workshop_variable_turns_workshop_off", &[(WORKSHOP_ENV_VAR, off)], || {
            assert_eq!(resolve_local_workshop_url(&LocalWorkshopUrlConfig::Inherit, true), None);
            assert!(!Client::builder().build().unwrap().is_enabled());
        });
    }
}

#[test]
fn without_a_word_from_anyone_workshop_is_off() {
    for variables in [&[][..], &[(WORKSHOP_ENV_VAR, "maybe")], &[(WORKSHOP_ENV_VAR, "ftp://localhost/")]] {
        with_environment("without_a_word_from_anyone_workshop_is_off", variables, || {
            assert_eq!(resolved(), None);
        });
    }
}

#[test]
fn the_attribute_length_limit_applies_when_it_is_smaller() {
    with_environment("the_attribute_length_limit_applies_when_it_is_smaller", &[(LENGTH_LIMIT, "40")], || {
        run(async {
            assert_eq!(sent_length(1_000).await, 40);
            assert_eq!(sent_length(30).await, 30);
        });
    });
}

#[test]
fn an_attribute_length_limit_that_limits_nothing_is_ignored() {
    for limit in ["0", "", "-1", "many", "5000"] {
        let name = "an_attribute_length_limit_that_limits_nothing_is_ignored";
        with_environment(name, &[(LENGTH_LIMIT, limit)], || {
            run(async { assert_eq!(sent_length(1_000).await, 100) });
        });
    }
}

#[test]
fn a_proxy_is_not_asked_for_what_is_on_this_machine() {
    let nobody = "http://127.0.0.1:9/";
    with_environment(
        "a_proxy_is_not_asked_for_what_is_on_this_machine",
        &[("HTTP_PROXY", nobody), ("http_proxy", nobody), ("ALL_PROXY", nobody), ("NO_PROXY", ""), ("no_proxy", "")],
        || run(async { assert_eq!(sent_length(10).await, 10) }),
    );
}
