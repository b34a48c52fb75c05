//! The OpenTelemetry SDK with its batch processor, and the OTLP exporter over HTTP.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanData, SpanExporter,
};
use serde_json::Value;

use super::llm_attributes;
use crate::sample::{self, array};

/// Exports to nowhere.
#[derive(Debug)]
struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(batch);
        Ok(())
    }
}

/// Answers every request before it is sent.
struct NoNetwork;

impl fmt::Debug for NoNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoNetwork")
    }
}

#[async_trait]
impl HttpClient for NoNetwork {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        drop(request);
        Ok(Response::new(Bytes::new()))
    }
}

pub struct Sdk {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Sdk {
    /// Discards what it is given, behind a queue that never overflows.
    pub fn discarding(queue: usize) -> Self {
        Self::exporting(Discard, queue)
    }

    /// Encodes what it is given and hands the requests to an HTTP client that discards.
    pub fn otlp(protocol: Protocol, queue: usize) -> Self {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(NoNetwork)
            .with_protocol(protocol)
            .with_endpoint("http://collector.invalid/v1/traces")
            .build()
            .expect("the settings are valid");
        Self::exporting(exporter, queue)
    }

    fn exporting(exporter: impl SpanExporter + 'static, queue: usize) -> Self {
        let config = BatchConfigBuilder::default().with_max_queue_size(queue).build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
        let tracer = provider.tracer("benchmark");
        Self { provider, tracer }
    }

    pub fn flush(&self) {
        self.provider.force_flush().expect("nothing fails without a network");
    }

    pub fn span(&self) {
        let mut span = self.tracer.start("search help center");
        span.set_attributes(sample::attributes!(array! |key, value: &str| KeyValue::new(key, value.to_owned())));
        span.end();
    }

    pub fn llm_span(&self) {
        let mut span = self.tracer.start("answer");
        span.set_attributes(llm_attributes!(KeyValue::new::<&'static str, String>));
        span.set_attribute(KeyValue::new("gen_ai.usage.input_tokens", 412));
        span.set_attribute(KeyValue::new("gen_ai.usage.output_tokens", 57));
        span.end();
    }

    pub fn tool_span(&self, input: &Value, output: &Value) {
        let mut span = self.tracer.start("track parcel");
        span.set_attributes([
            KeyValue::new("traceloop.span.kind", "tool"),
            KeyValue::new("ai.operationId", "ai.toolCall"),
            KeyValue::new("traceloop.entity.name", "track parcel"),
            KeyValue::new("traceloop.entity.input", input.to_string()),
            KeyValue::new("traceloop.association.properties.event_id", sample::EVENT_ID.to_owned()),
        ]);
        span.set_attribute(KeyValue::new("traceloop.entity.output", output.to_string()));
        span.set_attribute(KeyValue::new("traceloop.entity.duration_ms", 0));
        span.end();
    }

    /// What an interaction is without interactions: a span that gathers attributes.
    pub fn interaction(&self) {
        let mut span = self.tracer.start("support_chat");
        span.set_attributes([
            KeyValue::new("user_id", sample::USER_ID.to_owned()),
            KeyValue::new("input", sample::QUESTION.to_owned()),
            KeyValue::new("model", sample::MODEL.to_owned()),
            KeyValue::new("convo_id", sample::CONVERSATION_ID.to_owned()),
        ]);
        for (key, value) in &sample::pairs()[1..] {
            span.set_attribute(KeyValue::new(*key, value.to_string()));
        }
        span.set_attribute(KeyValue::new("output", sample::ANSWER.to_owned()));
        span.end();
    }
}
