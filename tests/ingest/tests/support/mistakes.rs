//! Proper bodies with one mistake in each.

use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

use super::send;

/// One change to a proper body, and where the server must say that the error is.
pub type Mistake = (&'static str, Value, &'static str);

/// Marks a key to take away instead of to set.
pub fn gone() -> Value {
    json!({"\u{0}": "gone"})
}

pub fn changed(mut body: Value, pointer: &str, value: &Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Object(object) if *value == gone() => {
            object.remove(key).unwrap();
        }
        Value::Object(object) => {
            object.insert(key.into(), value.clone());
        }
        Value::Array(array) => array[key.parse::<usize>().unwrap()] = value.clone(),
        _ => panic!("{pointer} leads into a scalar"),
    }
    body
}

/// The proper body is taken, and with any one of the mistakes it is not.
pub async fn each_is_refused(server: &IngestServer, route: &str, proper: Value, mistakes: Vec<Mistake>) {
    let taken = send(server, route, &proper).await.unwrap();
    assert_eq!((taken.status, taken.json()), (200, json!({"success": true})), "{}", taken.body);
    for (pointer, value, place) in mistakes {
        let body = changed(proper.clone(), pointer, &value);
        let answer = send(server, route, &body).await.unwrap();
        assert_eq!(answer.status, 400, "{route}: {pointer} = {value}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(&format!("{place}:")), "{route}: {pointer} = {value}: {error}");
        let recorded = server.requests().pop().unwrap();
        assert_eq!((recorded.status, recorded.error), (Some(400), Some(error)));
    }
}
