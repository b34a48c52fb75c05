//! Every public item, used the way the documentation of the official Rust SDK uses it: by these names, with these types.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use crate::support::{assert_well_formed, map, moment, start};
use raindrop::{
    AiEvent, Attachment, Attribute, AttributeValue, BeginOptions, Client, ClientBuilder, DEFAULT_ENDPOINT,
    DEFAULT_LOCAL_WORKSHOP_URL, DropReason, Error, Event, FinishOptions, FlushReport, Interaction,
    LOCAL_DEBUGGER_ENV_VAR, LlmMessage, LlmOptions, LlmSpan, LocalWorkshopUrlConfig, PatchOptions, RecordKind, Signal,
    SignalKind, Span, SpanOptions, SpanStatusCode, Stats, ToolOptions, ToolSpan, Tracer, TrackToolOptions, User,
    VERSION, WORKSHOP_ENV_VAR, resolve_local_workshop_url, with_tool, with_tool_async,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

fn assert_handle<T: Send + Sync + Clone + Debug + 'static>() {}
fn assert_options<T: Send + Sync + Debug + Default + Clone + 'static>() {}
fn assert_send<T: Send>(future: T) -> T {
    future
}
fn assert_spawnable<T: Future<Output = ()> + Send + 'static>(future: T) -> T {
    future
}

const _: fn() = || {
    assert_handle::<Client>();
    assert_handle::<ClientBuilder>();
    assert_handle::<Interaction>();
    assert_handle::<Span>();
    assert_handle::<LlmSpan>();
    assert_handle::<ToolSpan>();
    assert_handle::<Tracer>();
    assert_handle::<FlushReport>();
    assert_handle::<Stats>();
    assert_options::<Event>();
    assert_options::<AiEvent>();
    assert_options::<BeginOptions>();
    assert_options::<PatchOptions>();
    assert_options::<FinishOptions>();
    assert_options::<Attachment>();
    assert_options::<Signal>();
    assert_options::<User>();
    assert_options::<SpanOptions>();
    assert_options::<LlmOptions>();
    assert_options::<ToolOptions>();
    assert_options::<TrackToolOptions>();
    assert_options::<LlmMessage>();
    assert_options::<LocalWorkshopUrlConfig>();
    fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}
    assert_error::<Error>();
};

#[allow(clippy::let_unit_value)]
#[tokio::test]
async fn every_call_has_its_documented_form() -> raindrop::Result<()> {
    let (server, client) = start().await;
    let event_id: String = assert_send(client.track_ai(ai_event())).await?;
    let _: String = assert_send(client.track_event(event())).await?;
    let _: () = assert_send(client.track_signal(signal())).await?;
    let _: () = assert_send(client.identify(user())).await?;
    let interaction: Interaction = assert_send(client.begin(beginning())).await;
    let resumed: Interaction = client.resume_interaction(interaction.event_id());
    let _: Interaction = client.resume_interaction(String::from("evt"));
    let _: () = assert_send(client.patch(&event_id, PatchOptions::default())).await?;
    let _: () = assert_send(client.finish(interaction.get_event_id(), FinishOptions::default())).await?;
    let span: Span = client.start_span(span_options(None));
    let llm: LlmSpan = client.start_llm_span("llm", llm_options(Some(span.clone())), &event_id);
    let tool: ToolSpan = client.start_tool_span(String::from("tool"), tool_options(Some(llm.span())), "evt");
    let tracer: Tracer = client.tracer(map([("job_id", json!("nightly"))]));
    spans(&span, &llm, &tool);
    interactions(&resumed, &span).await?;
    traces(&tracer, &span).await;

    let scope: Client = client.scope();
    let _: FlushReport = assert_send(scope.close()).await?;
    let flushing = tokio::spawn(assert_spawnable(client.auto_flush()));
    let report: FlushReport = assert_send(client.flush()).await?;
    let _: FlushReport = assert_send(client.close()).await?;
    flushing.abort();
    let _: (bool, bool) = (client.is_enabled(), client.is_closed());
    counters(&report, &client.stats());
    assert_well_formed(&server);
    Ok(())
}

async fn interactions(interaction: &Interaction, parent: &Span) -> raindrop::Result<()> {
    assert_send(interaction.patch(patch())).await?;
    assert_send(interaction.set_properties(BTreeMap::from([("k".to_string(), json!(1))]))).await?;
    interaction.set_property("text", "v").await?;
    interaction.set_property(String::from("number"), 1).await?;
    interaction.set_property("json", json!({"a": true})).await?;
    interaction.add_attachments(vec![attachment()]).await?;
    interaction.set_input("question").await?;
    assert_send(interaction.set_input(String::from("question"))).await?;
    let _: Span = interaction.start_span(span_options(Some(parent.clone())));
    let _: LlmSpan = interaction.start_llm_span("llm", llm_options(None));
    let _: ToolSpan = interaction.start_tool_span(String::from("tool"), tool_options(None));
    interaction.track_tool(track_tool_options());
    let work = interaction.with_span(span_options(None), |span: Span| async move {
        span.set_attributes([Attribute::bool("inside", true)]);
        Ok::<_, Error>(1)
    });
    let _: i32 = assert_send(work).await?;
    let _: usize = with_tool(interaction, "tool", tool_options(None), || Ok::<_, Error>(2))?;
    let work = with_tool_async(interaction, String::from("tool"), tool_options(None), || async { Ok::<_, Error>("x") });
    let _: &str = assert_send(work).await?;
    assert_send(interaction.finish(finish())).await
}

async fn traces(tracer: &Tracer, parent: &Span) {
    let _: Span = tracer.start_span(span_options(Some(parent.clone())));
    let _: LlmSpan = tracer.start_llm_span("llm", llm_options(None));
    let work = tracer.with_span(span_options(None), |_| async { Err::<(), _>("failed") });
    assert_eq!(assert_send(work).await, Err("failed"));
    tracer.track_tool(track_tool_options());
    let _: Span = Tracer::noop().start_span(SpanOptions::default());
}

fn spans(span: &Span, llm: &LlmSpan, tool: &ToolSpan) {
    span.set_attributes(vec![Attribute::string("k", "v")]);
    span.set_attributes([Attribute::int(String::from("k"), 1), Attribute::float("f", 0.5)]);
    span.set_error("text");
    span.set_error(Error::Closed);
    span.set_token_usage("gpt-4o", 1, 2);
    let _: (&str, bool) = (span.name(), span.is_noop());
    span.end();
    span.end_at(Some(OffsetDateTime::now_utc()));
    assert!(Span::noop().is_noop() && LlmSpan::noop().is_noop() && ToolSpan::noop().is_noop());

    llm.set_model("gpt-4o");
    llm.set_provider(String::from("openai"));
    llm.set_input("question");
    llm.set_messages([LlmMessage::new("tool", "result")]);
    llm.set_messages(vec![LlmMessage::system("s"), LlmMessage::user("u"), LlmMessage::assistant("a")]);
    llm.set_output("answer");
    llm.set_io("question", String::from("answer"));
    llm.set_token_usage("gpt-4o", 1, 2);
    llm.set_error("text");
    let _: (Span, bool) = (llm.span(), llm.is_noop());
    llm.end();
    llm.end_at(None);

    tool.set_input(&json!({"q": 1}));
    tool.set_output(&json!("found"));
    tool.set_error("text");
    tool.set_token_usage("gpt-4o", 1, 2);
    let _: (Span, bool) = (tool.span(), tool.is_noop());
    tool.end();
    tool.end_at(None);
}

fn counters(report: &FlushReport, stats: &Stats) {
    let kind = RecordKind::Event;
    let _: [u64; 3] = [report.delivered(), report.requeued(), report.dropped()];
    let _: [u64; 3] = [report.delivered_of(kind), report.requeued_of(kind), report.dropped_of(kind)];
    let _: [u64; 2] = [report.dropped_by(DropReason::Rejected), report.requests()];
    let _: [u64; 5] = [stats.accepted(), stats.delivered(), stats.dropped(), stats.pending(), stats.refused()];
    let of_kind = [stats.accepted_of(kind), stats.delivered_of(kind), stats.dropped_of(kind), stats.pending_of(kind)];
    let _: [u64; 4] = of_kind;
    let _: u64 = stats.dropped_by(DropReason::Rejected);
}

#[test]
fn every_setting_takes_a_str_and_a_string() {
    let second = Duration::from_secs(1);
    let builder: ClientBuilder = Client::builder()
        .write_key("key")
        .write_key(String::from("key"))
        .endpoint("http://localhost/v1")
        .endpoint(String::from(DEFAULT_ENDPOINT))
        .project_id("project")
        .debug(true)
        .partial_flush_interval(second)
        .trace_flush_interval(Duration::ZERO)
        .trace_max_batch_size(50)
        .trace_max_queue_size(5_000)
        .event_max_queue_size(5_000)
        .max_attempts(3)
        .base_delay(second)
        .jitter_fraction(0.2)
        .request_timeout(second)
        .close_timeout(second)
        .max_text_field_chars(1_000_000)
        .service_name("service")
        .library_name(String::from("library"))
        .library_version("1.0")
        .http_client(reqwest::Client::new())
        .local_workshop_url(String::from(DEFAULT_LOCAL_WORKSHOP_URL))
        .local_workshop_url("http://localhost:5899")
        .disable_local_workshop();
    let client: raindrop::Result<Client> = builder.build();
    assert!(client.unwrap().is_enabled());
}

#[test]
fn the_constants_are_the_documented_ones() {
    assert_eq!(DEFAULT_ENDPOINT, "https://api.raindrop.ai/v1/");
    assert_eq!(DEFAULT_LOCAL_WORKSHOP_URL, "http://localhost:5899/v1/");
    assert_eq!([LOCAL_DEBUGGER_ENV_VAR, WORKSHOP_ENV_VAR], ["RAINDROP_LOCAL_DEBUGGER", "RAINDROP_WORKSHOP"]);
    assert_eq!(VERSION, env!("CARGO_PKG_VERSION"));
    let kinds: [&'static str; 6] = [
        SignalKind::DEFAULT,
        SignalKind::STANDARD,
        SignalKind::FEEDBACK,
        SignalKind::EDIT,
        SignalKind::AGENT,
        SignalKind::AGENT_INTERNAL,
    ];
    assert_eq!(kinds, ["default", "standard", "feedback", "edit", "agent", "agent_internal"]);
    assert_eq!([SpanStatusCode::Unset as u8, SpanStatusCode::Ok as u8, SpanStatusCode::Error as u8], [0, 1, 2]);
    let resolved: Option<String> = resolve_local_workshop_url(&LocalWorkshopUrlConfig::Disabled, false);
    assert_eq!(resolved, None);
    let _ = [LocalWorkshopUrlConfig::Inherit, LocalWorkshopUrlConfig::Url(String::new())];
}

#[test]
fn an_attribute_has_the_type_that_its_constructor_names() {
    let value = |attribute: Attribute| {
        let Attribute { key, value } = attribute;
        assert_eq!(key, "k");
        value
    };
    assert_eq!(value(Attribute::string("k", "v")), AttributeValue::String("v".into()));
    assert_eq!(value(Attribute::int("k", 1)), AttributeValue::Int(1));
    assert_eq!(value(Attribute::float("k", 0.5)), AttributeValue::Float(0.5));
    assert_eq!(value(Attribute::bool("k", true)), AttributeValue::Bool(true));
    let texts = AttributeValue::StringArray(vec!["a".into(), "b".into()]);
    assert_eq!(value(Attribute::string_array("k", ["a", "b"])), texts);
    assert_eq!(value(Attribute::string_array("k", vec![String::from("a"), String::from("b")])), texts);
    assert_eq!(value(Attribute::from_json("k", json!(["a", "b"]))), texts);
    let number: Value = json!(2);
    assert_eq!(value(Attribute::from_json("k", &number)), AttributeValue::Int(2));
    assert_eq!(value(Attribute::from_json("k", json!({"a": [1]}))), AttributeValue::String(r#"{"a":[1]}"#.into()));
}

#[test]
fn an_error_can_be_told_from_the_others_and_says_what_was_wrong() {
    let json_error = serde_json::from_str::<Value>("{").unwrap_err();
    for (error, said) in [
        (Error::Closed, "closed"),
        (Error::Http("refused".into()), "refused"),
        (Error::HttpStatus { status: 503, body: "busy".into() }, "503"),
        (Error::from(json_error), "JSON"),
        (Error::Config("endpoint".into()), "endpoint"),
        (Error::Invalid { field: "user_id".into(), reason: "is required".into() }, "user_id"),
        (Error::Timeout, "within the request timeout"),
    ] {
        assert!(error.to_string().contains(said), "{error}");
        let is_known = matches!(
            error,
            Error::Closed
                | Error::Http(_)
                | Error::HttpStatus { .. }
                | Error::Json(_)
                | Error::Config(_)
                | Error::Invalid { .. }
                | Error::Timeout
        );
        assert!(is_known);
    }
}

#[test]
fn whatever_an_option_does_not_say_is_unset() {
    let event = AiEvent::default();
    assert!([event.event_id, event.user_id, event.event, event.input, event.output].iter().all(String::is_empty));
    assert!(event.timestamp.is_none() && event.properties.is_empty() && event.feature_flags.is_empty());
    assert_eq!(PatchOptions::default().is_pending, None);
    let llm = LlmOptions::default();
    assert_eq!((llm.input, llm.output, llm.input_tokens, llm.output_tokens), (None, None, 0, 0));
    assert!(llm.parent.is_none() && llm.messages.is_empty() && llm.operation_id.is_empty());
    let tool = TrackToolOptions::default();
    assert_eq!((tool.input, tool.output, tool.error), (None, None, None));
    assert_eq!((tool.start_time, tool.end_time, tool.duration), (None, None, None));
    assert_eq!(SpanStatusCode::default(), SpanStatusCode::Unset);
    assert_eq!(LocalWorkshopUrlConfig::default(), LocalWorkshopUrlConfig::Inherit);
    assert_eq!(LlmMessage::user("u"), LlmMessage { role: "user".into(), content: "u".into() });
}

fn event() -> Event {
    Event {
        event_id: String::new(),
        user_id: "user".to_string(),
        event: "page_view".into(),
        timestamp: Some(moment()),
        properties: BTreeMap::from([("k".to_string(), json!("v"))]),
        attachments: vec![attachment()],
        feature_flags: BTreeMap::from([("flag".to_string(), "on".to_string())]),
    }
}

fn ai_event() -> AiEvent {
    let Event { event_id, user_id, event, timestamp, properties, attachments, feature_flags } = event();
    let [input, output, model, convo_id] = ["q", "a", "m", "c"].map(String::from);
    AiEvent {
        event_id,
        user_id,
        event,
        timestamp,
        input,
        output,
        model,
        convo_id,
        properties,
        attachments,
        feature_flags,
    }
}

fn beginning() -> BeginOptions {
    let AiEvent { event_id, user_id, event, timestamp, input, model, .. } = ai_event();
    let AiEvent { convo_id, properties, attachments, feature_flags, .. } = ai_event();
    BeginOptions { event_id, user_id, event, timestamp, input, model, convo_id, properties, attachments, feature_flags }
}

fn patch() -> PatchOptions {
    let AiEvent { user_id, event, timestamp, input, output, model, .. } = ai_event();
    let AiEvent { convo_id, properties, attachments, feature_flags, .. } = ai_event();
    PatchOptions {
        user_id,
        event,
        timestamp,
        input,
        output,
        model,
        convo_id,
        properties,
        attachments,
        feature_flags,
        is_pending: Some(true),
    }
}

fn finish() -> FinishOptions {
    let AiEvent { timestamp, output, model, properties, attachments, feature_flags, .. } = ai_event();
    FinishOptions { timestamp, output, model, properties, attachments, feature_flags }
}

fn attachment() -> Attachment {
    let [kind, role, attachment_id, name, value, language] =
        ["code", "input", "id", "name", "value", "rust"].map(String::from);
    Attachment { kind, role, attachment_id, name, value, language }
}

fn signal() -> Signal {
    Signal {
        event_id: "evt".into(),
        name: "thumbs_up".into(),
        kind: SignalKind::FEEDBACK.to_string(),
        sentiment: "POSITIVE".into(),
        timestamp: Some(moment()),
        properties: BTreeMap::from([("k".to_string(), json!(1))]),
        attachment_id: "att".into(),
        comment: "nice".into(),
        after: "edited".into(),
    }
}

fn user() -> User {
    User { user_id: "user".into(), traits: BTreeMap::from([("plan".to_string(), json!("pro"))]) }
}

fn span_options(parent: Option<Span>) -> SpanOptions {
    SpanOptions {
        name: "span".into(),
        event_id: "evt".into(),
        operation_id: "ai.workflow".into(),
        parent,
        properties: BTreeMap::new(),
        attributes: vec![Attribute::string("k", "v")],
        start_time: Some(moment()),
    }
}

fn llm_options(parent: Option<Span>) -> LlmOptions {
    LlmOptions {
        parent,
        properties: BTreeMap::new(),
        operation_id: "ai.generateText".into(),
        model: "gpt-4o".into(),
        provider: "openai".into(),
        input: Some("question".into()),
        messages: vec![LlmMessage::user("question")],
        output: Some("answer".into()),
        input_tokens: 1_i64,
        output_tokens: 2_i64,
        start_time: Some(moment()),
    }
}

fn tool_options(parent: Option<Span>) -> ToolOptions {
    ToolOptions { parent, properties: BTreeMap::new(), input: Some(json!({"q": 1})), start_time: Some(moment()) }
}

fn track_tool_options() -> TrackToolOptions {
    TrackToolOptions {
        name: "tool".into(),
        parent: None,
        input: Some(json!({"q": 1})),
        output: Some(json!("found")),
        error: Some("partial".into()),
        properties: BTreeMap::new(),
        start_time: Some(moment()),
        end_time: Some(moment()),
        duration: Some(Duration::from_millis(1)),
    }
}
