//! Whatever is handed over: it is encoded as valid JSON within the limits, and updates of an interaction merge like a map.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::Config;
use raindrop::{AiEvent, Client, DropReason, FinishOptions, PatchOptions, User};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

use crate::support::{at_once, builder};

const MAX_BODY: usize = 1_048_576;
const MARKER: &str = "...[truncated by raindrop]";

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        // Characters of every width, controls, and what JSON and HTML make something of.
        vec(
            proptest::sample::select("\0\u{1}\"\\/\n\r\t<&é\u{2028}\u{feff}漢😀\u{10ffff}".chars().collect::<Vec<_>>()),
            0..80
        )
        .prop_map(String::from_iter),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // As many digits as serde_json reads back exactly.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) + 0.125)),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(any_text(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// A counterexample is shown, and not kept in a file.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Runs it against a server of its own, in paused time.
fn with_server(test: impl AsyncFnOnce(&IngestServer) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async { test(&IngestServer::start().await.unwrap()).await })
}

/// One for all cases of a property: to make one reads all certificates of the machine.
fn http_client() -> reqwest::Client {
    // Connections belong to the runtime of their case.
    reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap()
}

/// What each string in a value becomes under a limit.
fn capped(value: &Value, cap: usize) -> Value {
    match value {
        Value::String(text) => text_capped(text, cap).into(),
        Value::Array(items) => items.iter().map(|item| capped(item, cap)).collect(),
        Value::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), capped(item, cap))).collect(),
        other => other.clone(),
    }
}

fn text_capped(text: &str, cap: usize) -> String {
    if text.chars().count() <= cap {
        return text.to_owned();
    }
    match cap.checked_sub(MARKER.len()) {
        None | Some(0) => text.chars().take(cap).collect(),
        Some(kept) => text.chars().take(kept).chain(MARKER.chars()).collect(),
    }
}

#[test]
fn any_json_and_any_text_arrive_unchanged_up_to_the_limit_of_each_text() {
    let http = http_client();
    let given = (btree_map(any_text(), any_json(), 0..8), any_text(), any_text(), 1_usize..100);
    proptest!(cases(100), |((properties, input, output, cap) in given)| {
        with_server(async |server| {
            let client = builder(server).http_client(http.clone()).max_text_field_chars(cap).build().unwrap();
            let event = AiEvent {
                user_id: "u".into(),
                input: format!("?{input}"),
                output: output.clone(),
                properties: properties.clone(),
                ..AiEvent::default()
            };
            client.track_ai(event).await.unwrap();
            client.identify(User { user_id: "u".into(), traits: properties.clone() }).await.unwrap();
            client.close().await.unwrap();
            prop_assert_eq!(server.requests().iter().find_map(|request| request.error.clone()), None);

            let received = server.received();
            let mut sent = received.events[0]["properties"].clone();
            sent.as_object_mut().unwrap().remove("$context");
            let mut expected = capped(&Value::from_iter(properties.clone()), cap);
            prop_assert_eq!(&received.users[0]["traits"], &expected);
            expected.as_object_mut().unwrap().remove("$context");
            prop_assert_eq!(sent, expected);
            let ai_data = &received.events[0]["ai_data"];
            prop_assert_eq!(ai_data["input"].as_str().unwrap(), text_capped(&format!("?{input}"), cap));
            prop_assert_eq!(ai_data["output"].as_str().unwrap_or_default(), text_capped(&output, cap));
            Ok(())
        })?;
    });
}

#[test]
fn records_of_any_size_are_packed_within_the_limit_of_a_body_and_none_is_lost() {
    let http = http_client();
    let sizes = vec(prop_oneof![0_usize..2_000, 200_000_usize..700_000, 1_000_000_usize..1_500_000], 1..7);
    proptest!(cases(8), |(sizes in sizes, filler in proptest::sample::select(vec!["x", "\"", "\u{1}", "😀"]))| {
        with_server(async |server| {
            let client = builder(server).http_client(http.clone()).build().unwrap();
            for (index, size) in sizes.iter().enumerate() {
                let event_id = index.to_string();
                let input = format!("?{}", filler.repeat(size / filler.len()));
                let properties = BTreeMap::from([("more".to_owned(), Value::from(filler.repeat(size / 3)))]);
                let event = AiEvent { event_id, user_id: "u".into(), input, properties, ..AiEvent::default() };
                client.track_ai(event).await.unwrap();
            }
            prop_assert_eq!(client.close().await.unwrap().delivered(), sizes.len() as u64);
            for request in server.requests() {
                prop_assert!(request.body.len() <= MAX_BODY, "{} bytes", request.body.len());
                prop_assert_eq!(request.error, None);
            }
            let ids: Vec<_> = server.received().events.iter().map(|event| event["event_id"].clone()).collect();
            prop_assert_eq!(ids.len(), sizes.len());
            Ok(())
        })?;
    });
}

/// An update of an interaction, and whether a flush follows on it.
fn any_update() -> impl Strategy<Value = (PatchOptions, bool)> {
    let name = || proptest::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
    let text = || prop_oneof![Just(String::new()), "[a-z]{1,4}"];
    let fields = (text(), text(), text(), text(), btree_map(name(), any_json(), 0..3), btree_map(name(), text(), 0..3));
    (fields, any::<bool>()).prop_map(|((input, output, model, convo_id, properties, feature_flags), flush)| {
        (PatchOptions { input, output, model, convo_id, properties, feature_flags, ..PatchOptions::default() }, flush)
    })
}

/// Texts replace each other, properties and flags merge by key.
fn merge(model: &mut Value, patch: &PatchOptions) {
    let texts =
        [("input", &patch.input), ("output", &patch.output), ("model", &patch.model), ("convo_id", &patch.convo_id)];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        model["ai_data"][key] = json!(text);
    }
    for (key, value) in &patch.properties {
        model["properties"][key] = value.clone();
    }
    for (key, value) in &patch.feature_flags {
        model["feature_flags"][key] = json!(value);
    }
}

#[test]
fn updates_of_an_interaction_merge_like_a_map_however_flushes_fall_between_them() {
    let http = http_client();
    proptest!(cases(60), |(updates in vec(any_update(), 0..12))| {
        with_server(async |server| {
            let client = builder(server).http_client(http.clone()).build().unwrap();
            let first = PatchOptions { user_id: "u".into(), input: "hi".into(), ..PatchOptions::default() };
            let mut model = json!({"ai_data": {}, "properties": {}, "feature_flags": {}});
            for (patch, flush) in std::iter::once((first, false)).chain(updates.clone()) {
                merge(&mut model, &patch);
                client.patch("chat", patch).await.unwrap();
                if flush {
                    client.flush().await.unwrap();
                }
            }
            client.finish("chat", FinishOptions::default()).await.unwrap();
            client.close().await.unwrap();

            let arrived = server.received().interactions["chat"].clone();
            prop_assert_eq!(&arrived["ai_data"], &model["ai_data"]);
            prop_assert_eq!(&arrived["is_pending"], &json!(false));
            let flags = arrived.get("feature_flags").cloned().unwrap_or_else(|| json!({}));
            prop_assert_eq!(&flags, &model["feature_flags"]);
            let mut properties = arrived["properties"].clone();
            properties.as_object_mut().unwrap().remove("$context");
            prop_assert_eq!(&properties, &model["properties"]);
            Ok(())
        })?;
    });
}

#[test]
fn a_call_never_waits_and_never_fails_for_what_is_in_it() {
    proptest!(cases(300), |(properties in btree_map(any_text(), any_json(), 0..5), text in any_text())| {
        let client: Client = Client::builder().write_key("k").disable_local_workshop().build().unwrap();
        let user_id = format!("u{text}");
        let event = AiEvent {
            event_id: text.clone(), user_id: user_id.clone(), event: text.clone(), input: format!("?{text}"),
            model: text.clone(), convo_id: text.clone(), properties: properties.clone(), ..AiEvent::default()
        };
        prop_assert!(at_once(client.track_ai(event)).is_ok());
        let user = User { user_id, traits: properties };
        prop_assert!(at_once(client.identify(user)).is_ok());
        prop_assert_eq!((client.stats().pending(), client.stats().dropped()), (2, 0));
        prop_assert_eq!(client.stats().dropped_by(DropReason::TooLarge), 0);
    });
}
