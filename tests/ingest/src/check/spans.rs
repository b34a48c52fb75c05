//! `traces`: OTLP in JSON.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Checked;
use super::fields::Fields;
use crate::received::{Content, Span};

/// The most spans in a request.
const MAX_SPANS: usize = 512;

pub(super) fn check(body: &Value) -> Checked<Content> {
    let mut fields = Fields::of(body, "")?;
    let mut spans = Vec::new();
    for (index, value) in fields.array("resourceSpans")?.iter().enumerate() {
        resource_spans(value, format!("resourceSpans[{index}]"), &mut spans)?;
    }
    fields.nothing_else()?;
    if spans.is_empty() || spans.len() > MAX_SPANS {
        return Err(format!("resourceSpans: {} spans, not 1 to {MAX_SPANS}", spans.len()));
    }
    let (kept, filtered) = spans.into_iter().partition(is_about_ai);
    Ok(Content::Spans { kept, filtered })
}

/// The backend's filter.
fn is_about_ai(span: &Span) -> bool {
    span.attributes.keys().any(|key| {
        matches!(
            key.as_str(),
            "ai.operationId"
                | "traceloop.span.kind"
                | "traceloop.workflow.name"
                | "traceloop.association.properties.user_id"
                | "traceloop.association.properties.convo_id"
                | "traceloop.association.properties.event_id"
        ) || key.starts_with("gen_ai.")
    })
}

fn resource_spans(value: &Value, at: String, spans: &mut Vec<Span>) -> Checked<()> {
    let mut fields = Fields::of(value, at)?;
    let mut resource = fields.object("resource")?;
    let attributes = attributes(&mut resource)?;
    resource.nothing_else()?;
    let service = |key: &str| match attributes.get(key).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("{}: {key} is missing or not a string", resource.at("attributes"))),
    };
    let service_name = service("service.name")?;
    service("service.version")?;

    for (index, value) in fields.array("scopeSpans")?.iter().enumerate() {
        let mut scope_spans = Fields::of(value, format!("{}[{index}]", fields.at("scopeSpans")))?;
        let mut scope = scope_spans.object("scope")?;
        scope.text("name")?;
        scope.text("version")?;
        scope.nothing_else()?;
        for (index, value) in scope_spans.array("spans")?.iter().enumerate() {
            let at = format!("{}[{index}]", scope_spans.at("spans"));
            spans.push(span(value, at, &service_name)?);
        }
        scope_spans.nothing_else()?;
    }
    fields.nothing_else()
}

fn span(value: &Value, at: String, service_name: &str) -> Checked<Span> {
    let mut fields = Fields::of(value, at.as_str())?;
    let trace_id = id(&mut fields, "traceId", 16)?;
    let span_id = id(&mut fields, "spanId", 8)?;
    let parent_span_id = match fields.optional("parentSpanId") {
        Some(_) => Some(id(&mut fields, "parentSpanId", 8)?),
        None => None,
    };
    let name = fields.text("name")?.to_owned();
    let start_unix_nano = nanos(&mut fields, "startTimeUnixNano")?;
    let end_unix_nano = nanos(&mut fields, "endTimeUnixNano")?;
    if end_unix_nano < start_unix_nano {
        return Err(format!("{}: before the start", fields.at("endTimeUnixNano")));
    }
    let attributes = match fields.optional("attributes") {
        Some(_) => attributes(&mut fields)?,
        None => BTreeMap::new(),
    };
    let (status_code, status_message) = status(fields.object("status")?)?;
    fields.nothing_else()?;
    Ok(Span {
        trace_id,
        span_id,
        parent_span_id,
        name,
        start_unix_nano,
        end_unix_nano,
        status_code,
        status_message,
        attributes,
        service_name: service_name.to_owned(),
    })
}

/// Base64 with padding, returned as lower-case hex.
fn id(fields: &mut Fields<'_>, key: &'static str, length: usize) -> Checked<String> {
    let text = fields.text(key)?;
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == length && bytes.iter().any(|byte| *byte != 0) => {
            Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        _ => Err(format!(
            "{}: {text:?} is not the padded base64 of {length} bytes that are not all zero",
            fields.at(key)
        )),
    }
}

fn nanos(fields: &mut Fields<'_>, key: &'static str) -> Checked<u64> {
    let text = fields.text(key)?;
    match text.parse() {
        Ok(nanos) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(nanos),
        _ => Err(format!("{}: {text:?} is not a decimal number", fields.at(key))),
    }
}

fn status(mut fields: Fields<'_>) -> Checked<(u64, Option<String>)> {
    let (code, message) = match fields.required("code")?.as_u64() {
        Some(1) => (1, None),
        Some(2) => match fields.required("message")? {
            Value::String(message) => (2, Some(message.clone())),
            _ => return Err(format!("{}: not a string", fields.at("message"))),
        },
        _ => return Err(format!("{}: not the number 1 or 2", fields.at("code"))),
    };
    fields.nothing_else()?;
    Ok((code, message))
}

fn attributes(owner: &mut Fields<'_>) -> Checked<BTreeMap<String, Value>> {
    let mut attributes = BTreeMap::new();
    for (index, value) in owner.array("attributes")?.iter().enumerate() {
        let mut fields = Fields::of(value, format!("{}[{index}]", owner.at("attributes")))?;
        let key = fields.text("key")?;
        let value = any_value(fields.required("value")?, fields.at("value"))?;
        fields.nothing_else()?;
        if attributes.insert(key.to_owned(), value).is_some() {
            return Err(format!("{}: {key} is there twice", owner.at("attributes")));
        }
    }
    Ok(attributes)
}

/// One OTLP value as a plain one.
fn any_value(value: &Value, at: String) -> Checked<Value> {
    let mut fields = Fields::of(value, at.as_str())?;
    let mut entries = fields.all().iter();
    let (Some((kind, inner)), None) = (entries.next(), entries.next()) else {
        return Err(format!("{at}: not exactly one value"));
    };
    let plain = match (kind.as_str(), inner) {
        ("stringValue", Value::String(_)) | ("boolValue", Value::Bool(_)) | ("doubleValue", Value::Number(_)) => {
            Some(inner.clone())
        }
        ("intValue", Value::String(text)) => decimal(text).map(Value::from),
        ("arrayValue", Value::Object(_)) => {
            let mut array = fields.object("arrayValue")?;
            let at = array.at("values");
            let values = array.array("values")?.iter().enumerate();
            let values = values.map(|(index, value)| any_value(value, format!("{at}[{index}]")));
            let values = values.collect::<Checked<Vec<Value>>>()?;
            array.nothing_else()?;
            Some(values.into())
        }
        _ => None,
    };
    plain.ok_or_else(|| format!("{at}: {inner} is not a {kind}"))
}

fn decimal(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| decimal)
}
