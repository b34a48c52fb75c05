use std::fmt;

use time::OffsetDateTime;

use super::span::Association;
use super::{LlmOptions, Span};
use crate::recorder::Holder;
use crate::records::{Detail, LlmFields, LlmMessage, Prompt, SpanFields};
use crate::wire;

const MODEL: [&str; 3] = ["ai.model.id", "gen_ai.request.model", "gen_ai.response.model"];
const PROVIDER: [&str; 3] = ["ai.model.provider", "gen_ai.system", "gen_ai.provider.name"];
const PROMPT: [&str; 3] = ["ai.prompt", "ai.prompt.messages", "gen_ai.prompt."];
const OUTPUT: [&str; 2] = ["ai.response.text", "gen_ai.completion."];

/// A call of a model: prompt, answer, tokens. A handle like [`Span`].
///
/// ```
/// # use raindrop::{Client, LlmMessage, LlmOptions};
/// # let client = Client::builder().build()?;
/// let call = client.start_llm_span(
///     "answer",
///     LlmOptions {
///         model: "gpt-4o".into(),
///         provider: "openai".into(),
///         messages: vec![LlmMessage::user("What is the capital of France?")],
///         ..Default::default()
///     },
///     "evt_123",
/// );
/// call.set_output("Paris");
/// call.set_token_usage("gpt-4o-2024-08-06", 14, 2);
/// call.end();
/// # Ok::<(), raindrop::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct LlmSpan {
    span: Span,
}

impl LlmSpan {
    /// A span that records nothing.
    pub fn noop() -> Self {
        Self::default()
    }

    /// Whether the span records nothing: the client is disabled or closed.
    pub fn is_noop(&self) -> bool {
        self.span.is_noop()
    }

    /// The span as a [`Span`], to be the parent of others or to set attributes on.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Sets the model that was asked, and that answered.
    pub fn set_model(&self, model: impl Into<String>) {
        let model = model.into();
        self.update(&MODEL, |llm| {
            llm.model = model;
            llm.response_model.clear();
        });
    }

    /// Sets the provider: `openai`, `anthropic` and the like.
    pub fn set_provider(&self, provider: impl Into<String>) {
        let provider = provider.into();
        self.update(&PROVIDER, |llm| llm.provider = provider);
    }

    /// Sets the prompt to one text, in place of any earlier prompt.
    pub fn set_input(&self, input: impl Into<String>) {
        let input = input.into();
        self.update(&PROMPT, |llm| llm.prompt = Prompt::Text(input));
    }

    /// Sets the prompt to a chat, in place of any earlier prompt.
    pub fn set_messages(&self, messages: impl IntoIterator<Item = LlmMessage>) {
        let messages = messages.into_iter().collect();
        self.update(&PROMPT, |llm| llm.prompt = Prompt::Messages(messages));
    }

    /// Sets what the model answered.
    pub fn set_output(&self, output: impl Into<String>) {
        let output = output.into();
        self.update(&OUTPUT, |llm| llm.output = output);
    }

    /// Sets the prompt to one text, and what the model answered.
    pub fn set_io(&self, input: impl Into<String>, output: impl Into<String>) {
        self.set_input(input);
        self.set_output(output);
    }

    /// Sets the model that answered, unless it is empty, and how many tokens it took; 0 means unknown.
    pub fn set_token_usage(&self, model: impl Into<String>, input_tokens: i64, output_tokens: i64) {
        self.span.set_token_usage(model, input_tokens, output_tokens);
    }

    /// Marks the call as failed, with what went wrong.
    pub fn set_error(&self, error: impl fmt::Display) {
        self.span.set_error(error);
    }

    /// Ends the span now and records it.
    pub fn end(&self) {
        self.span.end();
    }

    /// Ends the span at a moment of your choice, or now, and records it.
    pub fn end_at(&self, end_time: Option<OffsetDateTime>) {
        self.span.end_at(end_time);
    }

    pub(crate) fn start(recorder: &Holder, association: Association, name: String, options: LlmOptions) -> Self {
        let LlmOptions {
            parent,
            properties,
            operation_id,
            model,
            provider,
            input,
            messages,
            output,
            input_tokens,
            output_tokens,
            start_time,
        } = options;
        let prompt = match input {
            _ if !messages.is_empty() => Prompt::Messages(messages),
            Some(input) => Prompt::Text(input),
            None => Prompt::None,
        };
        let output = output.unwrap_or_default();
        let response_model = String::new();
        let llm = LlmFields { model, response_model, provider, prompt, output, input_tokens, output_tokens };
        let detail = Detail::Llm(Box::new(llm));
        let fields =
            SpanFields { operation_id, properties: wire::properties(properties), detail, ..SpanFields::default() };
        Self { span: Span::open(recorder, association, name, parent, start_time, fields) }
    }

    fn update(&self, implied: &[&str], change: impl FnOnce(&mut LlmFields)) {
        self.span.update_implied(implied, |fields| {
            if let Detail::Llm(llm) = &mut fields.detail {
                change(llm);
            }
        });
    }
}

impl From<LlmSpan> for Span {
    fn from(span: LlmSpan) -> Self {
        span.span
    }
}
