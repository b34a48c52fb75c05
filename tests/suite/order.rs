//! What a flush sends first, what side by side, and what never out of turn.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, span, start};
use raindrop::{BeginOptions, Client, FinishOptions, Interaction, PatchOptions, User};
use raindrop_ingest::{Fault, IngestServer};
use serde_json::Value;
use tokio::time::timeout;

const PARTIALS: &str = "events/track_partial";

async fn begin(client: &Client, event_id: &str) -> Interaction {
    let options = BeginOptions {
        event_id: event_id.into(),
        user_id: "user_1".into(),
        input: "hi".into(),
        ..BeginOptions::default()
    };
    client.begin(options).await
}

async fn finish(interaction: &Interaction) {
    interaction.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() }).await.unwrap();
}

async fn patch(interaction: &Interaction, output: &str) {
    interaction.patch(PatchOptions { output: output.into(), ..PatchOptions::default() }).await.unwrap();
}

/// `is_pending` of every partial that the server took, in the order of their arrival.
fn pending_flags(server: &IngestServer) -> Vec<bool> {
    server.received().partials.iter().map(|partial| partial["is_pending"].as_bool().unwrap()).collect()
}

/// `ai_data.output` of every partial that the server was sent, taken or not.
fn sent_outputs(server: &IngestServer) -> Vec<String> {
    let outputs = server
        .requests_to(PARTIALS)
        .into_iter()
        .map(|request| request.json()["ai_data"]["output"].as_str().unwrap_or_default().to_owned());
    outputs.collect()
}

fn spawn_flush(client: &Client) -> tokio::task::JoinHandle<raindrop::Result<raindrop::FlushReport>> {
    let client = client.clone();
    tokio::spawn(async move { client.flush().await })
}

async fn some_of_each(client: &Client) {
    for n in 0..120 {
        client.track_ai(ai_event(format!("evt_{n}"))).await.unwrap();
        span(client, "work");
    }
    for n in 0..20 {
        begin(client, &format!("chat_{n}")).await;
    }
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn users_are_sent_first_and_awaited() {
    let (server, client) = start().await;
    some_of_each(&client).await;
    server.fail("users/identify", 1, Fault::status(500));
    server.fail("users/identify", 1, Fault::Delay(5_000));
    let flush = spawn_flush(&client);
    server.wait_for(2).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(server.requests().iter().all(|request| request.route == "users/identify"));
    flush.await.unwrap().unwrap();
    let requests = server.requests();
    assert!(requests[2..].iter().all(|request| request.route != "users/identify"));
    assert_eq!(requests.len(), 2 + 3 + 3 + 20);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn users_that_cannot_be_delivered_do_not_keep_the_rest_back() {
    let (server, client) = start().await;
    some_of_each(&client).await;
    server.fail("users/identify", usize::MAX, Fault::status(503));
    client.flush().await.unwrap_err();
    assert_eq!(server.received().events.len(), 120);
    assert_eq!(client.stats().pending(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_most_four_requests_are_made_at_once() {
    let (server, client) = start().await;
    some_of_each(&client).await;
    server.fail("*", usize::MAX, Fault::Delay(100));
    client.flush().await.unwrap();
    let busiest = server.requests().iter().map(|request| request.concurrent).max();
    assert_eq!(busiest, Some(4));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_hung_request_holds_up_no_more_than_its_own_lane() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_attempts(1).build().unwrap();
    some_of_each(&client).await;
    server.fail("traces", 3, Fault::Hang);
    let flush = spawn_flush(&client);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((server.received().events.len(), server.received().partials.len()), (120, 20));
    flush.await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_interaction_comes_after_its_beginning() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    client.flush().await.unwrap();
    finish(&interaction).await;
    client.flush().await.unwrap();
    assert_eq!(pending_flags(&server), [true, false]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_partial_waits_while_an_earlier_one_of_its_event_is_tried_again() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 3, Fault::status(500));
    client.flush().await.unwrap_err();
    finish(&interaction).await;

    server.fail(PARTIALS, 2, Fault::status(500));
    client.flush().await.unwrap();
    assert_eq!(sent_outputs(&server), ["", "", "", "", "", "", "ho"]);
    assert_eq!(pending_flags(&server), [true, false]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_partial_is_kept_back_with_an_earlier_one_of_its_event() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 6, Fault::status(500));
    client.flush().await.unwrap_err();
    finish(&interaction).await;
    client.flush().await.unwrap_err();
    assert_eq!(sent_outputs(&server), [""; 6]);
    assert_eq!(client.stats().pending(), 2);
    client.flush().await.unwrap();
    assert_eq!(pending_flags(&server), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_partial_is_sent_although_an_earlier_one_of_its_event_was_refused() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 3, Fault::status(500));
    client.flush().await.unwrap_err();
    finish(&interaction).await;
    server.fail(PARTIALS, 1, Fault::status(400));
    client.flush().await.unwrap_err();
    assert_eq!(pending_flags(&server), [false]);
    assert_eq!((client.stats().dropped(), client.stats().pending()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_second_flush_does_not_overtake_the_first_ones_partial() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 1, Fault::Delay(5_000));
    let first = spawn_flush(&client);
    server.wait_for(1).await;
    finish(&interaction).await;
    timeout(Duration::from_secs(1), client.flush()).await.expect("a flush waits for another's request").unwrap();
    assert_eq!(server.requests().len(), 1);

    first.await.unwrap().unwrap();
    assert_eq!(pending_flags(&server), [true, false]);
    assert_eq!(client.stats().pending(), 0);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_flush_goes_on_with_all_that_others_left_to_it() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 2, Fault::Delay(5_000));
    let first = spawn_flush(&client);
    for (requests, steps) in [(1, ["1", "2"]), (2, ["3", "4"])] {
        server.wait_for(requests).await;
        for step in steps {
            interaction.set_property(step, true).await.unwrap();
            client.flush().await.unwrap();
        }
        assert_eq!(server.requests().len(), requests);
    }
    finish(&interaction).await;
    client.flush().await.unwrap();

    first.await.unwrap().unwrap();
    let steps = |partial: &Value| ["1", "2", "3", "4"].map(|step| partial["properties"][step] == true);
    let sent: Vec<_> = server.received().partials.iter().map(steps).collect();
    assert_eq!(sent, [[false; 4], [true, true, false, false], [false, false, true, true]]);
    assert_eq!(pending_flags(&server), [true, true, false]);
    assert_eq!(client.stats().pending(), 0);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_go_on_with_what_nobody_left_to_it() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 1, Fault::Delay(5_000));
    let first = spawn_flush(&client);
    server.wait_for(1).await;
    patch(&interaction, "1").await;
    first.await.unwrap().unwrap();
    assert_eq!((server.requests().len(), client.stats().pending()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_end_that_a_dropped_scope_leaves_comes_after_what_its_client_knew_before() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 1, Fault::Delay(5_000));
    let first = spawn_flush(&client);
    server.wait_for(1).await;
    interaction.set_property("step", true).await.unwrap();
    {
        let scope = client.scope();
        finish(&scope.resume_interaction("chat_1")).await;
    }
    first.await.unwrap().unwrap();
    client.flush().await.unwrap();
    assert_eq!(pending_flags(&server), [true, true, false]);
    assert_eq!(client.stats().pending(), 0);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn what_is_new_of_an_interaction_in_an_outage_is_one_record_that_follows_the_first() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_attempts(1).event_max_queue_size(4).build().unwrap();
    server.fail(PARTIALS, usize::MAX, Fault::status(503));
    let interaction = begin(&client, "chat_1").await;
    client.flush().await.unwrap_err();
    for step in 0..10 {
        interaction.set_property(format!("{step}"), true).await.unwrap();
        client.flush().await.unwrap_err();
    }
    begin(&client, "chat_2").await;
    assert_eq!((client.stats().pending(), client.stats().dropped()), (3, 0));
    server.clear();
    let report = client.flush().await.unwrap();
    assert_eq!((report.requests(), report.delivered()), (3, 3));
    let partials = server.received().partials;
    let news: Vec<_> = partials.iter().filter(|partial| partial["properties"]["0"] == true).collect();
    assert_eq!(news.len(), 1);
    assert!((0..10).all(|step| news[0]["properties"][step.to_string()] == true));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_flush_goes_on_with_what_a_close_left_to_it_that_ran_out_of_time() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).close_timeout(Duration::from_secs(1)).build().unwrap();
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 1, Fault::Delay(5_000));
    let first = spawn_flush(&client);
    server.wait_for(1).await;
    patch(&interaction, "1").await;
    client.flush().await.unwrap();
    finish(&interaction).await;
    client.close().await.unwrap();
    assert_eq!((client.stats().delivered(), client.stats().pending()), (0, 2));

    first.await.unwrap().unwrap();
    assert_eq!(sent_outputs(&server), ["", "ho"]);
    assert_eq!((client.stats().delivered(), client.stats().pending()), (2, 0));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_second_flush_does_not_overtake_a_partial_that_the_first_tries_again() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, 3, Fault::retry_after(429, "10"));
    let first = spawn_flush(&client);
    for step in 0..9 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        patch(&interaction, &format!("step {step}")).await;
        client.flush().await.unwrap();
    }
    first.await.unwrap().unwrap_err();
    assert_eq!(sent_outputs(&server), ["", "", ""]);
    finish(&interaction).await;
    client.flush().await.unwrap();
    let outputs = sent_outputs(&server).split_off(3);
    assert_eq!((outputs.first().unwrap().as_str(), outputs.last().unwrap().as_str()), ("", "ho"));
    let mut sorted = outputs[1..outputs.len() - 1].to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, outputs[1..outputs.len() - 1]);
    assert_eq!(pending_flags(&server).pop(), Some(false));
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn partials_keep_their_order_when_a_flush_with_them_is_dropped() {
    let (server, client) = start().await;
    let interaction = begin(&client, "chat_1").await;
    server.fail(PARTIALS, usize::MAX, Fault::Hang);
    for output in ["1", "2", "3"] {
        assert!(timeout(Duration::from_secs(1), client.flush()).await.is_err());
        patch(&interaction, output).await;
    }
    server.clear();
    finish(&interaction).await;
    client.flush().await.unwrap();
    assert_eq!(sent_outputs(&server), ["", "ho"]);
    assert_eq!(pending_flags(&server), [true, false]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn interactions_do_not_wait_for_each_other() {
    let (server, client) = start().await;
    let slow = begin(&client, "slow").await;
    server.fail(PARTIALS, 1, Fault::Delay(20_000));
    let first = spawn_flush(&client);
    server.wait_for(1).await;
    finish(&slow).await;
    finish(&begin(&client, "quick").await).await;
    client.flush().await.unwrap();
    assert_eq!(server.received().partials[0]["event_id"], "quick");
    first.await.unwrap().unwrap();
    assert_eq!(pending_flags(&server), [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn records_of_one_moment_keep_the_order_of_their_recording() {
    let (server, client) = start().await;
    let timestamp = Some(time::OffsetDateTime::UNIX_EPOCH);
    let mut expected = Vec::new();
    for n in 0..40 {
        let event_id = format!("evt_{}", n * 7 % 40);
        client.track_ai(raindrop::AiEvent { timestamp, ..ai_event(&event_id) }).await.unwrap();
        expected.push(event_id);
        if n % 10 == 0 {
            server.fail("events/track", 3, Fault::status(500));
            client.flush().await.unwrap_err();
        }
    }
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), expected);
}
