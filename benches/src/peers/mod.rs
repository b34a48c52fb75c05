//! What people would use instead.

pub mod fastrace;
pub mod opentelemetry;
pub mod sentry;

/// The attributes of a model's call, written by hand.
macro_rules! llm_attributes {
    ($make:expr) => {
        [
            $make("traceloop.span.kind", "llm".to_owned()),
            $make("ai.operationId", "ai.generateText".to_owned()),
            $make("gen_ai.request.model", $crate::sample::MODEL.to_owned()),
            $make("gen_ai.response.model", $crate::sample::ANSWERED_BY.to_owned()),
            $make("gen_ai.system", $crate::sample::PROVIDER.to_owned()),
            $make("gen_ai.prompt.0.role", "system".to_owned()),
            $make("gen_ai.prompt.0.content", $crate::sample::SYSTEM.to_owned()),
            $make("gen_ai.prompt.1.role", "user".to_owned()),
            $make("gen_ai.prompt.1.content", $crate::sample::QUESTION.to_owned()),
            $make("gen_ai.completion.0.role", "assistant".to_owned()),
            $make("gen_ai.completion.0.content", $crate::sample::ANSWER.to_owned()),
            $make("traceloop.association.properties.event_id", $crate::sample::EVENT_ID.to_owned()),
        ]
    };
}
pub(crate) use llm_attributes;
