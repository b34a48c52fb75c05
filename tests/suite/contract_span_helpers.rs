//! Spans around closures, and calls of tools that are reported when they are over.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::support::{assert_well_formed, map, moment, span_named, start};
use raindrop::{
    BeginOptions, Client, Interaction, Span, SpanOptions, ToolOptions, TrackToolOptions, with_tool, with_tool_async,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use time::OffsetDateTime;

const MOMENT: u64 = 1_735_787_045_678_000_000;
const MILLI: u64 = 1_000_000;

async fn begin(client: &Client) -> Interaction {
    let options = BeginOptions {
        event_id: "evt_1".into(),
        user_id: "user_1".into(),
        input: "q".into(),
        ..BeginOptions::default()
    };
    client.begin(options).await
}

fn named(name: &str) -> SpanOptions {
    SpanOptions { name: name.into(), ..SpanOptions::default() }
}

async fn flush(server: &IngestServer, client: &Client) {
    client.flush().await.unwrap();
    assert_well_formed(server);
}

/// Polls a future once, and then gives it up.
fn abandon<F: Future>(future: F) {
    let mut future = pin!(future);
    assert!(matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
}

fn output(server: &IngestServer, name: &str) -> Value {
    span_named(server, name).attributes["traceloop.entity.output"].clone()
}

#[tokio::test]
async fn with_span_gives_its_span_to_the_work_and_returns_what_it_returns() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let answer = interaction
        .with_span(named("work"), |span: Span| {
            let interaction = interaction.clone();
            async move {
                let step = SpanOptions { parent: Some(span), ..named("step") };
                interaction.with_span(step, |_| async { Ok::<_, String>(41) }).await.map(|number| number + 1)
            }
        })
        .await;
    assert_eq!(answer, Ok(42));
    flush(&server, &client).await;
    let [work, step] = ["work", "step"].map(|name| span_named(&server, name));
    assert_eq!([work.status_code, step.status_code], [1, 1]);
    assert_eq!(step.parent_span_id, Some(work.span_id));
    assert_eq!(work.attributes["traceloop.association.properties.event_id"], "evt_1");
}

#[tokio::test]
async fn with_span_marks_the_span_failed_on_an_error_and_returns_it() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let failed: Result<(), String> = interaction.with_span(named("work"), |_| async { Err("boom".to_owned()) }).await;
    assert_eq!(failed.unwrap_err(), "boom");
    let tracer = client.tracer(map([("user_id", json!("robot"))]));
    let failed: Result<(), &str> = tracer.with_span(named("job"), |_| async { Err("bang") }).await;
    assert_eq!(failed.unwrap_err(), "bang");
    flush(&server, &client).await;
    for (name, message) in [("work", "boom"), ("job", "bang")] {
        let span = span_named(&server, name);
        assert_eq!((span.status_code, span.status_message.as_deref()), (2, Some(message)));
    }
}

#[tokio::test]
async fn work_that_is_given_up_leaves_a_failed_span() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let tracer = client.tracer(map([("user_id", json!("robot"))]));
    abandon(interaction.with_span(named("work"), |_| std::future::pending::<Result<(), String>>()));
    abandon(tracer.with_span(named("job"), |_| std::future::pending::<Result<(), String>>()));
    abandon(with_tool_async(&interaction, "tool", ToolOptions::default(), || {
        std::future::pending::<Result<(), String>>()
    }));
    flush(&server, &client).await;
    for name in ["work", "job", "tool"] {
        let span = span_named(&server, name);
        assert_eq!((span.status_code, span.status_message.as_deref()), (2, Some("abandoned before its end")), "{name}");
    }
}

#[tokio::test]
async fn work_that_panics_leaves_a_failed_span() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let tool = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        with_tool(&interaction, "tool", ToolOptions::default(), || -> Result<(), String> { panic!("bug") })
    }));
    assert!(tool.is_err());
    flush(&server, &client).await;
    assert_eq!(span_named(&server, "tool").status_code, 2);
}

#[tokio::test]
async fn with_tool_records_the_result_as_output() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let options = || ToolOptions { input: Some(json!({"q": 1})), ..ToolOptions::default() };
    let text = with_tool(&interaction, "text", options(), || Ok::<_, String>("as it is".to_owned()));
    let pair =
        with_tool_async(&interaction, "pair".to_owned(), options(), || async { Ok::<_, String>((1, "x")) }).await;
    assert_eq!((text, pair), (Ok("as it is".to_owned()), Ok((1, "x"))));
    flush(&server, &client).await;
    assert_eq!([output(&server, "text"), output(&server, "pair")], ["as it is", r#"[1,"x"]"#]);
    for name in ["text", "pair"] {
        let span = span_named(&server, name);
        assert_eq!(span.status_code, 1);
        assert_eq!(span.attributes["traceloop.span.kind"], "tool");
        assert_eq!(span.attributes["traceloop.entity.input"], r#"{"q":1}"#);
        assert_eq!(span.attributes["traceloop.association.properties.user_id"], "user_1");
    }
}

#[tokio::test]
async fn with_tool_marks_the_span_failed_on_an_error_and_returns_it() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let failed: Result<(), String> = with_tool(&interaction, "sync", ToolOptions::default(), || Err("boom".to_owned()));
    assert_eq!(failed.unwrap_err(), "boom");
    let failed: Result<(), String> =
        with_tool_async(&interaction, "async", ToolOptions::default(), || async { Err("boom".to_owned()) }).await;
    assert_eq!(failed.unwrap_err(), "boom");
    flush(&server, &client).await;
    for name in ["sync", "async"] {
        let span = span_named(&server, name);
        assert_eq!((span.status_code, span.status_message.as_deref()), (2, Some("boom")));
        assert!(!span.attributes.contains_key("traceloop.entity.output"));
    }
}

#[tokio::test]
async fn a_tool_that_is_over_is_recorded_field_for_field() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let parent = interaction.start_span(named("parent"));
    interaction.track_tool(TrackToolOptions {
        name: "search".into(),
        parent: Some(parent.clone()),
        input: Some(json!({"q": "x"})),
        output: Some(json!("found")),
        error: Some("partial".into()),
        properties: map([("k", json!("v"))]),
        start_time: Some(moment()),
        end_time: Some(moment() + Duration::from_millis(20)),
        duration: None,
    });
    parent.end();
    flush(&server, &client).await;
    let span = span_named(&server, "search");
    assert_eq!((span.start_unix_nano, span.end_unix_nano), (MOMENT, MOMENT + 20 * MILLI));
    assert_eq!((span.status_code, span.status_message.as_deref()), (2, Some("partial")));
    assert_eq!(span.parent_span_id, Some(span_named(&server, "parent").span_id));
    let expected = json!({
        "traceloop.span.kind": "tool",
        "raindrop.span.kind": "tool_call",
        "ai.operationId": "ai.toolCall",
        "traceloop.entity.name": "search",
        "traceloop.entity.input": r#"{"q":"x"}"#,
        "traceloop.entity.output": "found",
        "traceloop.entity.duration_ms": 20,
        "ai.telemetry.metadata.raindrop.eventId": "evt_1",
        "traceloop.association.properties.event_id": "evt_1",
        "traceloop.association.properties.user_id": "user_1",
        "traceloop.association.properties.event": "ai_generation",
        "traceloop.association.properties.event_name": "ai_generation",
        "traceloop.association.properties.k": "v",
    });
    assert_eq!(json!(span.attributes), expected);
}

#[tokio::test]
async fn whatever_is_missing_of_start_end_and_duration_is_derived() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let at = |millis: u64| Some(moment() + Duration::from_millis(millis));
    let lasting = |millis: u64| Some(Duration::from_millis(millis));
    let cases = [
        ("start and end", at(10), at(30), None, (10, 30)),
        ("start and duration", at(10), None, lasting(5), (10, 15)),
        ("end and duration", None, at(30), lasting(5), (25, 30)),
        ("end", None, at(30), None, (30, 30)),
        ("all three", at(10), at(30), lasting(7), (10, 30)),
        ("end before start", at(30), at(10), None, (30, 30)),
    ];
    for (name, start_time, end_time, duration, _) in cases {
        let name = name.into();
        interaction.track_tool(TrackToolOptions { name, start_time, end_time, duration, ..Default::default() });
    }
    flush(&server, &client).await;
    for (name, .., (start, end)) in cases {
        let span = span_named(&server, name);
        assert_eq!(
            (span.start_unix_nano, span.end_unix_nano),
            (MOMENT + start * MILLI, MOMENT + end * MILLI),
            "{name}"
        );
        assert_eq!(span.attributes["traceloop.entity.duration_ms"], end - start, "{name}");
    }
}

#[tokio::test]
async fn a_tool_without_an_end_ended_now() {
    let (server, client) = start().await;
    let interaction = begin(&client).await;
    let now = || u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap();
    let before = now();
    interaction.track_tool(TrackToolOptions { name: "nothing known".into(), ..TrackToolOptions::default() });
    let duration = Some(Duration::from_millis(125));
    interaction.track_tool(TrackToolOptions { name: "duration".into(), duration, ..TrackToolOptions::default() });
    let start_time = Some(moment());
    interaction.track_tool(TrackToolOptions { name: "start".into(), start_time, ..TrackToolOptions::default() });
    let after = now();
    flush(&server, &client).await;
    for name in ["nothing known", "duration", "start"] {
        // Where the system's clock counts microseconds, spans do not.
        assert!((before - 1_000..=after + 1_000).contains(&span_named(&server, name).end_unix_nano), "{name}");
    }
    let lasted = |name| {
        let span = span_named(&server, name);
        span.end_unix_nano - span.start_unix_nano
    };
    assert_eq!((lasted("nothing known"), lasted("duration")), (0, 125 * MILLI));
    assert_eq!(span_named(&server, "start").start_unix_nano, MOMENT);
}

#[tokio::test]
async fn the_helpers_run_their_work_without_a_client_that_records() {
    let client = Client::builder().disable_local_workshop().build().unwrap();
    let interaction = begin(&client).await;
    assert_eq!(with_tool(&interaction, "tool", ToolOptions::default(), || Ok::<_, String>(1)), Ok(1));
    assert_eq!(
        with_tool_async(&interaction, "tool", ToolOptions::default(), || async { Ok::<_, String>(2) }).await,
        Ok(2)
    );
    assert_eq!(
        interaction.with_span(named("work"), |span| async move { Ok::<_, String>(span.is_noop()) }).await,
        Ok(true)
    );
    interaction.track_tool(TrackToolOptions::default());
    assert_eq!(client.stats().accepted(), 0);
}
