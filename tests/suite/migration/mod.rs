//! Programs written for the official Rust SDK.

mod documented;
#[allow(dead_code)] // Its `main`.
mod page;

use crate::support::{assert_well_formed, span_named, start};

#[tokio::test]
async fn the_program_of_the_migration_page_runs_and_delivers() {
    let (server, client) = start().await;
    let answer = page::answer(&client, "user_123", "Where is order 1815?").await.unwrap();
    client.close().await.unwrap();
    assert_eq!(answer, "It is in Rotterdam.");
    assert_well_formed(&server);

    let received = server.received();
    let [interaction] = Vec::from_iter(received.interactions.values()).try_into().unwrap();
    assert_eq!((&interaction["user_id"], &interaction["is_pending"]), (&"user_123".into(), &false.into()));
    assert_eq!(interaction["ai_data"]["output"], answer);
    assert_eq!(interaction["properties"]["tools"], 1);
    assert_eq!(received.users[0]["traits"]["plan"], "pro");
    assert_eq!(received.signals[0]["event_id"], interaction["event_id"]);
    assert_eq!(span_named(&server, "find_order").attributes["traceloop.entity.output"], "Rotterdam");
    assert_eq!(span_named(&server, "write answer").attributes["gen_ai.usage.input_tokens"], 12);
}

#[test]
fn the_migration_page_shows_the_program_that_these_tests_run() {
    let page = include_str!("../../../docs/migration.md");
    let shown = format!("```rust,no_run\n{}```\n", include_str!("page.rs"));
    assert!(page.contains(&shown), "docs/migration.md does not show tests/suite/migration/page.rs");
}
