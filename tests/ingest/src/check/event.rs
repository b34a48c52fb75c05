//! `events/track` and `events/track_partial`.

use serde_json::Value;

use super::Checked;
use super::fields::Fields;
use crate::received::Content;

const RUNTIMES: [&str; 8] = ["native", "cloudflare-worker", "browser", "web-worker", "node", "deno", "bun", "unknown"];

/// A complete event, which has no `is_pending`.
pub(super) fn complete(event: &Value, at: &str) -> Checked<()> {
    let mut fields = Fields::of(event, at)?;
    common(&mut fields)?;
    fields.nothing_else()
}

/// A partial, which says whether more is to come.
pub(super) fn partial(body: Value) -> Checked<Content> {
    let mut fields = Fields::of(&body, "")?;
    let event_id = fields.text("event_id")?.to_owned();
    common(&mut fields)?;
    if !fields.required("is_pending")?.is_boolean() {
        return Err("is_pending: not a boolean".into());
    }
    fields.nothing_else()?;
    match body {
        Value::Object(object) => Ok(Content::Partial { event_id, object }),
        _ => Err("body: not an object".into()),
    }
}

fn common(fields: &mut Fields<'_>) -> Checked<()> {
    for key in ["event_id", "event", "user_id"] {
        fields.text(key)?;
    }
    fields.timestamp("timestamp")?;
    context(fields.object("properties")?)?;
    for (index, value) in fields.array("attachments")?.iter().enumerate() {
        attachment(value, format!("{}[{index}]", fields.at("attachments")))?;
    }
    if let Some(value) = fields.optional("ai_data") {
        ai_data(value, fields.at("ai_data"))?;
    }
    if let Some(value) = fields.optional("feature_flags") {
        feature_flags(value, fields.at("feature_flags"))?;
    }
    Ok(())
}

fn context(mut properties: Fields<'_>) -> Checked<()> {
    let mut context = properties.object("$context")?;
    let mut library = context.object("library")?;
    library.text("name")?;
    library.text("version")?;
    let mut metadata = context.object("metadata")?;
    metadata.text("language")?;
    metadata.one_of("runtime", &RUNTIMES)?;
    Ok(())
}

fn attachment(value: &Value, at: String) -> Checked<()> {
    let mut fields = Fields::of(value, at)?;
    fields.one_of("type", &["code", "text", "image", "iframe"])?;
    fields.one_of("role", &["input", "output"])?;
    fields.text("value")?;
    for key in ["name", "language", "attachment_id"] {
        fields.optional_text(key)?;
    }
    fields.nothing_else()
}

fn ai_data(value: &Value, at: String) -> Checked<()> {
    let mut fields = Fields::of(value, at.as_str())?;
    for key in ["input", "output", "model", "convo_id"] {
        fields.optional_text(key)?;
    }
    if fields.all().is_empty() {
        return Err(format!("{at}: empty"));
    }
    fields.nothing_else()
}

fn feature_flags(value: &Value, at: String) -> Checked<()> {
    let flags = Fields::of(value, at.as_str())?.all();
    if flags.is_empty() {
        return Err(format!("{at}: empty"));
    }
    match flags.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(format!("{at}.{name}: not a string")),
        None => Ok(()),
    }
}
