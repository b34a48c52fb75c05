//! A chat service: one client for all handlers, flushed in the background, closed at the end.
//!
//! ```text
//! cargo run --example axum_server
//! ```

mod support;

use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use raindrop::{BeginOptions, Client, FinishOptions, LlmOptions, Signal, SignalKind};
use serde::{Deserialize, Serialize};

const ADDRESS: &str = "127.0.0.1:3000";
const MODEL: &str = "gpt-4o-mini";
const JSON: &str = "-H 'content-type: application/json'";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The client warns by `tracing`, of records that it cannot deliver for example.
    tracing_subscriber::fmt().init();
    let (builder, server) = support::destination().await?;
    let client = builder.build()?;
    tokio::spawn(client.auto_flush());

    let app = Router::new().route("/chat", post(chat)).route("/feedback", post(feedback)).with_state(client.clone());
    let listener = tokio::net::TcpListener::bind(ADDRESS).await.map_err(|error| format!("{ADDRESS}: {error}"))?;

    println!("Try it, and end it with ctrl-c:\n");
    println!(r#"  curl http://{ADDRESS}/chat {JSON} -d '{{"user_id": "ada", "message": "Good morning!"}}'"#);
    println!(r#"  curl http://{ADDRESS}/feedback {JSON} -d '{{"event_id": "…", "is_good": true}}'"#);
    if let Some(server) = &server {
        println!("  curl {}/_/received", server.origin());
    }
    axum::serve(listener, app).with_graceful_shutdown(interrupted()).await?;

    // After the last request: nothing is recorded any more.
    println!("\n{}", client.close().await?);
    let stats = client.stats();
    println!("since the start: {} delivered, {} dropped", stats.delivered(), stats.dropped());
    Ok(())
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "ctrl-c is not heard");
        std::future::pending().await
    }
}

#[derive(Deserialize)]
struct Question {
    user_id: String,
    message: String,
    #[serde(default)]
    convo_id: String,
}

#[derive(Serialize)]
struct Answer {
    event_id: String,
    answer: String,
}

async fn chat(
    State(raindrop): State<Client>,
    Json(question): Json<Question>,
) -> Result<Json<Answer>, (StatusCode, String)> {
    let interaction = raindrop
        .begin(BeginOptions {
            user_id: question.user_id,
            event: "chat".into(),
            convo_id: question.convo_id,
            input: question.message.clone(),
            model: MODEL.into(),
            ..Default::default()
        })
        .await;
    let call = interaction.start_llm_span(
        "answer",
        LlmOptions { model: MODEL.into(), input: Some(question.message.clone()), ..Default::default() },
    );

    let completion = complete(&question.message).await;
    let output = match &completion {
        Ok(answer) => {
            call.set_output(answer);
            call.set_token_usage(MODEL, 12, 9);
            answer.clone()
        }
        Err(error) => {
            call.set_error(error);
            String::new()
        }
    };
    call.end();
    // Whatever becomes of the telemetry, the user gets the answer.
    if let Err(error) = interaction.finish(FinishOptions { output, ..Default::default() }).await {
        tracing::warn!(%error, "the interaction was not recorded");
    }

    let answer = completion.map_err(|error| (StatusCode::BAD_GATEWAY, error))?;
    Ok(Json(Answer { event_id: interaction.event_id().to_owned(), answer }))
}

#[derive(Deserialize)]
struct Feedback {
    event_id: String,
    is_good: bool,
    #[serde(default)]
    comment: String,
}

async fn feedback(
    State(raindrop): State<Client>,
    Json(feedback): Json<Feedback>,
) -> Result<StatusCode, (StatusCode, String)> {
    let (name, sentiment) = if feedback.is_good { ("thumbs_up", "POSITIVE") } else { ("thumbs_down", "NEGATIVE") };
    let signal = Signal {
        event_id: feedback.event_id,
        name: name.into(),
        kind: SignalKind::FEEDBACK.into(),
        sentiment: sentiment.into(),
        comment: feedback.comment,
        ..Default::default()
    };
    match raindrop.track_signal(signal).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err((StatusCode::BAD_REQUEST, error.to_string())),
    }
}

/// A stand-in for a model; it fails when asked for an outage.
async fn complete(message: &str) -> Result<String, String> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    if message.contains("outage") { Err("the model is overloaded".into()) } else { Ok(format!("You said: {message}")) }
}
