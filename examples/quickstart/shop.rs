//! Stand-ins for what an app has already: a search index, a model, two back ends. They only take their time.

use std::time::Duration;

use raindrop::LlmMessage;
use serde::Serialize;
use tokio::time::sleep;

pub struct Completion {
    pub text: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

#[derive(Debug, Serialize)]
pub struct Order {
    pub status: &'static str,
    pub carrier: &'static str,
}

pub async fn search(_question: &str) -> Vec<&'static str> {
    sleep(Duration::from_millis(45)).await;
    vec!["Parcels within Germany take two to three days.", "You can cancel until a parcel is shipped."]
}

pub async fn complete(model: &str, messages: &[LlmMessage]) -> Completion {
    let (text, time) = match model {
        "gpt-4o-mini" => ("find_order(4711), track_parcel(4711)", 110),
        _ => (
            "Order 4711 has left our warehouse and is with DHL. Their tracking does not answer at the moment, \
             but parcels within Germany take two to three days, so it should reach you tomorrow at the latest.",
            320,
        ),
    };
    sleep(Duration::from_millis(time)).await;
    let tokens = |chars: usize| i64::try_from(chars / 4).unwrap_or(i64::MAX);
    Completion {
        text: text.to_owned(),
        input_tokens: tokens(messages.iter().map(|message| message.content.len()).sum()),
        output_tokens: tokens(text.len()),
    }
}

pub async fn find_order(_number: u32) -> Result<Order, String> {
    sleep(Duration::from_millis(60)).await;
    Ok(Order { status: "shipped", carrier: "DHL" })
}

pub async fn track_parcel(_number: u32) -> Result<String, String> {
    sleep(Duration::from_millis(130)).await;
    Err("carrier API: 503 Service Unavailable".to_owned())
}
