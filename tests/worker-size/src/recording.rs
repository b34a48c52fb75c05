//! The same chat, recorded.

use std::sync::OnceLock;

use raindrop::{
    Attachment, BeginOptions, Client, Event, FinishOptions, LlmMessage, LlmOptions, Signal, SignalKind, ToolOptions,
    User, with_tool,
};
use serde_json::json;
use worker::*;

use crate::{Question, ask, look_up};

static RAINDROP: OnceLock<Client> = OnceLock::new();

fn scope(env: &Env) -> Result<Client> {
    if let Some(client) = RAINDROP.get() {
        return Ok(client.scope());
    }
    let write_key = env.secret("RAINDROP_WRITE_KEY")?.to_string();
    let client = Client::builder().write_key(write_key).build().map_err(|error| Error::RustError(error.to_string()))?;
    Ok(RAINDROP.get_or_init(|| client).scope())
}

pub async fn chat(question: Question, env: &Env, ctx: &Context) -> Result<String> {
    let raindrop = scope(env)?;
    let answer = record(&raindrop, question, env).await;
    ctx.wait_until(async move {
        match raindrop.close().await {
            Ok(report) => console_debug!("{report}"),
            Err(error) => console_warn!("{error}"),
        }
    });
    answer
}

async fn record(raindrop: &Client, question: Question, env: &Env) -> Result<String> {
    let invalid = |error: raindrop::Error| Error::RustError(error.to_string());
    let user = User { user_id: question.user_id.clone(), traits: [("plan".to_owned(), json!("pro"))].into() };
    raindrop.identify(user).await.map_err(invalid)?;
    let interaction = raindrop
        .begin(BeginOptions {
            user_id: question.user_id.clone(),
            convo_id: question.conversation_id,
            event: "chat".into(),
            input: question.message.clone(),
            model: "gpt-4o-mini".into(),
            ..Default::default()
        })
        .await;

    let options = ToolOptions { input: Some(json!({ "query": question.message })), ..Default::default() };
    let page = with_tool(&interaction, "look up", options, || look_up(&question.message)).unwrap_or("nothing");
    let attachment = Attachment { kind: "text".into(), role: "input".into(), value: page.into(), ..Default::default() };
    interaction.add_attachments(vec![attachment]).await.map_err(invalid)?;

    let call = interaction.start_llm_span(
        "answer",
        LlmOptions {
            model: "gpt-4o-mini".into(),
            provider: "openai".into(),
            messages: vec![LlmMessage::system(page), LlmMessage::user(question.message.as_str())],
            ..Default::default()
        },
    );
    let answer = ask(env, page, &question.message).await;
    match &answer {
        Ok((text, usage)) => {
            call.set_output(text.as_str());
            call.set_token_usage("gpt-4o-mini", usage.prompt_tokens, usage.completion_tokens);
        }
        Err(error) => call.set_error(error),
    }
    call.end();

    let output = answer.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
    interaction.finish(FinishOptions { output, ..Default::default() }).await.map_err(invalid)?;
    let signal = Signal {
        event_id: interaction.event_id().into(),
        name: "answered".into(),
        kind: SignalKind::AGENT.into(),
        ..Default::default()
    };
    raindrop.track_signal(signal).await.map_err(invalid)?;
    let event = Event { user_id: question.user_id, event: "chat_seen".into(), ..Default::default() };
    raindrop.track_event(event).await.map_err(invalid)?;
    answer.map(|(text, _)| text)
}
