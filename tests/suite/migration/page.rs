use raindrop::{
    BeginOptions, Client, FinishOptions, LlmOptions, Signal, SignalKind, ToolOptions, User, with_tool_async,
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().write_key(std::env::var("RAINDROP_WRITE_KEY").unwrap_or_default()).build()?;
    tokio::spawn(client.auto_flush()); // new: the flush once a second, which the official SDK does by itself

    let answer = answer(&client, "user_123", "Where is order 1815?").await?;
    println!("{answer}");

    client.close().await?;
    Ok(())
}

pub async fn answer(client: &Client, user_id: &str, question: &str) -> raindrop::Result<String> {
    client.identify(User { user_id: user_id.to_string(), traits: [("plan".to_string(), json!("pro"))].into() }).await?;

    let interaction = client
        .begin(BeginOptions {
            user_id: user_id.to_string(),
            event: "chat_message".to_string(),
            input: question.to_string(),
            model: "gpt-4o".to_string(),
            ..Default::default()
        })
        .await;

    let place = with_tool_async(
        &interaction,
        "find_order",
        ToolOptions { input: Some(json!({ "order": 1815 })), ..Default::default() },
        || async { Ok::<_, raindrop::Error>("Rotterdam") },
    )
    .await?;

    let call = interaction.start_llm_span(
        "write answer",
        LlmOptions { model: "gpt-4o".to_string(), input: Some(question.to_string()), ..Default::default() },
    );
    let output = format!("It is in {place}.");
    call.set_output(&output);
    call.set_token_usage("gpt-4o", 12, 5);
    call.end();

    interaction.set_property("tools", 1).await?;
    interaction.finish(FinishOptions { output: output.clone(), ..Default::default() }).await?;

    client
        .track_signal(Signal {
            event_id: interaction.event_id().to_string(),
            name: "thumbs_up".to_string(),
            kind: SignalKind::FEEDBACK.to_string(),
            sentiment: "POSITIVE".to_string(),
            ..Default::default()
        })
        .await?;
    Ok(output)
}
