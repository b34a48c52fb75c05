//! A small chat Worker. `cargo xtask size` builds it with and without the feature `raindrop`: the difference is what
//! the SDK adds.

#[cfg(feature = "raindrop")]
mod recording;

use serde::{Deserialize, Serialize};
use serde_json::json;
use worker::*;

#[derive(Deserialize)]
struct Question {
    user_id: String,
    #[serde(default)]
    conversation_id: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
struct Message {
    role: String,
    content: String,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Default, Deserialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
}

#[event(fetch)]
async fn fetch(mut request: Request, env: Env, ctx: Context) -> Result<Response> {
    if request.method() != Method::Post {
        return Response::error("POST a question", 405);
    }
    let Ok(question) = request.json::<Question>().await else {
        return Response::error("expected {\"user_id\", \"message\"}", 400);
    };
    match chat(question, &env, &ctx).await {
        Ok(text) => Response::ok(text),
        Err(error) => Response::error(error.to_string(), 502),
    }
}

#[cfg(not(feature = "raindrop"))]
async fn chat(question: Question, env: &Env, _ctx: &Context) -> Result<String> {
    let page = look_up(&question.message).unwrap_or("nothing");
    console_debug!("{} asks in {}", question.user_id, question.conversation_id);
    let (text, usage) = ask(env, page, &question.message).await?;
    console_debug!("{} → {} tokens", usage.prompt_tokens, usage.completion_tokens);
    Ok(text)
}

#[cfg(feature = "raindrop")]
use recording::chat;

/// What the assistant knows.
fn look_up(message: &str) -> Result<&'static str> {
    if message.contains("refund") {
        Ok("Refunds reach the card within five working days.")
    } else {
        Err(Error::RustError("no page fits".into()))
    }
}

async fn ask(env: &Env, page: &str, message: &str) -> Result<(String, Usage)> {
    let body = json!({
        "model": "gpt-4o-mini",
        "messages": [
            Message { role: "system".into(), content: page.into() },
            Message { role: "user".into(), content: message.into() },
        ],
    });
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("authorization", &format!("Bearer {}", env.secret("LLM_API_KEY")?))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.to_string().into()));
    let url = env.var("LLM_URL")?.to_string();
    let mut response = Fetch::Request(Request::new_with_init(&url, &init)?).send().await?;
    if response.status_code() != 200 {
        return Err(Error::RustError(format!("the model answered {}", response.status_code())));
    }
    let answer: Answer = response.json().await?;
    let text = answer.choices.into_iter().map(|choice| choice.message.content).collect();
    Ok((text, answer.usage))
}
