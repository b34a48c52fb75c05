//! The attributes of spans of models and tools, key by key.

use std::time::Duration;

use crate::support::{assert_well_formed, map, moment, span_named, start};
use raindrop::{Attribute, Client, LlmMessage, LlmOptions, SpanOptions, ToolOptions};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

/// The attributes of a span, less those of its event.
async fn attributes(server: &IngestServer, client: &Client, name: &str) -> Value {
    client.flush().await.unwrap();
    assert_well_formed(server);
    let mut attributes = span_named(server, name).attributes;
    for key in ["ai.telemetry.metadata.raindrop.eventId", "traceloop.association.properties.event_id"] {
        assert_eq!(attributes.remove(key).unwrap(), "evt_1");
    }
    json!(attributes)
}

fn keys(attributes: &Value, prefix: &str) -> Vec<String> {
    attributes.as_object().unwrap().keys().filter(|key| key.starts_with(prefix)).cloned().collect()
}

#[tokio::test]
async fn a_bare_llm_span_says_what_it_is() {
    let (server, client) = start().await;
    client.start_llm_span("llm", LlmOptions::default(), "evt_1").end();
    let expected = json!({
        "traceloop.span.kind": "llm",
        "raindrop.span.kind": "llm_call",
        "ai.operationId": "ai.generateText",
    });
    assert_eq!(attributes(&server, &client, "llm").await, expected);
}

#[tokio::test]
async fn a_whole_llm_span_says_everything_under_every_name() {
    let (server, client) = start().await;
    let options = LlmOptions {
        operation_id: "ai.streamText".into(),
        model: "gpt-4o".into(),
        provider: "openai".into(),
        input: Some("ignored".into()),
        messages: vec![LlmMessage::system("be \"kind\""), LlmMessage::user("hello")],
        output: Some("world".into()),
        input_tokens: 47,
        output_tokens: 11,
        ..LlmOptions::default()
    };
    client.start_llm_span("llm", options, "evt_1").end();
    let mut attributes = attributes(&server, &client, "llm").await;
    let messages = attributes["ai.prompt.messages"].take();
    let expected = json!({
        "traceloop.span.kind": "llm",
        "raindrop.span.kind": "llm_call",
        "ai.operationId": "ai.streamText",
        "ai.model.id": "gpt-4o",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o",
        "ai.model.provider": "openai",
        "gen_ai.system": "openai",
        "gen_ai.provider.name": "openai",
        "ai.prompt.messages": null,
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": "be \"kind\"",
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": "hello",
        "ai.response.text": "world",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "world",
        "gen_ai.usage.input_tokens": 47,
        "gen_ai.usage.output_tokens": 11,
    });
    assert_eq!(attributes, expected);
    let messages: Value = serde_json::from_str(messages.as_str().unwrap()).unwrap();
    assert_eq!(messages, json!([{"role": "system", "content": "be \"kind\""}, {"role": "user", "content": "hello"}]));
}

#[tokio::test]
async fn one_input_is_a_prompt_of_the_user() {
    let (server, client) = start().await;
    let options = LlmOptions { input: Some("hello".into()), ..LlmOptions::default() };
    client.start_llm_span("llm", options, "evt_1").end();
    let attributes = attributes(&server, &client, "llm").await;
    assert_eq!(attributes["ai.prompt"], "hello");
    assert_eq!([&attributes["gen_ai.prompt.0.role"], &attributes["gen_ai.prompt.0.content"]], ["user", "hello"]);
    assert_eq!(attributes.get("ai.prompt.messages"), None);
}

#[tokio::test]
async fn an_empty_text_of_an_llm_span_is_unset() {
    let (server, client) = start().await;
    let empty = || Some(String::new());
    let options = LlmOptions { input: empty(), output: empty(), ..LlmOptions::default() };
    client.start_llm_span("llm", options, "evt_1").end();
    let attributes = attributes(&server, &client, "llm").await;
    assert_eq!(keys(&attributes, "ai."), ["ai.operationId"]);
    assert!(keys(&attributes, "gen_ai.").is_empty(), "{attributes}");
}

#[tokio::test]
async fn what_is_set_later_replaces_what_an_llm_span_began_with() {
    let (server, client) = start().await;
    let options = LlmOptions {
        model: "old-model".into(),
        provider: "old-provider".into(),
        input: Some("old input".into()),
        output: Some("old output".into()),
        input_tokens: 1,
        output_tokens: 2,
        ..LlmOptions::default()
    };
    let span = client.start_llm_span("llm", options, "evt_1");
    span.set_model("new-model");
    span.set_provider("anthropic");
    span.set_io("new input", "new output");
    span.set_token_usage("new-model-2025", 3, 4);
    span.end();
    let expected = json!({
        "traceloop.span.kind": "llm",
        "raindrop.span.kind": "llm_call",
        "ai.operationId": "ai.generateText",
        "ai.model.id": "new-model",
        "gen_ai.request.model": "new-model",
        "gen_ai.response.model": "new-model-2025",
        "ai.model.provider": "anthropic",
        "gen_ai.system": "anthropic",
        "gen_ai.provider.name": "anthropic",
        "ai.prompt": "new input",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "new input",
        "ai.response.text": "new output",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "new output",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
    });
    assert_eq!(attributes(&server, &client, "llm").await, expected);
}

#[tokio::test]
async fn messages_replace_an_input_and_an_input_replaces_messages() {
    let (server, client) = start().await;
    let long = [LlmMessage::system("s"), LlmMessage::user("u"), LlmMessage::assistant("a")];
    let span = client.start_llm_span("chat", LlmOptions { input: Some("old".into()), ..Default::default() }, "evt_1");
    span.set_messages(long.clone());
    span.set_messages([LlmMessage::new("tool", "result")]);
    span.end();
    let chat = attributes(&server, &client, "chat").await;
    assert_eq!(chat["ai.prompt.messages"], r#"[{"role":"tool","content":"result"}]"#);
    assert_eq!(chat.get("ai.prompt"), None);
    assert_eq!(keys(&chat, "gen_ai.prompt."), ["gen_ai.prompt.0.content", "gen_ai.prompt.0.role"]);
    assert_eq!([&chat["gen_ai.prompt.0.role"], &chat["gen_ai.prompt.0.content"]], ["tool", "result"]);

    let options = LlmOptions { messages: long.to_vec(), ..LlmOptions::default() };
    let span = client.start_llm_span("text", options, "evt_1");
    span.set_input("new");
    span.end();
    let text = attributes(&server, &client, "text").await;
    assert_eq!(text["ai.prompt"], "new");
    assert_eq!(text.get("ai.prompt.messages"), None);
    assert_eq!(keys(&text, "gen_ai.prompt."), ["gen_ai.prompt.0.content", "gen_ai.prompt.0.role"]);
}

#[tokio::test]
async fn token_counts_are_sent_when_greater_than_zero() {
    let (server, client) = start().await;
    let options = LlmOptions { model: "m".into(), input_tokens: 5, ..LlmOptions::default() };
    client.start_llm_span("input only", options, "evt_1").end();
    let span = client.start_llm_span("negative", LlmOptions { model: "m".into(), ..LlmOptions::default() }, "evt_1");
    span.set_token_usage("", -1, 0);
    span.end();
    let input_only = attributes(&server, &client, "input only").await;
    assert_eq!(keys(&input_only, "gen_ai.usage."), ["gen_ai.usage.input_tokens"]);
    let negative = attributes(&server, &client, "negative").await;
    assert!(keys(&negative, "gen_ai.usage.").is_empty());
    assert_eq!(negative["gen_ai.response.model"], "m");
}

#[tokio::test]
async fn token_usage_names_the_model_that_answered_on_any_span() {
    let (server, client) = start().await;
    let llm = client.start_llm_span("llm", LlmOptions::default(), "evt_1");
    llm.set_token_usage("gpt-4o", 1, 2);
    llm.end();
    let tool = client.start_tool_span("tool", ToolOptions::default(), "evt_1");
    tool.set_token_usage("gpt-4o", 1, 2);
    tool.end();
    let options = SpanOptions { name: "plain".into(), event_id: "evt_1".into(), ..SpanOptions::default() };
    let plain = client.start_span(options);
    plain.set_token_usage("gpt-4o", 1, 2);
    plain.end();
    for name in ["llm", "tool", "plain"] {
        let attributes = attributes(&server, &client, name).await;
        let usage = [
            &attributes["gen_ai.response.model"],
            &attributes["gen_ai.usage.input_tokens"],
            &attributes["gen_ai.usage.output_tokens"],
        ];
        assert_eq!(usage, [&json!("gpt-4o"), &json!(1), &json!(2)], "{name}");
    }
    let llm = attributes(&server, &client, "llm").await;
    assert_eq!(llm.get("gen_ai.request.model"), None);
}

#[tokio::test]
async fn of_an_attribute_and_a_setter_the_later_wins() {
    let (server, client) = start().await;
    let attributes_of_caller = || {
        [
            Attribute::string("ai.model.id", "by attribute"),
            Attribute::string("ai.prompt", "by attribute"),
            Attribute::string("gen_ai.completion.0.content", "by attribute"),
            Attribute::string("gen_ai.response.model", "by attribute"),
            Attribute::int("gen_ai.usage.input_tokens", 100),
        ]
    };
    let set = |span: &raindrop::LlmSpan| {
        span.set_model("by setter");
        span.set_io("by setter", "by setter");
        span.set_token_usage("by setter", 1, 2);
    };
    let first = client.start_llm_span("setter first", LlmOptions::default(), "evt_1");
    set(&first);
    first.span().set_attributes(attributes_of_caller());
    first.end();
    let last = client.start_llm_span("setter last", LlmOptions::default(), "evt_1");
    last.span().set_attributes(attributes_of_caller());
    set(&last);
    last.end();

    let first = attributes(&server, &client, "setter first").await;
    let last = attributes(&server, &client, "setter last").await;
    for key in ["ai.model.id", "ai.prompt", "gen_ai.completion.0.content", "gen_ai.response.model"] {
        assert_eq!(first[key], "by attribute", "{key}");
        assert_eq!(last[key], "by setter", "{key}");
    }
    assert_eq!([&first["gen_ai.usage.input_tokens"], &last["gen_ai.usage.input_tokens"]], [100, 1]);
}

#[tokio::test]
async fn token_usage_replaces_attributes_whichever_way_it_is_set() {
    let (server, client) = start().await;
    let stale =
        || [Attribute::string("gen_ai.response.model", "stale"), Attribute::int("gen_ai.usage.input_tokens", 9)];
    let by_llm = client.start_llm_span("by llm span", LlmOptions::default(), "evt_1");
    by_llm.span().set_attributes(stale());
    by_llm.set_token_usage("fresh", 1, 2);
    by_llm.end();
    let by_span = client.start_llm_span("by span", LlmOptions::default(), "evt_1");
    by_span.span().set_attributes(stale());
    by_span.span().set_token_usage("fresh", 1, 2);
    by_span.end();
    for name in ["by llm span", "by span"] {
        let attributes = attributes(&server, &client, name).await;
        assert_eq!(attributes["gen_ai.response.model"], "fresh", "{name}");
        assert_eq!(attributes["gen_ai.usage.input_tokens"], 1, "{name}");
    }
}

#[tokio::test]
async fn a_bare_tool_span_says_what_it_is() {
    let (server, client) = start().await;
    let span =
        client.start_tool_span("search", ToolOptions { start_time: Some(moment()), ..Default::default() }, "evt_1");
    span.end_at(Some(moment() + Duration::from_micros(125_900)));
    let expected = json!({
        "traceloop.span.kind": "tool",
        "raindrop.span.kind": "tool_call",
        "ai.operationId": "ai.toolCall",
        "traceloop.entity.name": "search",
        "traceloop.entity.duration_ms": 125,
    });
    assert_eq!(attributes(&server, &client, "search").await, expected);
}

#[tokio::test]
async fn tool_io_is_a_string_as_it_is_and_anything_else_as_compact_json() {
    let (server, client) = start().await;
    for (index, (value, text)) in [
        (json!("a \"string\""), "a \"string\""),
        (json!({"q": [1, "x", null]}), r#"{"q":[1,"x",null]}"#),
        (json!([]), "[]"),
        (json!(2.5), "2.5"),
        (json!(false), "false"),
        (Value::Null, "null"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("tool {index}");
        let options = ToolOptions { input: Some(value.clone()), ..ToolOptions::default() };
        let span = client.start_tool_span(name.as_str(), options, "evt_1");
        span.set_output(&value);
        span.end();
        let attributes = attributes(&server, &client, &name).await;
        assert_eq!([&attributes["traceloop.entity.input"], &attributes["traceloop.entity.output"]], [text, text]);
    }
}

#[tokio::test]
async fn what_is_set_later_replaces_what_a_tool_span_began_with() {
    let (server, client) = start().await;
    let options = ToolOptions {
        input: Some(json!("old")),
        properties: map([("k", json!("v"))]),
        start_time: Some(moment()),
        ..ToolOptions::default()
    };
    let span = client.start_tool_span("search", options, "evt_1");
    span.set_input(&json!({"q": "new"}));
    span.set_output(&json!("first"));
    span.set_output(&json!(["second"]));
    span.end_at(Some(moment()));
    let expected = json!({
        "traceloop.span.kind": "tool",
        "raindrop.span.kind": "tool_call",
        "ai.operationId": "ai.toolCall",
        "traceloop.entity.name": "search",
        "traceloop.entity.input": r#"{"q":"new"}"#,
        "traceloop.entity.output": r#"["second"]"#,
        "traceloop.entity.duration_ms": 0,
        "traceloop.association.properties.k": "v",
    });
    assert_eq!(attributes(&server, &client, "search").await, expected);
}

#[tokio::test]
async fn a_plain_span_has_the_operation_id_that_it_is_given() {
    let (server, client) = start().await;
    let options = SpanOptions { name: "plain".into(), event_id: "evt_1".into(), ..SpanOptions::default() };
    client.start_span(SpanOptions { operation_id: "ai.workflow".into(), ..options }).end();
    assert_eq!(attributes(&server, &client, "plain").await, json!({"ai.operationId": "ai.workflow"}));
}
