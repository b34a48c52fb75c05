//! What bad input gets: an answer that names what is wrong, and never a lost neighbour.

use crate::support::{Log, ai_event, assert_well_formed, builder, event_ids, map, span, start};
use raindrop::{
    AiEvent, Attachment, Attribute, BeginOptions, Client, Error, Event, FinishOptions, Interaction, LlmOptions,
    PatchOptions, Signal, SpanOptions, ToolOptions, TrackToolOptions, User,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

fn attachment(kind: &str, role: &str, value: &str) -> Attachment {
    Attachment { kind: kind.into(), role: role.into(), value: value.into(), ..Attachment::default() }
}

fn bad_attachments() -> [(Attachment, &'static str); 6] {
    [
        (attachment("video", "input", "v"), "attachments[0].kind"),
        (attachment("", "input", "v"), "attachments[0].kind"),
        (attachment("Text", "input", "v"), "attachments[0].kind"),
        (attachment("text", "context", "v"), "attachments[0].role"),
        (attachment("text", "", "v"), "attachments[0].role"),
        (attachment("text", "input", ""), "attachments[0].value"),
    ]
}

fn thumbs_up() -> Signal {
    Signal { event_id: "evt_1".into(), name: "thumbs_up".into(), ..Signal::default() }
}

fn beginning() -> BeginOptions {
    BeginOptions { event_id: "evt_1".into(), user_id: "user_1".into(), input: "q".into(), ..BeginOptions::default() }
}

/// The field that an answer complains of, which its text names too.
fn invalid<T>(answer: Result<T, Error>) -> String {
    match answer {
        Err(error) => match &error {
            Error::Invalid { field, reason } => {
                assert!(!reason.is_empty() && error.to_string().contains(field.as_str()), "{error}");
                field.clone()
            }
            other => panic!("not an invalid field: {other:?}"),
        },
        Ok(_) => panic!("it was taken"),
    }
}

async fn assert_nothing_is_sent(server: &IngestServer, client: &Client, refused: u64) {
    assert_eq!(client.close().await.unwrap().requests(), 0);
    assert!(server.requests().is_empty());
    let stats = client.stats();
    assert_eq!((stats.accepted(), stats.refused()), (0, refused));
}

#[test]
fn an_endpoint_with_a_password_in_it_is_refused_and_not_shown() {
    let settings = Client::builder().write_key("key").disable_local_workshop();
    let built = settings.endpoint("https://user:secret@host/").build();
    let Err(Error::Config(reason)) = built else { panic!("{built:?}") };
    assert!(reason.contains("endpoint") && reason.contains('@') && !reason.contains("secret"), "{reason}");

    let (log, _guard) = Log::capture();
    Client::builder().write_key("key").local_workshop_url("http://user:secret@localhost:5899/v1/").build().unwrap();
    assert_eq!((log.warnings("local_workshop_url"), log.warnings("secret")), (1, 0));
}

#[test]
fn an_endpoint_that_is_not_an_absolute_http_url_is_refused_by_name() {
    for endpoint in ["", "api.raindrop.ai/v1", "/v1/", "ftp://host/", "http://", "not a url", "http://host:port/"] {
        let builder = Client::builder().write_key("key").disable_local_workshop().endpoint(endpoint);
        match builder.build() {
            Err(Error::Config(reason)) => {
                assert!(reason.contains(endpoint) && reason.contains("endpoint"), "{reason}");
            }
            other => panic!("{endpoint:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_invalid_project_id_is_warned_of_and_left_out_and_telemetry_flows() {
    let (log, _guard) = Log::capture();
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).project_id("My Project").build().unwrap();
    assert_eq!(log.warnings("My Project"), 1);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.requests()[0].header("x-raindrop-project-id"), None);
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}

#[tokio::test]
async fn an_invalid_workshop_url_is_warned_of_and_telemetry_flows() {
    let (log, _guard) = Log::capture();
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).local_workshop_url("localhost:5899/v1/").build().unwrap();
    assert_eq!(log.warnings("local_workshop_url"), 1);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}

#[tokio::test]
async fn an_empty_workshop_url_means_none() {
    let (log, _guard) = Log::capture();
    let client = Client::builder().local_workshop_url("").build().unwrap();
    assert!(!client.is_enabled());
    assert_eq!(log.warnings("workshop"), 0);
}

#[tokio::test]
async fn an_event_without_a_user_is_refused() {
    let (server, client) = start().await;
    assert_eq!(invalid(client.track_event(Event { event: "view".into(), ..Event::default() }).await), "user_id");
    assert_eq!(invalid(client.track_ai(AiEvent { user_id: String::new(), ..ai_event("evt_1") }).await), "user_id");
    assert_eq!(invalid(client.track_ai(AiEvent::default()).await), "user_id");
    assert_nothing_is_sent(&server, &client, 3).await;
}

#[tokio::test]
async fn a_signal_without_an_event_or_a_name_is_refused() {
    let (server, client) = start().await;
    assert_eq!(invalid(client.track_signal(Signal { event_id: String::new(), ..thumbs_up() }).await), "event_id");
    assert_eq!(invalid(client.track_signal(Signal { name: String::new(), ..thumbs_up() }).await), "name");
    assert_nothing_is_sent(&server, &client, 2).await;
}

#[tokio::test]
async fn a_signal_of_unknown_sentiment_or_kind_is_refused() {
    let (server, client) = start().await;
    for sentiment in ["positive", "NEUTRAL", " POSITIVE"] {
        let signal = Signal { sentiment: sentiment.into(), ..thumbs_up() };
        assert_eq!(invalid(client.track_signal(signal).await), "sentiment", "{sentiment:?}");
    }
    assert_eq!(invalid(client.track_signal(Signal { kind: "rating".into(), ..thumbs_up() }).await), "kind");
    assert_nothing_is_sent(&server, &client, 4).await;
}

#[tokio::test]
async fn a_user_without_an_id_is_refused() {
    let (server, client) = start().await;
    let user = User { traits: map([("plan", json!("pro"))]), ..User::default() };
    assert_eq!(invalid(client.identify(user).await), "user_id");
    assert_nothing_is_sent(&server, &client, 1).await;
}

#[tokio::test]
async fn a_complete_event_with_a_bad_attachment_is_refused() {
    let (server, client) = start().await;
    for (attachment, field) in bad_attachments() {
        let attachments = vec![attachment];
        let event = Event { user_id: "user_1".into(), attachments: attachments.clone(), ..Event::default() };
        assert_eq!(invalid(client.track_event(event).await), field);
        assert_eq!(invalid(client.track_ai(AiEvent { attachments, ..ai_event("evt_1") }).await), field);
    }
    let attachments = vec![attachment("text", "input", "v"), attachment("text", "input", "")];
    let event = AiEvent { attachments, ..ai_event("evt_1") };
    assert_eq!(invalid(client.track_ai(event).await), "attachments[1].value");
    assert_nothing_is_sent(&server, &client, 13).await;
}

#[tokio::test]
async fn a_change_with_a_bad_attachment_is_refused_and_changes_nothing() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    for (attachment, field) in bad_attachments() {
        let attachments = vec![attachment];
        assert_eq!(invalid(interaction.add_attachments(attachments.clone()).await), field);
        let patch =
            || PatchOptions { model: "refused".into(), attachments: attachments.clone(), ..PatchOptions::default() };
        assert_eq!(invalid(interaction.patch(patch()).await), field);
        assert_eq!(invalid(client.patch("evt_1", patch()).await), field);
        let finish =
            || FinishOptions { output: "refused".into(), attachments: attachments.clone(), ..FinishOptions::default() };
        assert_eq!(invalid(interaction.finish(finish()).await), field);
        assert_eq!(invalid(client.finish("evt_1", finish()).await), field);
    }
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let partials = server.received().partials;
    assert_eq!(partials.len(), 1);
    assert_eq!([&partials[0]["ai_data"], &partials[0]["is_pending"]], [&json!({"input": "q"}), &json!(true)]);
}

#[tokio::test]
async fn a_beginning_leaves_out_bad_attachments_and_warns_and_counts() {
    for (bad, _) in bad_attachments() {
        let (log, _guard) = Log::capture();
        let (server, client) = start().await;
        let attachments = vec![bad, attachment("text", "input", "kept")];
        client.begin(BeginOptions { attachments, ..beginning() }).await;
        client.flush().await.unwrap();
        assert_well_formed(&server);
        assert_eq!(
            server.received().partials[0]["attachments"],
            json!([{"type": "text", "role": "input", "value": "kept"}])
        );
        assert_eq!((client.stats().refused(), log.warnings("attachment")), (1, 1));
    }
}

#[tokio::test]
async fn an_interaction_without_an_id_is_refused() {
    let (server, client) = start().await;
    let patch = || PatchOptions { user_id: "user_1".into(), ..PatchOptions::default() };
    assert_eq!(invalid(client.patch("", patch()).await), "event_id");
    assert_eq!(invalid(client.finish("", FinishOptions::default()).await), "event_id");
    assert_eq!(invalid(client.resume_interaction("").patch(patch()).await), "event_id");
    assert_nothing_is_sent(&server, &client, 3).await;
}

fn assert_closed<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Closed)), "{answer:?}");
}

#[tokio::test]
async fn every_recording_call_after_close_says_that_the_client_is_closed() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    client.close().await.unwrap();
    assert!(client.is_closed());
    let before = client.stats().accepted();

    assert_closed(client.track_event(Event { user_id: "user_1".into(), ..Event::default() }).await);
    assert_closed(client.track_ai(ai_event("evt_2")).await);
    assert_closed(client.track_ai(AiEvent { user_id: "user_1".into(), ..AiEvent::default() }).await);
    assert_closed(client.track_signal(thumbs_up()).await);
    assert_closed(client.identify(User { user_id: "user_1".into(), ..User::default() }).await);
    assert_closed(client.patch("evt_1", PatchOptions::default()).await);
    assert_closed(client.finish("evt_1", FinishOptions::default()).await);
    let begun: Interaction = client.begin(BeginOptions { event_id: "evt_3".into(), ..beginning() }).await;
    assert_eq!(begun.event_id(), "evt_3");
    for interaction in [interaction, begun, client.resume_interaction("evt_1")] {
        assert_closed(interaction.patch(PatchOptions { model: "m".into(), ..PatchOptions::default() }).await);
        assert_closed(interaction.set_properties(map([("k", json!(1))])).await);
        assert_closed(interaction.set_property("k", 1).await);
        assert_closed(interaction.add_attachments(vec![attachment("text", "input", "v")]).await);
        assert_closed(interaction.set_input("q").await);
        assert_closed(interaction.finish(FinishOptions { output: "a".into(), ..FinishOptions::default() }).await);
    }
    assert_eq!(client.stats().accepted(), before);
    assert_eq!(client.stats().pending(), 0);
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn after_close_spans_record_nothing() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    let open = client.start_tool_span("open", ToolOptions::default(), "evt_1");
    client.close().await.unwrap();
    let accepted = client.stats().accepted();

    open.set_output(&json!("late"));
    open.set_error("late");
    open.end();
    assert!(client.start_span(SpanOptions::default()).is_noop());
    assert!(client.start_llm_span("llm", LlmOptions::default(), "evt_1").is_noop());
    assert!(client.start_tool_span("tool", ToolOptions::default(), "evt_1").is_noop());
    assert!(client.tracer(map([("k", json!(1))])).start_span(SpanOptions::default()).is_noop());
    assert!(interaction.start_span(SpanOptions::default()).is_noop());
    interaction.track_tool(TrackToolOptions::default());
    let worked = interaction.with_span(SpanOptions::default(), |_| async { Ok::<_, String>(1) }).await;
    assert_eq!(worked, Ok(1));

    client.flush().await.unwrap();
    assert!(server.requests_to("traces").is_empty());
    assert_eq!(client.stats().accepted(), accepted);
}

#[tokio::test]
async fn a_second_close_and_a_flush_after_it_find_nothing_to_do() {
    let (server, client) = start().await;
    client.track_ai(ai_event("evt_1")).await.unwrap();
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    for report in [client.close().await.unwrap(), client.flush().await.unwrap()] {
        assert_eq!(report.to_string(), "0 delivered in 0 requests, 0 left, 0 dropped");
    }
    assert_well_formed(&server);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_property_that_json_cannot_hold_is_sent_as_null() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    interaction.set_property("nan", f64::NAN).await.unwrap();
    interaction.set_properties(map([("list", json!([f64::INFINITY, 1.5]))])).await.unwrap();
    client.track_ai(AiEvent { properties: map([("nan", json!(f64::NAN))]), ..ai_event("evt_2") }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let received = server.received();
    assert_eq!(received.partials[0]["properties"]["nan"], Value::Null);
    assert_eq!(received.partials[0]["properties"]["list"], json!([null, 1.5]));
    assert_eq!(received.events[0]["properties"].get("nan"), Some(&Value::Null));
}

#[tokio::test]
async fn what_is_said_after_the_end_is_ignored() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    let span = interaction.start_span(SpanOptions { name: "work".into(), ..SpanOptions::default() });
    span.end();
    span.set_error("late");
    span.end();
    let answer = |output: &str| FinishOptions { output: output.into(), ..FinishOptions::default() };
    interaction.finish(answer("first")).await.unwrap();
    interaction.finish(answer("second")).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let received = server.received();
    assert_eq!((received.spans.len(), received.spans[0].status_code), (1, 1));
    assert_eq!(received.partials.len(), 1);
    assert_eq!(received.partials[0]["ai_data"]["output"], "first");
}

#[tokio::test]
async fn a_span_without_a_name_does_not_take_its_neighbours_down() {
    let (server, client) = start().await;
    span(&client, "");
    client.start_tool_span("", ToolOptions::default(), "evt_1").end();
    span(&client, "neighbour");
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.received().spans.len(), 3);
}

#[tokio::test]
async fn an_attribute_without_a_key_does_not_take_its_neighbours_down() {
    let (server, client) = start().await;
    let attributes = vec![Attribute::string("", "nameless")];
    let options = SpanOptions { name: "odd".into(), event_id: "evt_1".into(), attributes, ..SpanOptions::default() };
    client.start_span(options).end();
    span(&client, "neighbour");
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.received().spans.len(), 2);
}

#[tokio::test]
async fn a_setting_that_is_an_empty_text_is_as_if_unset() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).library_name("").library_version("").service_name("").build().unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    span(&client, "work");
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.received().events[0]["properties"]["$context"]["library"]["name"], "raindrop-rust");
    assert_eq!(server.received().spans[0].service_name, "raindrop.rust-sdk");
}

#[tokio::test(start_paused = true)]
async fn a_library_name_that_no_header_can_hold_does_not_stop_telemetry() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).debug(true).library_name("my\nlibrary").build().unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}
