//! `users/identify`.

use serde_json::Value;

use super::Checked;
use super::fields::Fields;

pub(super) fn check(user: &Value, at: &str) -> Checked<()> {
    let mut fields = Fields::of(user, at)?;
    fields.text("user_id")?;
    fields.object("traits")?;
    fields.nothing_else()
}
