//! `POST /chat`: looks something up, asks the model, streams its answer to the caller, and records all of it.

use raindrop::{
    Attachment, BeginOptions, Client, FinishOptions, Interaction, LlmMessage, LlmOptions, LlmSpan, ToolOptions,
    with_tool,
};
use serde::Deserialize;
use serde_json::json;
use worker::*;

use crate::hang_up::HangUp;
use crate::llm::{self, Answer, Model, Progress};

#[derive(Deserialize)]
struct Question {
    user_id: String,
    #[serde(default)]
    conversation_id: String,
    message: String,
}

/// What the assistant knows; a real app asks a vector index here.
const HELP_PAGES: [(&str, &str); 2] = [
    ("refunds", "Refunds reach the card within five working days."),
    ("delivery", "Orders placed before noon leave the same day."),
];

pub async fn handle(mut request: Request, env: &Env, ctx: &Context) -> Result<Response> {
    let Ok(question) = request.json::<Question>().await else {
        return Response::error("expected {\"user_id\", \"message\"}", 400);
    };
    let raindrop = crate::raindrop(env)?;
    let model = Model::from_env(env)?;
    let interaction = begin(&raindrop, &question, &model).await;
    let page = look_up(&interaction, &question.message).await;

    let messages = vec![
        LlmMessage::system(format!("You are a friendly support agent. Known: {page}")),
        LlmMessage::user(question.message),
    ];
    let call = interaction.start_llm_span(
        "answer",
        LlmOptions {
            model: model.name.clone(),
            provider: "openai".into(),
            messages: messages.clone(),
            ..Default::default()
        },
    );
    let headers = Headers::new();
    headers.set("content-type", "text/plain; charset=utf-8")?;
    headers.set("x-event-id", interaction.event_id())?;

    let (progress, answer) = Progress::new();
    let asked = llm::stream(&model, &messages, progress.clone()).await;
    let (response, hang_up) = match asked {
        Ok(stream) => {
            let hang_up = HangUp::of(&request, move || progress.end(Some("the caller hung up".into())));
            (Response::from_stream(stream)?.with_headers(headers), Some(hang_up))
        }
        Err(error) => {
            console_error!("chat: {error}");
            progress.end(Some(error.to_string()));
            (Response::error("the model cannot be reached", 502)?.with_headers(headers), None)
        }
    };
    // The answer is over when the caller has read it, or has hung up: not when the response begins.
    crate::close_after(ctx, raindrop, async move {
        let answer = answer.await.unwrap_or_default();
        drop(hang_up);
        record(&interaction, &call, answer).await;
    });
    Ok(response)
}

async fn begin(raindrop: &Client, question: &Question, model: &Model) -> Interaction {
    raindrop
        .begin(BeginOptions {
            user_id: question.user_id.clone(),
            convo_id: question.conversation_id.clone(),
            event: "support_chat".into(),
            input: question.message.clone(),
            model: model.name.clone(),
            ..Default::default()
        })
        .await
}

async fn look_up(interaction: &Interaction, message: &str) -> &'static str {
    let options = ToolOptions { input: Some(json!({ "query": message })), ..Default::default() };
    let message = message.to_lowercase();
    let found = with_tool(interaction, "search help pages", options, || {
        let page = HELP_PAGES.iter().find(|(topic, _)| message.contains(topic));
        page.map(|(_, text)| *text).ok_or("no page fits")
    });
    let Ok(page) = found else { return "nothing" };
    let attachment = Attachment {
        kind: "text".into(),
        role: "input".into(),
        name: "help page".into(),
        value: page.into(),
        ..Default::default()
    };
    // Recording fails only for bad input or after `close`; neither is a reason to fail the chat.
    let _ = interaction.add_attachments(vec![attachment]).await;
    page
}

async fn record(interaction: &Interaction, call: &LlmSpan, answer: Answer) {
    call.set_output(answer.text.as_str());
    call.set_token_usage(answer.model, answer.input_tokens, answer.output_tokens);
    if let Some(error) = answer.error {
        call.set_error(error);
    }
    call.end();
    let _ = interaction.finish(FinishOptions { output: answer.text, ..Default::default() }).await;
}
