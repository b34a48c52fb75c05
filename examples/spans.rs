//! Spans: trees, attributes, failures, and calls that are over when they are recorded.
//!
//! ```text
//! cargo run --example spans
//! ```

mod support;
#[path = "support/terminal.rs"]
mod terminal;
#[path = "support/waterfall.rs"]
mod waterfall;

use std::error::Error;
use std::time::Duration;

use raindrop::{
    AiEvent, Attribute, BeginOptions, Client, FinishOptions, Interaction, LlmMessage, LlmOptions, Span, SpanOptions,
    ToolOptions, TrackToolOptions, with_tool,
};
use raindrop_ingest::Received;
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::sleep;

use terminal::{Paint, Style, plain};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (builder, server) = support::destination().await?;
    let client = builder.build()?;

    research(&client).await?;
    translate(&client).await?;
    nightly_job(&client).await?;

    let report = client.close().await?;
    if let Some(server) = server {
        show(&server.received());
    }
    println!("{}", Paint::detect().report(&report));
    Ok(())
}

/// Spans of an interaction share its trace, and inherit its user, conversation and event.
async fn research(client: &Client) -> raindrop::Result<()> {
    let interaction = client
        .begin(BeginOptions {
            user_id: "ada@example.com".into(),
            event: "research".into(),
            input: "Who discovered radium, and when?".into(),
            ..Default::default()
        })
        .await;

    let options = SpanOptions { name: "research".into(), ..Default::default() };
    let answer = interaction.with_span(options, |root| find_answer(&interaction, root)).await;

    let output = answer.unwrap_or_else(|error| format!("Sorry, {error}."));
    interaction.finish(FinishOptions { output, ..Default::default() }).await
}

/// A span whose work returns an error has failed; the one around it only if it passes the error on.
async fn find_answer(interaction: &Interaction, root: Span) -> Result<String, String> {
    let child = |name: &str| SpanOptions { name: name.into(), parent: Some(root.clone()), ..Default::default() };

    let from_index = interaction
        .with_span(child("search index"), |span| async move {
            sleep(Duration::from_millis(30)).await;
            span.set_attributes([Attribute::string("index", "papers"), Attribute::int("hits", 0)]);
            Err::<String, _>("no paper found")
        })
        .await;
    if let Ok(answer) = from_index {
        return Ok(answer);
    }
    interaction
        .with_span(child("search the web"), |span| async move {
            sleep(Duration::from_millis(60)).await;
            let options = ToolOptions { parent: Some(span), input: Some(json!("radium")), ..Default::default() };
            with_tool(interaction, "parse page", options, || Ok::<_, String>("Marie and Pierre Curie, 1898".to_owned()))
        })
        .await
}

/// Without an interaction a span names its event, or its parent does.
async fn translate(client: &Client) -> raindrop::Result<()> {
    let event_id = client
        .track_ai(AiEvent {
            user_id: "ada@example.com".into(),
            event: "translation".into(),
            input: "Guten Morgen".into(),
            output: "Good morning".into(),
            ..Default::default()
        })
        .await?;

    let root = client.start_span(SpanOptions {
        name: "translate".into(),
        event_id: event_id.clone(),
        attributes: vec![
            Attribute::string("from", "de"),
            Attribute::string_array("to", ["en"]),
            Attribute::int("characters", 12),
            Attribute::float("confidence", 0.98),
            Attribute::bool("cached", false),
            Attribute::from_json("glossary", json!({"Morgen": "morning"})),
        ],
        ..Default::default()
    });
    let call = client.start_llm_span(
        "call model",
        LlmOptions {
            parent: Some(root.clone()),
            model: "gpt-4o-mini".into(),
            provider: "openai".into(),
            messages: vec![LlmMessage::system("Translate to English."), LlmMessage::user("Guten Morgen")],
            ..Default::default()
        },
        &event_id,
    );
    sleep(Duration::from_millis(40)).await;
    call.set_output("Good morning");
    call.set_token_usage("gpt-4o-mini-2024-07-18", 17, 2);
    call.span().set_attributes([Attribute::string("gen_ai.response.finish_reason", "stop")]);
    call.end();
    root.end();
    Ok(())
}

/// A tracer is for work without a user: all its spans carry the same properties.
async fn nightly_job(client: &Client) -> Result<(), String> {
    let tracer = client.tracer([("job_id".into(), "nightly_2025_01_02".into())].into());
    let options = SpanOptions { name: "nightly job".into(), operation_id: "ai.workflow".into(), ..Default::default() };

    tracer
        .with_span(options, |root| async {
            // Measured by the app: start and end, or one of them and the duration.
            let began = OffsetDateTime::now_utc();
            sleep(Duration::from_millis(25)).await;
            tracer.track_tool(TrackToolOptions {
                name: "fetch tickets".into(),
                parent: Some(root.clone()),
                output: Some(json!({ "tickets": 3 })),
                start_time: Some(began),
                end_time: Some(OffsetDateTime::now_utc()),
                ..Default::default()
            });

            let call = tracer.start_llm_span(
                "summarise",
                LlmOptions {
                    parent: Some(root.clone()),
                    model: "gpt-4o".into(),
                    input: Some("Summarise these tickets: …".into()),
                    ..Default::default()
                },
            );
            sleep(Duration::from_millis(50)).await;
            call.set_output("Two questions about deliveries, one about a refund.");
            call.end();

            let retry = Duration::from_millis(20);
            sleep(retry).await;
            tracer.track_tool(TrackToolOptions {
                name: "post to chat".into(),
                parent: Some(root),
                error: Some("channel not found".into()),
                duration: Some(retry),
                ..Default::default()
            });
            Ok(())
        })
        .await
}

/// The traces, and of one span all that was sent.
fn show(received: &Received) {
    let paint = Paint::detect();
    for trace in waterfall::traces(&received.spans) {
        let heading = paint.paint(Style::Bold, format!("trace {}", trace[0].trace_id));
        println!("{heading}  {}", waterfall::duration(&trace));
        waterfall::print(&trace, paint);
        println!();
    }
    for span in received.spans.iter().filter(|span| span.name == "call model") {
        println!("{}", paint.paint(Style::Bold, format!("attributes of {:?}", span.name)));
        for (key, value) in &span.attributes {
            println!("  {}  {}", paint.paint(Style::Dim, format!("{key:<46}")), plain(value));
        }
        println!();
    }
}
