//! What official SDKs were recorded sending, replayed through this one. `tests/suite/recordings` holds the recordings; a
//! comparison leaves out what the wire contract changes on purpose, and each such place says why.

use crate::recordings::{JS, PYTHON, RUST, close, complete, normal_all, recorded, requests, sent_traces, spans};
use crate::support::{assert_well_formed, builder, map, moment, start};
use raindrop::{
    AiEvent, Attachment, BeginOptions, Event, FinishOptions, Signal, SignalKind, SpanOptions, ToolOptions, User,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

fn hello(event_id: &str) -> AiEvent {
    AiEvent {
        event_id: event_id.into(),
        user_id: "user-1".into(),
        event: "chat".into(),
        timestamp: Some(moment()),
        input: "hello".into(),
        output: "world".into(),
        model: "gpt-4o".into(),
        convo_id: "c-1".into(),
        properties: map([
            ("a", json!(1)),
            ("b", json!(true)),
            ("c", json!("s")),
            ("d", json!(1.5)),
            ("e", json!({"n": [1, "x"]})),
            ("f", Value::Null),
        ]),
        ..AiEvent::default()
    }
}

/// Without the null property, which the JS SDK was not given.
fn hello_js(event_id: &str) -> AiEvent {
    let mut event = hello(event_id);
    event.properties.remove("f");
    event
}

fn attachment(kind: &str, role: &str, value: &str) -> Attachment {
    Attachment { kind: kind.into(), role: role.into(), value: value.into(), ..Attachment::default() }
}

#[tokio::test]
async fn an_ai_event_is_sent_as_recorded() {
    let (server, client) = start().await;
    client.track_ai(hello("evt-1")).await.unwrap();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "track_ai_single", "events/track_partial")));

    let (server, client) = start().await;
    client.track_ai(hello_js("evt-1")).await.unwrap();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, normal_all(recorded(JS, "track_ai_single", "events/track")));
    let recorded = requests(JS, "track_ai_single").remove(0);
    assert_eq!(server.requests()[0].path, recorded["path"].as_str().unwrap());
    for (name, value) in recorded["headers"].as_object().unwrap() {
        assert_eq!(server.requests()[0].header(name), value.as_str(), "{name}");
    }
}

#[tokio::test]
async fn a_minimal_ai_event_is_sent_as_recorded() {
    let (server, client) = start().await;
    let event = AiEvent { user_id: "user-1".into(), input: "hi".into(), ..AiEvent::default() };
    client.track_ai(event).await.unwrap();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "track_ai_minimal", "events/track_partial")));
}

#[tokio::test]
async fn five_ai_events_are_sent_in_one_array_as_recorded() {
    for (sdk, event) in [(JS, hello_js as fn(&str) -> AiEvent), (PYTHON, hello)] {
        let (server, client) = start().await;
        for index in 0..5 {
            client.track_ai(event(&format!("evt-{index}"))).await.unwrap();
        }
        let events = normal_all(close(&server, &client).await.events);
        assert_eq!(events, normal_all(recorded(sdk, "track_ai_x5_flush", "events/track")));
        assert_eq!(server.requests().len(), requests(sdk, "track_ai_x5_flush").len());
    }
}

#[tokio::test]
async fn plain_events_are_sent_as_recorded() {
    let (server, client) = start().await;
    let view = || Event { user_id: "user-1".into(), event: "page_view".into(), ..Event::default() };
    let first = Event {
        event_id: "evt-p".into(),
        timestamp: Some(moment()),
        properties: map([("page", json!("/x"))]),
        ..view()
    };
    client.track_event(first).await.unwrap();
    client.track_event(view()).await.unwrap();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "track_plain", "events/track_partial")));
    assert_eq!(events, normal_all(recorded(PYTHON, "track_plain", "events/track")));
}

#[tokio::test]
async fn attachments_are_sent_as_recorded() {
    let code = Attachment {
        attachment_id: "550e8400-e29b-41d4-a716-446655440000".into(),
        name: "snip".into(),
        language: "python".into(),
        ..attachment("code", "input", "print(1)")
    };
    let attachments = vec![
        code,
        attachment("text", "output", "txt"),
        attachment("image", "output", "https://x/y.png"),
        attachment("iframe", "output", "https://x/"),
    ];
    let (server, client) = start().await;
    client.track_ai(AiEvent { attachments, ..hello("evt-1") }).await.unwrap();
    let sent = close(&server, &client).await.events.remove(0)["attachments"].take();

    let mut of_rust = recorded(RUST, "attachments", "events/track_partial").remove(0)["attachments"].take();
    // A role that our contract refuses.
    of_rust.as_array_mut().unwrap().retain(|attachment| attachment["role"] != "context");
    assert_eq!(sent, of_rust);
    let mut of_js = recorded(JS, "attachments", "events/track").remove(0)["attachments"].take();
    // A key that our type does not have.
    of_js[3].as_object_mut().unwrap().remove("extra").unwrap();
    assert_eq!(sent, of_js);
}

#[tokio::test]
async fn an_interaction_is_sent_as_recorded() {
    for (sdk, timestamp) in [(RUST, Some(moment())), (JS, Some(moment())), (PYTHON, None)] {
        let (server, client) = start().await;
        let interaction = client
            .begin(BeginOptions {
                event_id: "evt-i".into(),
                user_id: "user-1".into(),
                event: "chat".into(),
                timestamp,
                input: "the question".into(),
                model: "gpt-4o".into(),
                convo_id: "c-1".into(),
                ..BeginOptions::default()
            })
            .await;
        interaction.set_property("stage", "processing").await.unwrap();
        interaction.set_properties(map([("x", json!(1))])).await.unwrap();
        interaction.add_attachments(vec![attachment("text", "input", "ctx")]).await.unwrap();
        let end = FinishOptions { output: "the answer".into(), ..FinishOptions::default() };
        interaction.finish(end).await.unwrap();
        let partials = normal_all(close(&server, &client).await.partials);
        assert_eq!(partials, normal_all(recorded(sdk, "interaction", "events/track_partial")));
    }
}

#[tokio::test]
async fn an_interaction_that_only_began_is_sent_as_recorded() {
    let (server, client) = start().await;
    client
        .begin(BeginOptions {
            event_id: "evt-b".into(),
            user_id: "user-1".into(),
            event: "chat".into(),
            input: "q".into(),
            ..BeginOptions::default()
        })
        .await;
    let partials = normal_all(close(&server, &client).await.partials);
    assert_eq!(partials, normal_all(recorded(RUST, "begin_then_close", "events/track_partial")));
}

#[tokio::test]
async fn users_are_sent_as_recorded() {
    let (server, client) = start().await;
    let traits = map([("name", json!("A")), ("plan", json!("pro")), ("n", json!(3))]);
    client.identify(User { user_id: "user-1".into(), traits }).await.unwrap();
    client.identify(User { user_id: "user-2".into(), ..User::default() }).await.unwrap();
    let users = close(&server, &client).await.users;
    for sdk in [RUST, JS, PYTHON] {
        assert_eq!(users, recorded(sdk, "identify", "users/identify"));
    }
}

fn thumbs_up(kind: &str) -> Signal {
    Signal { event_id: "evt-1".into(), name: "thumbs_up".into(), kind: kind.into(), ..Signal::default() }
}

fn feedback() -> Signal {
    Signal {
        timestamp: Some(moment()),
        sentiment: "POSITIVE".into(),
        comment: "nice".into(),
        properties: map([("k", json!("v"))]),
        ..thumbs_up(SignalKind::FEEDBACK)
    }
}

fn edit() -> Signal {
    Signal {
        sentiment: "NEGATIVE".into(),
        attachment_id: "att-1".into(),
        after: "fixed".into(),
        ..thumbs_up(SignalKind::EDIT)
    }
}

#[tokio::test]
async fn signals_are_sent_as_recorded() {
    let simple = ["", SignalKind::DEFAULT, SignalKind::STANDARD, SignalKind::AGENT, SignalKind::AGENT_INTERNAL];
    let diagnosis = Signal {
        name: "self diagnostics - missing_context".into(),
        sentiment: "NEGATIVE".into(),
        properties: map([
            ("source", json!("selfDiagnose")),
            ("category", json!("missing_context")),
            ("detail", json!("no creds")),
            ("signal_description", json!("no creds")),
        ]),
        ..thumbs_up(SignalKind::AGENT)
    };
    let of_rust = simple.map(thumbs_up).into_iter().chain([feedback(), edit()]);
    let of_js =
        simple.map(thumbs_up).into_iter().chain([feedback(), thumbs_up(SignalKind::FEEDBACK), edit(), diagnosis]);
    for (sdk, signals) in [(RUST, of_rust.collect::<Vec<_>>()), (JS, of_js.collect())] {
        let (server, client) = start().await;
        for signal in signals {
            client.track_signal(signal).await.unwrap();
        }
        assert_eq!(close(&server, &client).await.signals, recorded(sdk, "signals", "signals/track"));
    }
}

#[tokio::test]
async fn a_project_is_named_as_recorded() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).project_id("my-proj").build().unwrap();
    client.track_ai(hello("evt-1")).await.unwrap();
    client.start_span(SpanOptions { name: "s".into(), event_id: "e".into(), ..SpanOptions::default() }).end();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "project_id", "events/track_partial")));
    assert_eq!(spans(sent_traces(&server)), spans(recorded(RUST, "project_id", "traces")));
    let recorded = requests(RUST, "project_id");
    let sent = server.requests();
    assert_eq!(sent.len(), recorded.len());
    for request in sent {
        for (name, value) in recorded[0]["headers"].as_object().unwrap() {
            assert_eq!(request.header(name), value.as_str(), "{name}");
        }
    }
}

#[tokio::test]
async fn long_texts_are_cut_as_recorded() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_text_field_chars(100).build().unwrap();
    let event = AiEvent { input: "\u{1F600}".repeat(300), output: "é".repeat(300), ..hello("evt-1") };
    client.track_ai(event).await.unwrap();
    let start_time = Some(moment());
    let options = ToolOptions { input: Some(json!({"big": "y".repeat(300)})), start_time, ..ToolOptions::default() };
    let tool = client.start_tool_span("tool", options, "evt-1");
    tool.set_output(&json!("z".repeat(300)));
    tool.end_at(start_time);
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "trunc_small", "events/track_partial")));
    assert_eq!(spans(sent_traces(&server)), spans(recorded(RUST, "trunc_small", "traces")));

    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_text_field_chars(10).build().unwrap();
    client.track_ai(AiEvent { input: "x".repeat(300), ..hello("evt-1") }).await.unwrap();
    let events = normal_all(close(&server, &client).await.events);
    assert_eq!(events, complete(recorded(RUST, "trunc_tiny", "events/track_partial")));
}

#[tokio::test]
async fn workshop_gets_what_was_recorded() {
    let (cloud, workshop) = (IngestServer::start().await.unwrap(), IngestServer::workshop().await.unwrap());
    let url = format!("{}/ws/", workshop.origin());
    let client = builder(&cloud).project_id("proj-x").local_workshop_url(url).build().unwrap();
    client.track_ai(hello("evt-1")).await.unwrap();
    client.identify(User { user_id: "u".into(), ..User::default() }).await.unwrap();
    client.start_span(SpanOptions { name: "s".into(), event_id: "e".into(), ..SpanOptions::default() }).end();
    close(&cloud, &client).await;
    assert_well_formed(&workshop);
    let received = workshop.received();
    assert_eq!(normal_all(received.partials), normal_all(recorded(RUST, "workshop", "/ws/events/track_partial")));
    assert_eq!(received.users, recorded(RUST, "workshop", "/ws/users/identify"));
    assert_eq!(spans(sent_traces(&workshop)), spans(recorded(RUST, "workshop", "/ws/traces")));
}
