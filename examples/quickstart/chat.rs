//! The recording: what an app says to the client while it answers a customer.

use raindrop::{
    Attachment, Attribute, BeginOptions, Client, Event, FinishOptions, Interaction, LlmMessage, LlmOptions, Signal,
    SignalKind, Span, SpanOptions, ToolOptions, User, with_tool_async,
};
use serde_json::json;

use crate::shop;

const CUSTOMER: &str = "ada@example.com";
const ORDER: u32 = 4711;

/// A customer asks, gets an answer, likes it, and goes on to the order's page.
pub async fn run(client: &Client) -> raindrop::Result<()> {
    client
        .identify(User {
            user_id: CUSTOMER.into(),
            traits: [("name".into(), "Ada Lovelace".into()), ("plan".into(), "pro".into())].into(),
        })
        .await?;

    let event_id = answer_question(client, "My order 4711 was due on Monday. Where is it?").await?;

    client
        .track_signal(Signal {
            event_id,
            name: "thumbs_up".into(),
            kind: SignalKind::FEEDBACK.into(),
            sentiment: "POSITIVE".into(),
            comment: "Quick, and honest about what it does not know.".into(),
            ..Default::default()
        })
        .await?;
    client
        .track_event(Event {
            user_id: CUSTOMER.into(),
            event: "order_page_opened".into(),
            properties: [("order".into(), ORDER.into()), ("from".into(), "support_chat".into())].into(),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// Returns the id of the event, by which the app can find it again.
async fn answer_question(client: &Client, question: &str) -> raindrop::Result<String> {
    let interaction = client
        .begin(BeginOptions {
            user_id: CUSTOMER.into(),
            event: "support_chat".into(),
            convo_id: "convo_42".into(),
            input: question.into(),
            properties: [("channel".into(), "web".into())].into(),
            attachments: vec![Attachment {
                kind: "text".into(),
                role: "input".into(),
                name: "order confirmation".into(),
                value: "Order 4711: two books. Delivery by Monday.".into(),
                ..Default::default()
            }],
            ..Default::default()
        })
        .await;

    let turn = SpanOptions { name: "answer question".into(), ..Default::default() };
    let answer = interaction.with_span(turn, |turn| write_answer(&interaction, turn, question)).await?;

    interaction.finish(FinishOptions { output: answer, model: "gpt-4o".into(), ..Default::default() }).await?;
    Ok(interaction.event_id().to_owned())
}

async fn write_answer(interaction: &Interaction, turn: Span, question: &str) -> raindrop::Result<String> {
    let search = interaction.start_span(SpanOptions {
        name: "search help center".into(),
        parent: Some(turn.clone()),
        attributes: vec![Attribute::string("index", "help_center")],
        ..Default::default()
    });
    let articles = shop::search(question).await;
    search.set_attributes([Attribute::int("articles", articles.len() as i64)]);
    search.end();

    let prompt = vec![LlmMessage::system("Which of our tools does this question need?"), LlmMessage::user(question)];
    ask(interaction, &turn, "choose tools", "gpt-4o-mini", prompt).await;

    let tools = interaction.start_span(SpanOptions {
        name: "use tools".into(),
        parent: Some(turn.clone()),
        ..Default::default()
    });
    let call =
        ToolOptions { parent: Some(tools.clone()), input: Some(json!({ "order": ORDER })), ..Default::default() };
    let (order, parcel) = tokio::join!(
        with_tool_async(interaction, "find_order", call.clone(), || shop::find_order(ORDER)),
        with_tool_async(interaction, "track_parcel", call.clone(), || shop::track_parcel(ORDER)),
    );
    tools.end();
    interaction.set_property("tracking_available", parcel.is_ok()).await?;

    let facts = format!("Articles: {articles:?}\nOrder: {order:?}\nParcel: {parcel:?}");
    let prompt = vec![
        LlmMessage::system("You answer customers of a book shop. Use only these facts."),
        LlmMessage::system(facts),
        LlmMessage::user(question),
    ];
    Ok(ask(interaction, &turn, "write answer", "gpt-4o", prompt).await)
}

async fn ask(interaction: &Interaction, turn: &Span, name: &str, model: &str, messages: Vec<LlmMessage>) -> String {
    let span = interaction.start_llm_span(
        name,
        LlmOptions {
            parent: Some(turn.clone()),
            model: model.into(),
            provider: "openai".into(),
            messages: messages.clone(),
            ..Default::default()
        },
    );
    let completion = shop::complete(model, &messages).await;
    span.set_output(&completion.text);
    span.set_token_usage(model, completion.input_tokens, completion.output_tokens);
    span.end();
    completion.text
}
