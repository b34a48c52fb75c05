//! `live`, which only Workshop has.

use serde_json::Value;

use super::Checked;
use super::fields::Fields;

pub(super) fn check(message: &Value) -> Checked<()> {
    let mut fields = Fields::of(message, "")?;
    fields.text("traceId")?;
    let kind = fields.text("type")?;
    if matches!(kind, "tool_start" | "tool_result") || fields.optional("spanId").is_some() {
        fields.text("spanId")?;
    }
    fields.optional_text("content")?;
    if !fields.required("timestamp")?.is_u64() {
        return Err("timestamp: not a whole number of milliseconds".into());
    }
    if fields.optional("metadata").is_some() {
        fields.object("metadata")?;
    }
    fields.nothing_else()
}
