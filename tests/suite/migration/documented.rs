//! What the documentation of the official SDK shows, section by section: its calls in the form it writes them, and what lands.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{assert_well_formed, builder, map, span_named, start};
use raindrop::{
    AiEvent, Attachment, Attribute, BeginOptions, Client, Event, FinishOptions, LlmMessage, LlmOptions, Signal,
    SignalKind, SpanOptions, ToolOptions, TrackToolOptions, User, with_tool, with_tool_async,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

type Done = Result<(), Box<dyn std::error::Error>>;

async fn begin(client: &Client) -> raindrop::Interaction {
    client
        .begin(BeginOptions {
            event_id: "evt_123".to_string(),
            user_id: "user_123".to_string(),
            event: "chat_message".to_string(),
            input: "Plan a day in Lisbon.".to_string(),
            model: "gpt-4o".to_string(),
            convo_id: "convo_123".to_string(),
            properties: BTreeMap::from([("system_prompt".to_string(), json!("You plan trips."))]),
            ..Default::default()
        })
        .await
}

async fn close(server: &IngestServer, client: &Client) -> raindrop::Result<()> {
    client.close().await?;
    assert_well_formed(server);
    assert!(server.received().filtered_spans.is_empty());
    Ok(())
}

fn attribute(server: &IngestServer, span: &str, key: &str) -> Value {
    span_named(server, span).attributes.get(key).cloned().unwrap_or_default()
}

#[tokio::test]
async fn without_a_key_a_program_runs_and_sends_nothing() -> Done {
    let server = IngestServer::start().await?;
    let client = builder(&server).write_key(String::new()).build()?;
    begin(&client).await.finish(FinishOptions::default()).await?;
    client.close().await?;
    assert_eq!(server.requests().len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_interaction_is_begun_changed_and_finished() -> Done {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    interaction.set_property("stage", json!("retrieving")).await?;
    let more = BTreeMap::from([("stage".to_string(), json!("writing")), ("documents".to_string(), json!(3))]);
    interaction.set_properties(more).await?;
    interaction.set_input("Plan a rainy day in Lisbon.").await?;
    let guide = Attachment {
        kind: "text".to_string(),
        role: "input".to_string(),
        name: "Guide".to_string(),
        value: "The aquarium is dry.".to_string(),
        ..Default::default()
    };
    interaction.add_attachments(vec![guide]).await?;
    let output = "Go to the aquarium.".to_string();
    interaction.finish(FinishOptions { output, ..Default::default() }).await?;
    close(&server, &client).await?;

    let interaction = &server.received().interactions["evt_123"];
    assert_eq!(interaction["is_pending"], false);
    let ai_data = json!({"input": "Plan a rainy day in Lisbon.", "output": "Go to the aquarium.", "model": "gpt-4o",
        "convo_id": "convo_123"});
    assert_eq!(interaction["ai_data"], ai_data);
    assert_eq!(
        (&interaction["properties"]["stage"], &interaction["properties"]["documents"]),
        (&json!("writing"), &json!(3))
    );
    assert_eq!(interaction["attachments"][0]["type"], "text");
    Ok(())
}

#[tokio::test]
async fn an_interaction_is_resumed_by_its_id() -> Done {
    let (server, client) = start().await;
    let event_id = begin(&client).await.get_event_id().to_string();
    let resumed = client.resume_interaction(&event_id);
    resumed.finish(FinishOptions { output: "Go to the aquarium.".to_string(), ..Default::default() }).await?;
    close(&server, &client).await?;
    let interaction = &server.received().interactions["evt_123"];
    assert_eq!((&interaction["user_id"], &interaction["is_pending"]), (&json!("user_123"), &json!(false)));
    Ok(())
}

#[tokio::test]
async fn an_event_is_tracked_in_one_call() -> Done {
    let (server, client) = start().await;
    let picture = Attachment {
        kind: "image".to_string(),
        role: "output".to_string(),
        value: "https://example.com/map.png".to_string(),
        attachment_id: "8b3a0b6e-6c1c-4a8e-9d3e-6d1f3f0a7c11".to_string(),
        ..Default::default()
    };
    client
        .track_ai(AiEvent {
            event_id: "evt_ai".to_string(),
            user_id: "user_123".to_string(),
            event: "trip_plan".to_string(),
            model: "gpt-4o".to_string(),
            input: "Plan a day in Lisbon.".to_string(),
            output: "Start in Belém.".to_string(),
            convo_id: "convo_123".to_string(),
            properties: BTreeMap::from([("experiment".to_string(), json!("b"))]),
            attachments: vec![picture],
            ..Default::default()
        })
        .await?;
    client
        .track_event(Event {
            user_id: "user_123".to_string(),
            event: "plan_printed".to_string(),
            properties: BTreeMap::from([("pages".to_string(), json!(2))]),
            ..Default::default()
        })
        .await?;
    close(&server, &client).await?;

    let events = server.received().events;
    assert_eq!((events[0]["event_id"].as_str(), events[1]["event"].as_str()), (Some("evt_ai"), Some("plan_printed")));
    assert_eq!(events[0]["attachments"][0]["attachment_id"], "8b3a0b6e-6c1c-4a8e-9d3e-6d1f3f0a7c11");
    assert_eq!(events[1]["properties"]["pages"], 2);
    Ok(())
}

#[tokio::test]
async fn a_signal_of_each_kind_judges_an_event() -> Done {
    let (server, client) = start().await;
    let signal = |name: &str, kind: &str| Signal {
        event_id: "evt_123".to_string(),
        name: name.to_string(),
        kind: kind.to_string(),
        ..Default::default()
    };
    client
        .track_signal(Signal { sentiment: "POSITIVE".to_string(), ..signal("thumbs_up", SignalKind::DEFAULT) })
        .await?;
    client.track_signal(Signal { comment: "Too far.".to_string(), ..signal("comment", SignalKind::FEEDBACK) }).await?;
    client.track_signal(Signal { after: "Go by tram.".to_string(), ..signal("edit", SignalKind::EDIT) }).await?;
    client.track_signal(signal("retry", SignalKind::AGENT)).await?;
    client.track_signal(signal("gave_up", SignalKind::AGENT_INTERNAL)).await?;
    client.track_signal(signal("seen", SignalKind::STANDARD)).await?;
    close(&server, &client).await?;

    let signals = server.received().signals;
    let types: Vec<&Value> = signals.iter().map(|signal| &signal["signal_type"]).collect();
    assert_eq!(types, ["default", "feedback", "edit", "agent", "agent_internal", "standard"]);
    assert_eq!(signals[0]["sentiment"], "POSITIVE");
    assert_eq!(signals[1]["properties"]["comment"], "Too far.");
    assert_eq!(signals[2]["properties"]["after"], "Go by tram.");
    Ok(())
}

#[tokio::test]
async fn a_user_is_identified_by_traits() -> Done {
    let (server, client) = start().await;
    let traits = BTreeMap::from([("name".to_string(), json!("Ada")), ("seats".to_string(), json!(5))]);
    client.identify(User { user_id: "user_123".to_string(), traits }).await?;
    close(&server, &client).await?;
    assert_eq!(server.received().users, [json!({"user_id": "user_123", "traits": {"name": "Ada", "seats": 5}})]);
    Ok(())
}

#[tokio::test]
async fn every_documented_setting_is_taken() -> Done {
    let server = IngestServer::start().await?;
    let client = Client::builder()
        .write_key("rk_test_key")
        .endpoint(server.endpoint())
        .debug(false)
        .partial_flush_interval(Duration::from_secs(1))
        .trace_flush_interval(Duration::ZERO)
        .trace_max_batch_size(50)
        .trace_max_queue_size(5_000)
        .max_attempts(3)
        .base_delay(Duration::from_secs(1))
        .jitter_fraction(0.2)
        .service_name("trips")
        .library_name("trips-backend")
        .library_version("1.2.3")
        .http_client(reqwest::Client::new())
        .local_workshop_url(server.endpoint())
        .disable_local_workshop()
        .build()?;
    begin(&client).await.start_span(SpanOptions { name: "plan".to_string(), ..Default::default() }).end();
    close(&server, &client).await?;
    let library = &server.received().interactions["evt_123"]["properties"]["$context"]["library"];
    assert_eq!((&library["name"], &library["version"]), (&json!("trips-backend"), &json!("1.2.3")));
    assert_eq!(span_named(&server, "plan").service_name, "trips");
    Ok(())
}

#[tokio::test]
async fn spans_make_a_tree_and_those_of_an_interaction_belong_to_it() -> Done {
    let (server, client) = start().await;
    let workflow = client.start_span(SpanOptions {
        name: "workflow".to_string(),
        event_id: "evt_123".to_string(),
        ..Default::default()
    });
    let retrieval = client.start_span(SpanOptions {
        name: "retrieval".to_string(),
        event_id: "evt_123".to_string(),
        parent: Some(workflow.clone()),
        attributes: vec![
            Attribute::string("index", "trips"),
            Attribute::int("documents", 8),
            Attribute::float("score", 0.75),
            Attribute::bool("cached", false),
            Attribute::string_array("tags", ["city", "rain"]),
            Attribute::from_json("filter", json!({"city": "Lisbon"})),
        ],
        ..Default::default()
    });
    retrieval.set_error("index is stale");
    retrieval.end();
    workflow.end();
    client
        .start_span(SpanOptions {
            name: "nightly".to_string(),
            operation_id: "ai.workflow".to_string(),
            ..Default::default()
        })
        .end();
    let interaction = begin(&client).await;
    interaction.start_span(SpanOptions { name: "plan".to_string(), ..Default::default() }).end();
    close(&server, &client).await?;

    let [workflow, retrieval, nightly, plan] =
        ["workflow", "retrieval", "nightly", "plan"].map(|name| span_named(&server, name));
    assert_eq!(retrieval.parent_span_id, Some(workflow.span_id));
    assert_eq!((retrieval.status_code, retrieval.status_message.as_deref()), (2, Some("index is stale")));
    let expected = [
        ("index", json!("trips")),
        ("documents", json!(8)),
        ("score", json!(0.75)),
        ("cached", json!(false)),
        ("tags", json!(["city", "rain"])),
        ("filter", json!(r#"{"city":"Lisbon"}"#)),
    ];
    for (key, value) in expected {
        assert_eq!(retrieval.attributes[key], value, "{key}");
    }
    assert_eq!(nightly.attributes["ai.operationId"], "ai.workflow");
    for (name, value) in
        [("user_id", "user_123"), ("convo_id", "convo_123"), ("event", "chat_message"), ("event_id", "evt_123")]
    {
        assert_eq!(plan.attributes[&format!("traceloop.association.properties.{name}")], value);
    }
    Ok(())
}

#[tokio::test]
async fn a_call_of_a_model_has_prompt_answer_and_tokens() -> Done {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let prompt = interaction.start_llm_span(
        "prompt",
        LlmOptions {
            model: "gpt-4o".to_string(),
            provider: "openai".to_string(),
            input: Some("Plan a day in Lisbon.".to_string()),
            ..Default::default()
        },
    );
    prompt.set_output("Start in Belém.");
    prompt.set_token_usage("gpt-4o", 12, 4);
    prompt.end();

    let messages = vec![LlmMessage::system("You plan trips."), LlmMessage::user("Plan a day in Lisbon.")];
    let chat = LlmOptions { messages: messages.clone(), input: Some("loses".to_string()), ..Default::default() };
    let chat = interaction.start_llm_span("chat", chat);
    chat.set_io("Plan a night in Lisbon.", "Start in Alfama.");
    chat.set_messages(messages.into_iter().chain([LlmMessage::new("tool", "It rains.")]));
    chat.end();

    let known = LlmOptions {
        model: "gpt-4o".to_string(),
        messages: vec![LlmMessage::user("Hello."), LlmMessage::assistant("Hi."), LlmMessage::user("Bye.")],
        output: Some("Bye!".to_string()),
        input_tokens: 9,
        output_tokens: 2,
        ..Default::default()
    };
    client.start_llm_span("known", known, "evt_123").end();
    close(&server, &client).await?;

    for (span, key, value) in [
        ("prompt", "gen_ai.prompt.0.content", json!("Plan a day in Lisbon.")),
        ("prompt", "gen_ai.completion.0.content", json!("Start in Belém.")),
        ("prompt", "gen_ai.usage.output_tokens", json!(4)),
        ("chat", "gen_ai.prompt.0.role", json!("system")),
        ("chat", "gen_ai.prompt.2.content", json!("It rains.")),
        ("chat", "gen_ai.completion.0.content", json!("Start in Alfama.")),
        ("known", "gen_ai.prompt.2.content", json!("Bye.")),
        ("known", "gen_ai.completion.0.content", json!("Bye!")),
        ("known", "gen_ai.usage.input_tokens", json!(9)),
    ] {
        assert_eq!(attribute(&server, span, key), value, "{span}: {key}");
    }
    Ok(())
}

#[tokio::test]
async fn with_span_returns_what_its_closure_returns() -> Done {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let plan = interaction
        .with_span(SpanOptions { name: "plan".to_string(), ..Default::default() }, |span| async move {
            span.set_attributes([Attribute::int("stops", 4)]);
            Ok::<_, raindrop::Error>("Belém, Alfama")
        })
        .await?;
    let failed: Result<(), String> = interaction
        .with_span(SpanOptions { name: "book".to_string(), ..Default::default() }, |_span| async {
            Err("sold out".to_string())
        })
        .await;
    close(&server, &client).await?;
    assert_eq!((plan, failed), ("Belém, Alfama", Err("sold out".to_string())));
    assert_eq!(attribute(&server, "plan", "stops"), 4);
    assert_eq!(span_named(&server, "book").status_message.as_deref(), Some("sold out"));
    Ok(())
}

#[tokio::test]
async fn a_tool_is_a_span_a_report_or_a_closure() -> Done {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let input = json!({"city": "Lisbon"});
    let options = ToolOptions { input: Some(input.clone()), ..Default::default() };
    let tool = interaction.start_tool_span("weather", options.clone());
    tool.set_output(&json!({"rain": true}));
    tool.end();
    interaction.track_tool(TrackToolOptions {
        name: "trams".to_string(),
        input: Some(input.clone()),
        output: Some(json!(["28E"])),
        duration: Some(Duration::from_millis(120)),
        ..Default::default()
    });
    interaction.track_tool(TrackToolOptions {
        name: "boats".to_string(),
        error: Some("no such line".to_string()),
        properties: map([("quay", json!("Belém"))]),
        ..Default::default()
    });
    let opened = with_tool(&interaction, "museums", options.clone(), || Ok::<_, raindrop::Error>(vec!["MAAT"]))?;
    let booked =
        with_tool_async(&interaction, "book", options, || async { Ok::<_, raindrop::Error>(json!({"seats": 2})) })
            .await?;
    close(&server, &client).await?;

    assert_eq!((opened, booked), (vec!["MAAT"], json!({"seats": 2})));
    for name in ["weather", "trams", "boats", "museums", "book"] {
        assert_eq!(attribute(&server, name, "traceloop.span.kind"), "tool", "{name}");
        assert_eq!(attribute(&server, name, "traceloop.association.properties.event_id"), "evt_123", "{name}");
    }
    assert_eq!(attribute(&server, "museums", "traceloop.entity.output"), r#"["MAAT"]"#);
    assert_eq!(attribute(&server, "book", "traceloop.entity.input"), input.to_string());
    let trams = span_named(&server, "trams");
    assert_eq!(trams.end_unix_nano - trams.start_unix_nano, 120_000_000);
    assert_eq!(span_named(&server, "boats").status_code, 2);
    Ok(())
}

#[tokio::test]
async fn a_tracer_puts_its_properties_on_the_spans_of_a_batch_job() -> Done {
    let (server, client) = start().await;
    let tracer = client.tracer(BTreeMap::from([("job_id".to_string(), json!("nightly"))]));
    // Without an id of any kind, the backend drops a plain span: the documentation asks for this one.
    let load = SpanOptions { name: "load".to_string(), operation_id: "ai.workflow".to_string(), ..Default::default() };
    tracer.start_span(load).end();
    tracer.start_llm_span("sum up", LlmOptions { model: "gpt-4o".to_string(), ..Default::default() }).end();
    tracer.track_tool(TrackToolOptions { name: "store".to_string(), ..Default::default() });
    close(&server, &client).await?;
    for name in ["load", "sum up", "store"] {
        assert_eq!(attribute(&server, name, "traceloop.association.properties.job_id"), "nightly", "{name}");
    }
    Ok(())
}
