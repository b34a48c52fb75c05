//! What a request records.

use raindrop::{
    BeginOptions, Client, Event, FinishOptions, LlmMessage, LlmOptions, Signal, SpanOptions, ToolOptions, User,
    with_tool_async,
};
use serde_json::json;
use worker::{Fetch, Url};

/// An interaction, a span and an event, without any I/O in between.
pub async fn quiet(raindrop: &Client, user: &str) -> raindrop::Result<String> {
    let interaction = raindrop
        .begin(BeginOptions {
            user_id: user.into(),
            event: "quiet".into(),
            input: "hello".into(),
            ..Default::default()
        })
        .await;
    interaction.start_span(SpanOptions { name: "think".into(), ..Default::default() }).end();
    raindrop.track_event(Event { user_id: user.into(), event: "seen".into(), ..Default::default() }).await?;
    interaction.finish(FinishOptions { output: "hi".into(), ..Default::default() }).await?;
    Ok(interaction.event_id().to_owned())
}

/// The same with I/O of the app's own in the middle, so that requests interleave.
pub async fn busy(raindrop: &Client, user: &str, upstream: &str) -> raindrop::Result<String> {
    let interaction = raindrop
        .begin(BeginOptions { user_id: user.into(), event: "busy".into(), input: user.into(), ..Default::default() })
        .await;
    let root = interaction.start_span(SpanOptions { name: "work".into(), ..Default::default() });
    let options =
        ToolOptions { parent: Some(root.clone()), input: Some(json!({ "user": user })), ..Default::default() };
    let output = with_tool_async(&interaction, "upstream", options, || ask(upstream, user)).await.unwrap_or_default();
    let call = interaction.start_llm_span(
        "answer",
        LlmOptions {
            parent: Some(root.clone()),
            model: "m".into(),
            messages: vec![LlmMessage::user(user)],
            ..Default::default()
        },
    );
    call.set_output(output.as_str());
    call.end();
    root.end();
    interaction.finish(FinishOptions { output, ..Default::default() }).await?;
    Ok(interaction.event_id().to_owned())
}

async fn ask(upstream: &str, user: &str) -> worker::Result<String> {
    let url = Url::parse(&format!("{upstream}?user={user}"))?;
    Fetch::Url(url).send().await?.text().await
}

/// As much as a long turn of an agent: 1 user, 1 interaction, 3 events, 2 signals and 30 spans.
pub async fn large(raindrop: &Client, user: &str) -> raindrop::Result<String> {
    raindrop.identify(User { user_id: user.into(), traits: [("plan".to_owned(), json!("pro"))].into() }).await?;
    let interaction = raindrop
        .begin(BeginOptions { user_id: user.into(), event: "large".into(), input: "go".into(), ..Default::default() })
        .await;
    for index in 0..30 {
        interaction.start_span(SpanOptions { name: format!("step {index}"), ..Default::default() }).end();
    }
    for index in 0..3 {
        let event = format!("step_{index}");
        raindrop.track_event(Event { user_id: user.into(), event, ..Default::default() }).await?;
    }
    for name in ["thumbs_up", "copied"] {
        let signal = Signal { event_id: interaction.event_id().into(), name: name.into(), ..Default::default() };
        raindrop.track_signal(signal).await?;
    }
    interaction.finish(FinishOptions { output: "done".into(), ..Default::default() }).await?;
    Ok(interaction.event_id().to_owned())
}
