//! `signals/track`.

use serde_json::Value;

use super::Checked;
use super::fields::Fields;

const TYPES: [&str; 6] = ["default", "standard", "feedback", "edit", "agent", "agent_internal"];

pub(super) fn check(signal: &Value, at: &str) -> Checked<()> {
    let mut fields = Fields::of(signal, at)?;
    fields.text("event_id")?;
    fields.text("signal_name")?;
    fields.one_of("signal_type", &TYPES)?;
    let properties = fields.object("properties")?;
    if properties.all().contains_key("$context") {
        return Err(format!("{}: a signal has none", properties.at("$context")));
    }
    if fields.optional("timestamp").is_some() {
        fields.timestamp("timestamp")?;
    }
    if fields.optional("sentiment").is_some() {
        fields.one_of("sentiment", &["POSITIVE", "NEGATIVE"])?;
    }
    if fields.optional("attachment_id").is_some() {
        fields.text("attachment_id")?;
    }
    fields.nothing_else()
}
