//! The same calls make the same bytes here and in the npm package: `tests/npm/api/parity.test.mjs` reads the same cases.

use std::collections::BTreeMap;

use crate::support::{assert_well_formed, builder};
use raindrop::{
    AiEvent, Attachment, Attribute, BeginOptions, Client, Event, FinishOptions, Interaction, LlmMessage, LlmOptions,
    PatchOptions, Signal, SpanOptions, ToolOptions, User, VERSION,
};
use raindrop_ingest::IngestServer;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The argument of a call, as JavaScript takes it.
struct Options<'a>(&'a Map<String, Value>);

impl Options<'_> {
    fn text(&self, name: &str) -> String {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn some_text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn int(&self, name: &str) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    fn time(&self, name: &str) -> Option<OffsetDateTime> {
        self.some_text(name).map(|time| OffsetDateTime::parse(&time, &Rfc3339).unwrap())
    }

    fn values(&self, name: &str) -> BTreeMap<String, Value> {
        self.0
            .get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn texts(&self, name: &str) -> BTreeMap<String, String> {
        self.values(name).into_iter().map(|(key, value)| (key, value.as_str().unwrap().to_owned())).collect()
    }

    fn each<T>(&self, name: &str, read: impl Fn(Options<'_>) -> T) -> Vec<T> {
        let items = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        items.map(|item| read(Options(item.as_object().unwrap()))).collect()
    }

    fn attachments(&self) -> Vec<Attachment> {
        self.each("attachments", |item| Attachment {
            kind: item.text("type"),
            role: item.text("role"),
            attachment_id: item.text("attachmentId"),
            name: item.text("name"),
            value: item.text("value"),
            language: item.text("language"),
        })
    }

    fn event(&self) -> Event {
        Event {
            event_id: self.text("eventId"),
            user_id: self.text("userId"),
            event: self.text("event"),
            timestamp: self.time("timestamp"),
            properties: self.values("properties"),
            attachments: self.attachments(),
            feature_flags: self.texts("featureFlags"),
        }
    }

    fn ai_event(&self) -> AiEvent {
        let Event { event_id, user_id, event, timestamp, properties, attachments, feature_flags } = self.event();
        AiEvent {
            event_id,
            user_id,
            event,
            timestamp,
            input: self.text("input"),
            output: self.text("output"),
            model: self.text("model"),
            convo_id: self.text("convoId"),
            properties,
            attachments,
            feature_flags,
        }
    }

    fn signal(&self) -> Signal {
        Signal {
            event_id: self.text("eventId"),
            name: self.text("name"),
            kind: self.text("type"),
            sentiment: self.text("sentiment"),
            timestamp: self.time("timestamp"),
            properties: self.values("properties"),
            attachment_id: self.text("attachmentId"),
            comment: self.text("comment"),
            after: self.text("after"),
        }
    }

    fn begin(&self) -> BeginOptions {
        let AiEvent { event_id, user_id, event, timestamp, input, model, convo_id, properties, .. } = self.ai_event();
        BeginOptions {
            event_id,
            user_id,
            event,
            timestamp,
            input,
            model,
            convo_id,
            properties,
            attachments: self.attachments(),
            feature_flags: self.texts("featureFlags"),
        }
    }

    fn patch(&self) -> PatchOptions {
        PatchOptions {
            input: self.text("input"),
            properties: self.values("properties"),
            attachments: self.attachments(),
            ..PatchOptions::default()
        }
    }

    fn finish(&self) -> FinishOptions {
        FinishOptions {
            timestamp: self.time("timestamp"),
            output: self.text("output"),
            model: self.text("model"),
            properties: self.values("properties"),
            attachments: self.attachments(),
            feature_flags: self.texts("featureFlags"),
        }
    }

    fn span(&self) -> SpanOptions {
        SpanOptions {
            name: self.text("name"),
            event_id: self.text("eventId"),
            operation_id: self.text("operationId"),
            parent: None,
            properties: self.values("properties"),
            attributes: self.values("attributes").iter().map(|(key, value)| Attribute::from_json(key, value)).collect(),
            start_time: self.time("startTime"),
        }
    }

    fn llm(&self) -> LlmOptions {
        LlmOptions {
            model: self.text("model"),
            provider: self.text("provider"),
            messages: self.each("messages", |item| LlmMessage::new(item.text("role"), item.text("content"))),
            output: self.some_text("output"),
            input_tokens: self.int("inputTokens"),
            output_tokens: self.int("outputTokens"),
            start_time: self.time("startTime"),
            properties: self.values("properties"),
            ..LlmOptions::default()
        }
    }

    fn tool(&self) -> ToolOptions {
        ToolOptions {
            parent: None,
            properties: self.values("properties"),
            input: self.0.get("input").cloned(),
            start_time: self.time("startTime"),
        }
    }
}

/// Arguments as they are, but for `{"$repeat": [text, times]}`, which is a long text.
fn expanded(value: &Value) -> Value {
    if let Some([text, times]) = value.get("$repeat").and_then(Value::as_array).map(Vec::as_slice) {
        return text.as_str().unwrap().repeat(times.as_u64().unwrap() as usize).into();
    }
    match value {
        Value::Array(items) => items.iter().map(expanded).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), expanded(value))).collect(),
        _ => value.clone(),
    }
}

/// What is told of a body: all of it, without what differs from run to run; of a long one its length and its end.
fn told(body: &str) -> Value {
    let body = body.replace(&format!("\"{VERSION}\""), r#""version""#);
    let mut text = without(&body, r#""$context":{"library""#, "}}", r#""$context":{}"#);
    for id in [r#""traceId":""#, r#""spanId":""#] {
        text = without(&text, id, "\"", &format!("{id}\""));
    }
    let end: Vec<char> = text.chars().rev().take(60).collect();
    if text.len() > 4096 {
        json!({"bytes": text.len(), "end": end.iter().rev().collect::<String>()})
    } else {
        text.into()
    }
}

/// Has `instead` wherever there is something from `start` to `end`.
fn without(text: &str, start: &str, end: &str, instead: &str) -> String {
    let mut pieces = text.split(start);
    let mut replaced = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, rest) = piece.split_once(end).unwrap();
        replaced += instead;
        replaced += rest;
    }
    replaced
}

async fn make(client: &Client, calls: &Value) {
    let mut interaction: Option<Interaction> = None;
    for call in expanded(calls).as_array().unwrap() {
        let options = Options(call[1].as_object().unwrap());
        let (event_id, end) = (options.text("eventId"), options.time("endTime"));
        match (call[0].as_str().unwrap(), &interaction) {
            ("track", _) => drop(client.track_event(options.event()).await.unwrap()),
            ("trackAi", _) => drop(client.track_ai(options.ai_event()).await.unwrap()),
            ("trackSignal", _) => client.track_signal(options.signal()).await.unwrap(),
            ("identify", _) => {
                let user = User { user_id: options.text("userId"), traits: options.values("traits") };
                client.identify(user).await.unwrap();
            }
            ("begin", _) => interaction = Some(client.begin(options.begin()).await),
            ("patch", Some(interaction)) => interaction.patch(options.patch()).await.unwrap(),
            ("finish", Some(interaction)) => interaction.finish(options.finish()).await.unwrap(),
            ("flush", _) => drop(client.flush().await.unwrap()),
            ("span", _) => {
                let span = client.start_span(options.span());
                if let Some(error) = options.some_text("error") {
                    span.set_error(error);
                }
                span.end_at(end);
            }
            ("llmSpan", _) => client.start_llm_span(options.text("name"), options.llm(), &event_id).end_at(end),
            ("toolSpan", _) => {
                let span = client.start_tool_span(options.text("name"), options.tool(), &event_id);
                if let Some(output) = options.0.get("output") {
                    span.set_output(output);
                }
                if let Some(error) = options.some_text("error") {
                    span.set_error(error);
                }
                span.end_at(end);
            }
            (call, _) => panic!("no call {call}"),
        }
    }
}

#[tokio::test]
async fn the_same_calls_make_the_same_bytes_as_in_javascript() {
    let cases: Value = serde_json::from_str(include_str!("../parity/cases.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let server = IngestServer::start().await.unwrap();
        let mut builder = builder(&server).service_name("parity");
        if let Some(cap) = case["cap"].as_u64() {
            builder = builder.max_text_field_chars(cap as usize);
        }
        let client = builder.build().unwrap();
        make(&client, &case["calls"]).await;
        client.close().await.unwrap();
        assert_well_formed(&server);
        let requests = server.requests().iter().map(|request| json!([request.route, told(&request.body)])).collect();
        assert_eq!(Value::Array(requests), case["requests"], "{}", case["name"]);
    }
}
