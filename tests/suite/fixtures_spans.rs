//! The spans that the official Rust SDK was recorded sending, replayed through this one.

use std::time::Duration;

use crate::recordings::{RUST, close, normal_all, recorded, sent_traces, spans};
use crate::support::{map, moment, start};
use raindrop::{
    Attribute, BeginOptions, FinishOptions, LlmMessage, LlmOptions, SpanOptions, ToolOptions, TrackToolOptions,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tree_of_spans_is_sent_as_recorded() {
    let (server, client) = start().await;
    let named = |name: &str| SpanOptions { name: name.into(), event_id: "evt-1".into(), ..SpanOptions::default() };
    let run = client.start_span(SpanOptions {
        operation_id: "ai.workflow".into(),
        properties: map([("user_id", json!("user-1"))]),
        ..named("agent.run")
    });
    let child = client.start_span(SpanOptions { parent: Some(run.clone()), ..named("child") });
    child.set_attributes([
        Attribute::string("s", "v"),
        Attribute::int("i", 5),
        Attribute::float("f", 1.5),
        Attribute::bool("b", true),
        Attribute::string_array("arr", ["a", "b"]),
    ]);
    let model = || LlmOptions { model: "gpt-4o".into(), ..LlmOptions::default() };
    let chat = LlmOptions {
        parent: Some(child.clone()),
        provider: "openai".into(),
        messages: vec![LlmMessage::system("sys"), LlmMessage::user("q")],
        output: Some("a".into()),
        input_tokens: 47,
        output_tokens: 11,
        ..model()
    };
    client.start_llm_span("llm.call", chat, "evt-1").end();
    let plain = client.start_llm_span("llm.input", LlmOptions { input: Some("plain q".into()), ..model() }, "evt-1");
    plain.set_output("o");
    plain.set_token_usage("gpt-4o-2024", 1, 2);
    plain.set_error("boom");
    plain.end();
    let start_time = Some(moment());
    let options =
        |input| ToolOptions { parent: Some(run.clone()), input: Some(input), start_time, ..Default::default() };
    let tool = client.start_tool_span("tool1", options(json!({"q": 1})), "evt-1");
    tool.set_output(&json!({"r": [1, 2]}));
    tool.end_at(start_time);
    let tool = client.start_tool_span("tool_err", options(json!("raw string")), "evt-1");
    tool.set_error("tool failed");
    tool.end_at(start_time);
    child.end();
    run.end();
    close(&server, &client).await;
    assert_eq!(spans(sent_traces(&server)), spans(recorded(RUST, "spans", "traces")));
}

#[tokio::test]
async fn the_spans_of_an_interaction_are_sent_as_recorded() {
    let (server, client) = start().await;
    let interaction = client
        .begin(BeginOptions {
            event_id: "evt-i".into(),
            user_id: "user-1".into(),
            event: "chat".into(),
            convo_id: "c-1".into(),
            input: "q".into(),
            ..BeginOptions::default()
        })
        .await;
    let rag = interaction.start_span(SpanOptions { name: "rag".into(), ..SpanOptions::default() });
    interaction.track_tool(TrackToolOptions {
        name: "coffee".into(),
        parent: Some(rag.clone()),
        input: Some(json!({"q": "x"})),
        output: Some(json!({"w": "r"})),
        duration: Some(Duration::from_millis(125)),
        properties: map([
            ("k", json!("v")),
            ("n", json!(1)),
            ("f", json!(0.5)),
            ("t", json!(true)),
            ("arr", json!(["a"])),
            ("obj", json!({"z": 1})),
            ("nil", Value::Null),
        ]),
        ..TrackToolOptions::default()
    });
    interaction.track_tool(TrackToolOptions {
        name: "bad".into(),
        error: Some("conn timeout".into()),
        start_time: Some(moment()),
        end_time: Some(moment() + Duration::from_millis(50)),
        ..TrackToolOptions::default()
    });
    let llm = interaction.start_llm_span("llm", LlmOptions { model: "m".into(), ..LlmOptions::default() });
    llm.set_io("in", "out");
    llm.end();
    rag.end();
    interaction.finish(FinishOptions { output: "a".into(), ..FinishOptions::default() }).await.unwrap();
    let partials = normal_all(close(&server, &client).await.partials);
    assert_eq!(partials, normal_all(recorded(RUST, "interaction_spans", "events/track_partial")));
    assert_eq!(spans(sent_traces(&server)), spans(recorded(RUST, "interaction_spans", "traces")));
}

#[tokio::test]
async fn the_spans_of_a_tracer_are_sent_as_recorded() {
    let (server, client) = start().await;
    let tracer = client.tracer(map([("job_id", json!("j1"))]));
    tracer.track_tool(TrackToolOptions {
        name: "t".into(),
        input: Some(json!("in")),
        output: Some(json!("out")),
        duration: Some(Duration::from_millis(5)),
        ..TrackToolOptions::default()
    });
    tracer.start_span(SpanOptions { name: "s".into(), ..SpanOptions::default() }).end();
    tracer.start_llm_span("l", LlmOptions::default()).end();
    close(&server, &client).await;
    assert_eq!(spans(sent_traces(&server)), spans(recorded(RUST, "tracer", "traces")));
}
