//! A streaming call of a model that speaks OpenAI's chat completions.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use futures_channel::oneshot;
use futures_util::Stream;
use raindrop::LlmMessage;
use serde::Deserialize;
use serde_json::json;
use worker::*;

pub struct Model {
    url: String,
    key: String,
    pub name: String,
}

/// What came of a call, complete or not.
#[derive(Debug, Default)]
pub struct Answer {
    pub text: String,
    /// What the provider says it used.
    pub model: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub error: Option<String>,
}

impl Model {
    pub fn from_env(env: &Env) -> Result<Self> {
        Ok(Self {
            url: env.var("LLM_URL")?.to_string(),
            key: env.secret("LLM_API_KEY").map(|key| key.to_string()).unwrap_or_default(),
            name: env.var("LLM_MODEL")?.to_string(),
        })
    }
}

/// The answer as far as it has come: shared by the stream, and by those who may end it.
#[derive(Clone)]
pub struct Progress(Rc<RefCell<State>>);

struct State {
    answer: Answer,
    /// Taken when the answer is over.
    ended: Option<oneshot::Sender<Answer>>,
}

impl Progress {
    /// With the answer when it is over, for whatever reason.
    pub fn new() -> (Self, oneshot::Receiver<Answer>) {
        let (ended, answer) = oneshot::channel();
        (Self(Rc::new(RefCell::new(State { answer: Answer::default(), ended: Some(ended) }))), answer)
    }

    /// The answer is over. Only the first call counts.
    pub fn end(&self, error: Option<String>) {
        let mut state = self.0.borrow_mut();
        if let Some(ended) = state.ended.take() {
            let answer = std::mem::take(&mut state.answer);
            // Nobody listens any more when the request is gone altogether.
            let _ = ended.send(Answer { error, ..answer });
        }
    }

    /// Adds what an event of the stream says, and returns the text in it.
    fn add(&self, chunk: Chunk) -> String {
        let answer = &mut self.0.borrow_mut().answer;
        answer.model = chunk.model;
        if let Some(usage) = chunk.usage {
            answer.input_tokens = usage.prompt_tokens;
            answer.output_tokens = usage.completion_tokens;
        }
        let text: String = chunk.choices.into_iter().filter_map(|choice| choice.delta.content).collect();
        answer.text.push_str(&text);
        text
    }
}

/// Asks the model. The stream yields the text of its answer.
pub async fn stream(model: &Model, messages: &[LlmMessage], progress: Progress) -> Result<AnswerStream> {
    let messages: Vec<_> =
        messages.iter().map(|message| json!({ "role": message.role, "content": message.content })).collect();
    let body = json!({
        "model": model.name,
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("authorization", &format!("Bearer {}", model.key))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.to_string().into()));
    let mut response = Fetch::Request(Request::new_with_init(&model.url, &init)?).send().await?;
    if response.status_code() != 200 {
        let body = response.text().await.unwrap_or_default();
        return Err(Error::RustError(format!("the model answered {}: {body}", response.status_code())));
    }
    Ok(AnswerStream { upstream: response.stream()?, lines: Vec::new(), progress })
}

pub struct AnswerStream {
    upstream: ByteStream,
    /// The bytes of a line that is not complete yet.
    lines: Vec<u8>,
    progress: Progress,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    model: String,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
}

impl AnswerStream {
    /// Reads the server-sent events that are complete, and returns the text in them.
    fn read(&mut self, bytes: &[u8]) -> String {
        self.lines.extend_from_slice(bytes);
        let mut text = String::new();
        while let Some(end) = self.lines.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.lines.drain(..=end).collect();
            let event = line.strip_prefix(b"data: ").and_then(|data| serde_json::from_slice::<Chunk>(data).ok());
            if let Some(chunk) = event {
                text.push_str(&self.progress.add(chunk));
            }
        }
        text
    }
}

impl Stream for AnswerStream {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.upstream).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(bytes))) => {
                    let text = self.read(&bytes);
                    if !text.is_empty() {
                        return Poll::Ready(Some(Ok(text.into_bytes())));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.progress.end(Some(error.to_string()));
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    self.progress.end(None);
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        self.progress.end(Some("the caller hung up".to_owned()));
    }
}
