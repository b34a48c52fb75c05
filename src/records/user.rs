use std::collections::BTreeMap;

use serde_json::Value;

/// A user and what is known of them.
#[derive(Debug, Default, Clone)]
pub struct User {
    /// The id that events name as `user_id`. Required.
    pub user_id: String,
    /// Plan, name, e-mail address and the like; the backend stamps them on the user's later events.
    pub traits: BTreeMap<String, Value>,
}
