//! Users, judgements on events, and interactions that another process goes on with.
//!
//! ```text
//! cargo run --example signals
//! ```

mod support;

use raindrop::{AiEvent, Attachment, BeginOptions, Client, FinishOptions, PatchOptions, Signal, SignalKind, User};
use raindrop_ingest::Received;

const USER: &str = "ada@example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (builder, server) = support::destination().await?;
    let client = builder.clone().build()?;
    let worker = builder.build()?;

    judge(&client).await?;
    let event_id = begin_here(&client).await?;
    finish_there(&worker, &event_id).await?;

    println!("client: {}", client.close().await?);
    println!("worker: {}", worker.close().await?);
    if let Some(server) = server {
        show(&server.received(), &event_id);
    }
    Ok(())
}

async fn judge(client: &Client) -> raindrop::Result<()> {
    // Traits go out before the events that a flush sends with them.
    client
        .identify(User {
            user_id: USER.into(),
            traits: [("plan".into(), "pro".into()), ("seats".into(), 12.into())].into(),
        })
        .await?;

    let event_id = client
        .track_ai(AiEvent {
            user_id: USER.into(),
            event: "draft_letter".into(),
            input: "Write to my landlord about the heating.".into(),
            output: "Dear Sir or Madam, the heating is broken.".into(),
            model: "gpt-4o".into(),
            attachments: vec![Attachment {
                kind: "text".into(),
                role: "output".into(),
                attachment_id: "letter_1".into(),
                value: "Dear Sir or Madam, …".into(),
                ..Default::default()
            }],
            ..Default::default()
        })
        .await?;
    let signal = |name: &str, kind: &str| Signal {
        event_id: event_id.clone(),
        name: name.into(),
        kind: kind.into(),
        ..Default::default()
    };

    // Only the event and a name are needed.
    client.track_signal(signal("copied", SignalKind::DEFAULT)).await?;
    client.track_signal(Signal { sentiment: "POSITIVE".into(), ..signal("thumbs_up", SignalKind::STANDARD) }).await?;
    client
        .track_signal(Signal {
            sentiment: "NEGATIVE".into(),
            comment: "Too formal.".into(),
            ..signal("too_formal", SignalKind::FEEDBACK)
        })
        .await?;
    client
        .track_signal(Signal {
            after: "Dear Ms Byron, the heating is broken.".into(),
            attachment_id: "letter_1".into(),
            ..signal("letter_edited", SignalKind::EDIT)
        })
        .await?;
    client
        .track_signal(Signal {
            properties: [("tool".into(), "address_book".into()), ("missing".into(), true.into())].into(),
            ..signal("missing_tool", SignalKind::AGENT)
        })
        .await?;
    client.track_signal(signal("low_confidence", SignalKind::AGENT_INTERNAL)).await?;

    // What the backend would not take is refused at once.
    if let Err(error) = client.track_signal(signal("thumbs_up", "thumbs")).await {
        println!("refused: {error}\n");
    }
    Ok(())
}

/// One process takes the request, and tells the next one the event's id.
async fn begin_here(client: &Client) -> raindrop::Result<String> {
    let interaction = client
        .begin(BeginOptions {
            user_id: USER.into(),
            event: "video_summary".into(),
            input: "Summarise this lecture.".into(),
            convo_id: "convo_7".into(),
            ..Default::default()
        })
        .await;
    interaction.set_property("minutes", 93).await?;
    client.flush().await?;
    Ok(interaction.event_id().to_owned())
}

/// Another process never saw the beginning: it says again whose interaction it is, and what it is called.
async fn finish_there(worker: &Client, event_id: &str) -> raindrop::Result<()> {
    let interaction = worker.resume_interaction(event_id);
    interaction
        .patch(PatchOptions { user_id: USER.into(), event: "video_summary".into(), ..Default::default() })
        .await?;
    interaction.set_property("gpu", true).await?;
    interaction.finish(FinishOptions { output: "Sorting takes n log n.".into(), ..Default::default() }).await
}

fn show(received: &Received, event_id: &str) {
    println!("\nusers");
    for user in &received.users {
        println!("  {user}");
    }
    println!("\nsignals");
    for signal in &received.signals {
        let [name, kind, sentiment] =
            ["signal_name", "signal_type", "sentiment"].map(|key| signal[key].as_str().unwrap_or("-"));
        println!("  {name:<15} {kind:<15} {sentiment:<9} {}", signal["properties"]);
    }
    println!("\nan interaction of two processes");
    for partial in received.partials.iter().filter(|partial| partial["event_id"] == event_id) {
        println!("  is_pending {:<5}  {}", partial["is_pending"].to_string(), partial["ai_data"]);
    }
    let merged = &received.interactions[event_id];
    println!("  {:<16}  {} {}", "merged", merged["event"], merged["ai_data"]);
}
