//! Every fault × every route × once, three times, for ever × every way to deliver. Whatever happens, the books balance, and
//! what can still be delivered is, once the fault is over.

mod fault_list;
mod ledger;
mod network;

use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use raindrop::{Client, DropReason, RecordKind};
use raindrop_ingest::IngestServer;
use tokio::time::{Instant, sleep, timeout};

use crate::support::builder;
use fault_list::{Cause, Fate, Trouble};
use ledger::{Ledger, route};
use network::Failures;

/// Records of the kind whose route fails; of each other kind there is one.
const COUNT: usize = 3;
const TIMES: [usize; 3] = [1, 3, usize::MAX];
/// Long enough for every lease to be over, and everything tried again.
const A_WHILE: Duration = Duration::from_secs(100);

/// How the app delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Flush,
    Close,
    AutoFlush,
    /// Flushes whose futures are dropped, each a little later than the one before.
    Dropped,
    /// A flush whose future is neither polled again nor dropped, as in a Worker whose context died.
    Frozen,
}

impl Way {
    /// Whether an answer may be on its way that nobody will read.
    fn may_miss_answers(self) -> bool {
        matches!(self, Way::Dropped | Way::Frozen)
    }
}

struct Cell<'a> {
    way: Way,
    trouble: &'a Trouble,
    kind: RecordKind,
    times: usize,
    server: IngestServer,
    failures: Failures,
    client: Client,
    ledger: Ledger,
}

impl<'a> Cell<'a> {
    async fn new(way: Way, trouble: &'a Trouble, kind: RecordKind, times: usize, http: &reqwest::Client) -> Self {
        let server = IngestServer::start().await.unwrap();
        let failures = Failures::default();
        let builder = builder(&server);
        let builder = match &trouble.cause {
            Cause::Server(_) => builder.http_client(http.clone()),
            Cause::Refused => {
                let endpoint = server.endpoint().replace("127.0.0.1", "ingest.test");
                builder.endpoint(endpoint).http_client(network::refused(&failures))
            }
            #[cfg(feature = "rustls-tls")]
            Cause::NoTls => {
                let (endpoint, http_client) = network::tls::front(&server, &failures).await;
                builder.endpoint(endpoint).http_client(http_client)
            }
        };
        let client = builder.build().unwrap();
        Self { way, trouble, kind, times, server, failures, client, ledger: Ledger::default() }
    }

    async fn run(mut self) {
        // A failing connection has no route: only one kind is sent then.
        let has_route = matches!(self.trouble.cause, Cause::Server(_));
        for &kind in RecordKind::ALL {
            let count = if kind == self.kind { COUNT } else { usize::from(has_route) };
            self.ledger.record(&self.client, kind, count).await;
        }
        match &self.trouble.cause {
            Cause::Server(fault) => self.server.fail(route(self.kind), self.times, fault.clone()),
            _ => self.failures.set(self.times),
        }
        self.deliver().await;
        self.audit();

        self.server.clear_faults();
        self.failures.set(0);
        sleep(A_WHILE).await;
        self.client.flush().await.unwrap();
        self.audit();
        assert_eq!(self.client.stats().pending(), 0);
        self.client.close().await.unwrap();
        self.settle();
    }

    async fn deliver(&self) {
        let before = Instant::now();
        match self.way {
            Way::Flush => {
                let result = self.client.flush().await;
                let stats = self.client.stats();
                if let Ok(report) = &result {
                    assert_eq!(report.delivered(), stats.delivered());
                    assert_eq!((report.requeued(), report.dropped()), (stats.pending(), stats.dropped()));
                }
                let is_whole = stats.pending() == 0 && stats.dropped() == 0;
                assert_eq!(result.is_ok(), is_whole, "{result:?}, {stats:?}");
                self.assert_each_body_was_tried_at_most(3);
                assert!(before.elapsed() < Duration::from_secs(160), "{:?}", before.elapsed());
            }
            Way::Close => {
                let result = self.client.close().await;
                let stats = self.client.stats();
                assert_eq!(stats.pending(), 0);
                if let Ok(report) = result {
                    assert_eq!(report.delivered(), stats.delivered());
                    assert_eq!(report.requeued(), stats.dropped_by(DropReason::Undelivered));
                }
                self.assert_each_body_was_tried_at_most(3);
                assert!(before.elapsed() < Duration::from_secs(11), "{:?}", before.elapsed());
            }
            Way::AutoFlush => {
                tokio::spawn(self.client.auto_flush());
                sleep(Duration::from_secs(75)).await;
            }
            Way::Dropped => {
                for polls in 1..8 {
                    polled_at_most(polls, pin!(self.client.flush())).await;
                    self.audit();
                }
                for patience in [100, 900, 2_500, 31_000] {
                    let _ = timeout(Duration::from_millis(patience), self.client.flush()).await;
                    self.audit();
                }
            }
            Way::Frozen => {
                let client = self.client.clone();
                let mut flush = Box::pin(async move { client.flush().await });
                let _ = timeout(Duration::from_millis(1_500), &mut flush).await;
                std::mem::forget(flush);
            }
        }
    }

    /// Whether the client knows what the server has.
    fn is_exact(&self) -> bool {
        self.trouble.fate != Fate::RetriedBlindly && !self.way.may_miss_answers()
    }

    fn audit(&self) {
        self.ledger.audit(&self.client, &self.server, self.is_exact());
    }

    /// What must have become of the records in the end.
    fn settle(&self) {
        let stats = self.client.stats();
        let reason = match self.trouble.fate {
            Fate::Taken | Fate::Retried | Fate::RetriedBlindly => DropReason::Undelivered,
            Fate::Rejected => DropReason::Rejected,
            Fate::Split => DropReason::TooLarge,
        };
        assert_eq!(stats.dropped(), stats.dropped_by(reason), "{stats:?}");
        assert_eq!(stats.dropped(), stats.dropped_of(self.kind), "{stats:?}");
        let dropped = stats.dropped() as usize;
        let travels_alone = self.kind == RecordKind::Partial;
        match self.trouble.fate {
            // What is left at its deadline is lost.
            Fate::Taken | Fate::Retried | Fate::RetriedBlindly if self.way == Way::Close => {}
            Fate::Taken | Fate::Retried | Fate::RetriedBlindly => assert_eq!(dropped, 0, "{stats:?}"),
            Fate::Rejected | Fate::Split => {
                let met = self.times.min(COUNT);
                let expected = match self.trouble.fate {
                    _ if travels_alone => met,
                    Fate::Rejected => COUNT,
                    // [a b c], [a b] and [c] are too large.
                    _ if self.times == 3 => 1,
                    _ if self.times == 1 => 0,
                    _ => COUNT,
                };
                let is_as_expected =
                    if self.way.may_miss_answers() { dropped <= expected } else { dropped == expected };
                assert!(is_as_expected, "{dropped} are dropped, not {expected}");
            }
        }
    }

    fn assert_each_body_was_tried_at_most(&self, times: usize) {
        let requests = self.server.requests();
        for request in &requests {
            let tried =
                requests.iter().filter(|other| other.body == request.body && other.path == request.path).count();
            assert!(tried <= times, "{} was tried {tried} times: {}", request.path, request.body);
        }
    }
}

/// Polls a future so often, with all that others have to do in between.
async fn polled_at_most<F: Future>(times: usize, mut future: Pin<&mut F>) {
    let mut polls = 0;
    std::future::poll_fn(|context| {
        polls += 1;
        let is_over = future.as_mut().poll(context).is_ready() || polls == times;
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn every_cell(way: Way) {
    let elsewhere = IngestServer::start().await.unwrap();
    let troubles = fault_list::all(&elsewhere);
    // To make one costs more than a cell: it reads all certificates of the machine.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cells = 0;
    for trouble in &troubles {
        for &kind in RecordKind::ALL {
            for times in TIMES {
                // Shown by the test runner only when the cell fails.
                println!("{} × {kind:?} × {times} × {way:?}", trouble.name);
                Cell::new(way, trouble, kind, times, &http).await.run().await;
                cells += 1;
            }
        }
    }
    assert_eq!((cells, elsewhere.connections()), (troubles.len() * 15, 0));
}

#[tokio::test(start_paused = true)]
async fn under_every_fault_a_flush_keeps_the_books() {
    every_cell(Way::Flush).await;
}

#[tokio::test(start_paused = true)]
async fn under_every_fault_a_close_keeps_the_books() {
    every_cell(Way::Close).await;
}

#[tokio::test(start_paused = true)]
async fn under_every_fault_the_periodic_flush_keeps_the_books() {
    every_cell(Way::AutoFlush).await;
}

#[tokio::test(start_paused = true)]
async fn under_every_fault_a_flush_that_is_dropped_keeps_the_books() {
    every_cell(Way::Dropped).await;
}

#[tokio::test(start_paused = true)]
async fn under_every_fault_a_flush_that_is_frozen_keeps_the_books() {
    every_cell(Way::Frozen).await;
}
