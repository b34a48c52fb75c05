//! What was handed over, held against what the client says became of it and what the server has.

use std::collections::{BTreeMap, BTreeSet};

use raindrop::{BeginOptions, Client, DropReason, FinishOptions, RecordKind, Signal, User};
use raindrop_ingest::{IngestServer, Received};
use serde_json::Value;

use crate::support::{ai_event, event_ids, span};

/// The ids of all records of a client, by kind.
#[derive(Default)]
pub struct Ledger(BTreeMap<&'static str, BTreeSet<String>>);

pub fn route(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::User => "users/identify",
        RecordKind::Event => "events/track",
        RecordKind::Partial => "events/track_partial",
        RecordKind::Signal => "signals/track",
        RecordKind::Span => "traces",
        _ => unreachable!("a new kind of record"),
    }
}

impl Ledger {
    /// Records `count` of a kind.
    pub async fn record(&mut self, client: &Client, kind: RecordKind, count: usize) {
        let ids = self.0.entry(route(kind)).or_default();
        for _ in 0..count {
            let id = format!("{kind:?} {}", ids.len());
            record(client, kind, &id, ids.len()).await;
            ids.insert(id);
        }
    }

    pub fn count(&self, kind: RecordKind) -> u64 {
        self.0.get(route(kind)).map_or(0, |ids| ids.len() as u64)
    }

    /// The books balance, whenever they are looked at. `exact`: the client knows what the server has.
    pub fn audit(&self, client: &Client, server: &IngestServer, exact: bool) {
        let (stats, received) = (client.stats(), server.received());
        for &kind in RecordKind::ALL {
            assert_eq!(stats.accepted_of(kind), self.count(kind), "{kind:?} accepted: {stats:?}");
            let known = stats.delivered_of(kind) + stats.pending_of(kind) + stats.dropped_of(kind);
            assert_eq!(known, self.count(kind), "{kind:?} accounted for: {stats:?}");
            let arrived = arrived(&received, kind);
            let distinct: BTreeSet<_> = arrived.iter().cloned().collect();
            let nothing = BTreeSet::new();
            let recorded = self.0.get(route(kind)).unwrap_or(&nothing);
            assert!(distinct.is_subset(recorded), "{kind:?}: {distinct:?} is more than {recorded:?}");
            if exact {
                assert_eq!(arrived.len(), distinct.len(), "{kind:?} arrived twice: {arrived:?}");
                assert_eq!(distinct.len() as u64, stats.delivered_of(kind), "{kind:?} delivered: {stats:?}");
            } else {
                assert!(distinct.len() as u64 >= stats.delivered_of(kind), "{kind:?} delivered: {distinct:?}");
            }
        }
        let by_reason: u64 = DropReason::ALL.iter().map(|reason| stats.dropped_by(*reason)).sum();
        assert_eq!(by_reason, stats.dropped());
        for request in server.requests() {
            assert_eq!(request.error, None, "{}: {}", request.path, request.body);
        }
    }
}

async fn record(client: &Client, kind: RecordKind, id: &str, index: usize) {
    match kind {
        RecordKind::User => {
            client.identify(User { user_id: id.into(), ..User::default() }).await.unwrap();
        }
        RecordKind::Event => {
            client.track_ai(ai_event(id)).await.unwrap();
        }
        RecordKind::Partial => {
            let options =
                BeginOptions { event_id: id.into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
            let interaction = client.begin(options).await;
            if index.is_multiple_of(2) {
                interaction.finish(FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
            }
        }
        RecordKind::Signal => {
            let signal = Signal { event_id: id.into(), name: "thumbs_up".into(), ..Signal::default() };
            client.track_signal(signal).await.unwrap();
        }
        RecordKind::Span => span(client, id),
        _ => unreachable!("a new kind of record"),
    }
}

/// The ids that the server accepted, each as often as it did.
fn arrived(received: &Received, kind: RecordKind) -> Vec<String> {
    let user_ids = |users: &[Value]| users.iter().map(|user| user["user_id"].as_str().unwrap().to_owned()).collect();
    match kind {
        RecordKind::User => user_ids(&received.users),
        RecordKind::Event => event_ids(&received.events),
        RecordKind::Partial => event_ids(&received.partials),
        RecordKind::Signal => event_ids(&received.signals),
        RecordKind::Span => received.spans.iter().map(|span| span.name.clone()).collect(),
        _ => unreachable!("a new kind of record"),
    }
}
