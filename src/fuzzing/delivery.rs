//! Any order of calls, flushes, answers, cancellations and clock jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use crate::delivery::{Command, Flight, Post, Slot};
use crate::millis::Millis;
use crate::platform::{Response, SendError};
use crate::{
    BeginOptions, Client, DropReason, Event, FinishOptions, PatchOptions, RecordKind, Signal, SpanOptions, User,
};

const EVENTS: usize = 12;
const SPANS: usize = 9;
/// A shelf takes 50.
const SPANS_WITH_SHELVES: usize = 55;
const MAX_FLIGHTS: usize = 4;
const MAX_SCOPES: usize = 3;
const MAX_OPEN_REQUESTS: usize = 4;
/// That of a client unless told otherwise.
const CLOSE_TIMEOUT: Millis = 10_000;

/// Two bytes for each step: which one, and its parameter. The first byte of all says whether the world is calm, the buffer
/// small, and spans put on shelves.
pub fn delivery(data: &[u8]) {
    let Some((head, steps)) = data.split_first() else { return };
    let mut world = World::new(head & 1 == 0, if head & 6 == 6 { 1_500 } else { usize::MAX }, head & 8 == 8);
    for step in steps.as_chunks::<2>().0.iter().take(400) {
        world.step(step[0], step[1].into());
        world.audit();
    }
    world.end();
}

/// A client with its scopes, the flushes that are under way, and a server.
struct World {
    /// Nothing happens after which the client cannot know what the server has.
    is_calm: bool,
    /// As if threads had got in each other's way.
    has_shelves: bool,
    now: Millis,
    /// The first is the client, the others are its scopes.
    clients: Vec<Client>,
    /// Tells the clients apart, also from those that are gone.
    names: Vec<usize>,
    flights: Vec<Flown>,
    tokens: usize,
    sent: BTreeMap<&'static str, BTreeSet<String>>,
    server: Server,
    finished: BTreeSet<String>,
}

struct Flown {
    flight: Flight,
    open: Vec<Request>,
    /// Whether it has begun with anything else. Users that another flush gives back come later.
    is_past_users: bool,
    /// Until when it waits for users, if it is a close.
    users_until: Option<Millis>,
}

struct Request {
    slot: Slot,
    route: &'static str,
    tokens: Vec<String>,
    /// The interaction, in a request with a partial.
    key: Option<String>,
}

impl Request {
    fn new(post: &Post) -> Self {
        let key = serde_json::from_slice::<Value>(&post.body).ok();
        let key = key.and_then(|body| Some(body.get("event_id")?.as_str()?.to_owned()));
        Self { slot: post.slot, route: post.route(), tokens: tokens(&post.body), key }
    }
}

#[derive(Default)]
struct Server {
    /// How often each token arrived.
    arrived: BTreeMap<String, usize>,
    /// Tokens that it refused for good.
    refused: BTreeSet<String>,
    /// The newest token of each interaction.
    newest: BTreeMap<String, usize>,
}

fn at_once<F: Future>(call: F) -> F::Output {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the call waits"),
    }
}

/// Every token in a body: `<17>`.
fn tokens(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let parts = text.split('<').skip(1);
    parts.filter_map(|part| Some(part.split_once('>')?.0.to_owned())).collect()
}

impl World {
    fn new(is_calm: bool, bytes: usize, has_shelves: bool) -> Self {
        let client = Client::builder()
            .write_key("key")
            .disable_local_workshop()
            .event_max_queue_size(EVENTS)
            .trace_max_queue_size(if has_shelves { SPANS_WITH_SHELVES } else { SPANS })
            .max_buffer_bytes(bytes)
            .trace_max_batch_size(4)
            .build();
        let now = 1_000_000_000;
        let mut world = Self {
            is_calm,
            has_shelves,
            now,
            clients: Vec::new(),
            names: Vec::new(),
            flights: Vec::new(),
            tokens: 0,
            sent: BTreeMap::new(),
            server: Server::default(),
            finished: BTreeSet::new(),
        };
        world.add(client.expect("the settings are valid"));
        world
    }

    fn add(&mut self, client: Client) {
        if self.has_shelves {
            client.recorder.outbox.use_shelves();
        }
        self.clients.push(client);
        self.names.push(self.tokens);
    }

    fn step(&mut self, step: u8, parameter: usize) {
        match step % 16 {
            0..=4 => self.record(usize::from(step % 16), parameter),
            5 | 6 => self.begin_flight(parameter),
            7..=9 => self.advance_flight(parameter),
            10..=12 => self.answer(parameter),
            13 => self.drop_flight(parameter),
            14 => self.move_clock(parameter),
            _ => self.change_scopes(parameter),
        }
    }

    fn token(&mut self, route: &'static str) -> String {
        self.tokens += 1;
        let token = self.tokens.to_string();
        self.sent.entry(route).or_default().insert(token.clone());
        format!("<{token}>")
    }

    fn record(&mut self, kind: usize, parameter: usize) {
        let index = parameter % self.clients.len();
        let client = self.clients[index].clone();
        if client.is_closed() {
            return;
        }
        let user_id = || "u".to_owned();
        match kind {
            0 => {
                let user_id = self.token("users/identify");
                assert!(at_once(client.identify(User { user_id, ..User::default() })).is_ok());
            }
            1 => {
                let event_id = self.token("events/track");
                let event = Event { event_id, user_id: user_id(), ..Event::default() };
                assert!(at_once(client.track_event(event)).is_ok());
            }
            2 => {
                let event_id = self.token("signals/track");
                let signal = Signal { event_id, name: "up".to_owned(), ..Signal::default() };
                assert!(at_once(client.track_signal(signal)).is_ok());
            }
            3 => {
                let name = self.token("traces");
                client.start_span(SpanOptions { name, event_id: "e".to_owned(), ..SpanOptions::default() }).end();
            }
            _ => self.interact(&client, index, parameter),
        }
    }

    fn interact(&mut self, client: &Client, index: usize, parameter: usize) {
        let event_id = format!("{}-{}", self.names[index], parameter >> 4 & 3);
        let token = self.token("events/track_partial");
        let properties = BTreeMap::from([(token, event_id.as_str().into())]);
        let user_id = "u".to_owned();
        match parameter >> 6 {
            0 => {
                let input = "hi".to_owned();
                at_once(client.begin(BeginOptions { event_id, user_id, input, properties, ..Default::default() }));
            }
            3 if self.finished.insert(event_id.clone()) => {
                let patch = PatchOptions { user_id, input: "hi".to_owned(), properties, ..Default::default() };
                assert!(at_once(client.patch(&event_id, patch)).is_ok());
                assert!(at_once(client.finish(&event_id, FinishOptions::default())).is_ok());
            }
            _ => {
                let patch = PatchOptions { user_id, properties, ..Default::default() };
                assert!(at_once(client.patch(&event_id, patch)).is_ok());
            }
        }
    }

    fn begin_flight(&mut self, parameter: usize) {
        if self.flights.len() < MAX_FLIGHTS {
            let recorder = &self.clients[parameter % self.clients.len()].recorder;
            let is_close = parameter > 250;
            let wants: fn(RecordKind) -> bool = match parameter >> 4 & 3 {
                0 => |kind| kind == RecordKind::Span,
                1 => |kind| kind != RecordKind::Span,
                _ => |_| true,
            };
            let flight =
                if is_close { Flight::close(recorder, self.now) } else { Flight::flush(recorder, wants, self.now) };
            let users_until = is_close.then(|| self.now.saturating_add(CLOSE_TIMEOUT / 2));
            self.flights.push(Flown { flight, open: Vec::new(), is_past_users: false, users_until });
        }
    }

    fn advance_flight(&mut self, parameter: usize) {
        if self.flights.is_empty() {
            return;
        }
        let index = parameter % self.flights.len();
        let flown = &mut self.flights[index];
        match flown.flight.next(self.now) {
            Command::Post(post) => {
                let is_user = post.route() == "users/identify";
                let waits_for_users = flown.open.iter().any(|open| open.route == "users/identify");
                let is_patient = flown.users_until.is_none_or(|until| self.now < until);
                let has_to_wait = waits_for_users && is_patient && !flown.is_past_users;
                assert!(is_user || !has_to_wait, "{} does not wait for users", post.route());
                flown.is_past_users |= !is_user;
                assert!(flown.open.iter().all(|open| open.slot != post.slot), "slot {} is taken", post.slot);
                flown.open.push(Request::new(&post));
                assert!(flown.open.len() <= MAX_OPEN_REQUESTS);
                if self.is_calm {
                    self.assert_nothing_is_sent_twice_at_once();
                }
            }
            Command::Wait(until) => assert!(until.is_some() || !flown.open.is_empty(), "it waits for nothing"),
            Command::Done => {
                assert!(flown.open.is_empty(), "it is done before all is answered");
                self.flights.remove(index).flight.finish();
            }
        }
    }

    fn assert_nothing_is_sent_twice_at_once(&self) {
        let mut open = BTreeSet::new();
        let requests = self.flights.iter().flat_map(|flown| &flown.open);
        for token in requests.flat_map(|request| &request.tokens) {
            assert!(open.insert(token), "{token} is in two requests at once");
        }
    }

    fn answer(&mut self, parameter: usize) {
        let Some(index) = (!self.flights.is_empty()).then(|| parameter % self.flights.len()) else { return };
        let flown = &mut self.flights[index];
        if flown.open.is_empty() {
            return;
        }
        let request = flown.open.remove(parameter / 4 % flown.open.len());
        let answered = |status: u16, retry_after: Option<&str>| {
            Ok(Response { status, retry_after: retry_after.map(str::to_owned), body: String::new() })
        };
        let result = match parameter >> 4 {
            0..=5 => answered(200, None),
            6 => answered(503, None),
            7 => answered(429, Some("7")),
            8 => answered(500, Some("Fri, 31 Dec 2399 23:59:59 GMT")),
            9 => Err(SendError::Network("reset".to_owned())),
            10 => Err(SendError::Timeout),
            11 => answered(413, None),
            12 => answered(401, None),
            13 => answered(302, None),
            // The server has it, and the client cannot know.
            14 if !self.is_calm => Err(SendError::Network("reset after accepting".to_owned())),
            _ => answered(204, None),
        };
        let is_blind = parameter >> 4 == 14 && !self.is_calm;
        match &result {
            Ok(Response { status: 200..=299, .. }) => self.server.accept(&request, self.is_calm),
            Ok(Response { status: 401 | 302, .. }) => self.server.refused.extend(request.tokens.clone()),
            Ok(Response { status: 413, .. }) => self.server.refuse_if_alone(&request),
            Err(_) if is_blind => self.server.accept(&request, false),
            _ => {}
        }
        self.flights[index].flight.answered(request.slot, result, self.now);
    }

    fn drop_flight(&mut self, parameter: usize) {
        if self.flights.is_empty() {
            return;
        }
        let index = parameter % self.flights.len();
        let flown = self.flights.swap_remove(index);
        if parameter < 64 && !self.is_calm {
            // A Worker whose context died.
            std::mem::forget(flown);
        }
    }

    fn move_clock(&mut self, parameter: usize) {
        let step = parameter as u64 * 40;
        self.now = match parameter % 8 {
            0 if !self.is_calm => parameter as u64 * 7_919_000,
            1 if !self.is_calm => self.now.saturating_add(3_600_000),
            2 if !self.is_calm => self.now.saturating_sub(step),
            // In a Worker the clock stands still between requests.
            3 => self.now,
            _ if self.is_calm && self.has_open_requests() => self.now,
            _ => self.now.saturating_add(step),
        };
    }

    fn has_open_requests(&self) -> bool {
        self.flights.iter().any(|flown| !flown.open.is_empty())
    }

    fn change_scopes(&mut self, parameter: usize) {
        if parameter.is_multiple_of(2) && self.clients.len() <= MAX_SCOPES {
            self.tokens += 1;
            self.add(self.clients[0].scope());
        } else if self.clients.len() > 1 {
            let index = 1 + parameter % (self.clients.len() - 1);
            self.clients.remove(index);
            self.names.remove(index);
        }
    }

    /// What holds at any moment.
    fn audit(&self) {
        let stats = self.clients[0].stats();
        for &kind in RecordKind::ALL {
            let accounted = stats.delivered_of(kind) + stats.dropped_of(kind) + stats.pending_of(kind);
            assert_eq!(stats.accepted_of(kind), accounted, "{kind:?}");
        }
        // Which empties the shelves.
        if !self.has_shelves || self.tokens.is_multiple_of(8) {
            for client in &self.clients {
                client.recorder.outbox.assert_bounds();
            }
        }
        if self.is_calm {
            let twice = self.server.arrived.iter().find(|(_, times)| **times > 1);
            assert!(twice.is_none(), "{twice:?} arrived more than once");
        }
    }

    /// Everything ends, the server takes all that comes, and nothing is missing.
    fn end(mut self) {
        self.flights.clear();
        self.now = self.now.saturating_add(86_400_000);
        self.clients.truncate(1);
        let client = self.clients[0].clone();
        // What forgotten flushes still keep of scopes is found by the second look at them.
        for _ in 0..3 {
            self.now = self.now.saturating_add(120_000);
            let mut flight = Flight::flush(&client.recorder, |_| true, self.now);
            while let Command::Post(post) = flight.next(self.now) {
                let request = Request::new(&post);
                self.server.accept(&request, self.is_calm);
                let ok = Response { status: 200, retry_after: None, body: String::new() };
                flight.answered(post.slot, Ok(ok), self.now);
            }
            assert_eq!(flight.finish().report.requeued(), 0);
        }
        self.audit();
        let stats = client.stats();
        assert_eq!(stats.pending(), 0, "{stats:?}");
        // Which records a full buffer dropped is not told; which the server refused is.
        let dropped_here = [DropReason::QueueFull, DropReason::Undelivered, DropReason::UnknownUser];
        if dropped_here.iter().all(|reason| stats.dropped_by(*reason) == 0) {
            for token in self.sent.values().flatten() {
                let is_known = self.server.arrived.contains_key(token) || self.server.refused.contains(token);
                assert!(is_known, "{token} is lost: {stats:?}");
            }
        }
    }
}

impl Server {
    fn accept(&mut self, request: &Request, is_calm: bool) {
        for token in &request.tokens {
            *self.arrived.entry(token.clone()).or_default() += 1;
        }
        if is_calm && request.route == "events/track_partial" {
            self.assert_order(request);
        }
    }

    /// Partials of an interaction arrive in the order of recording.
    fn assert_order(&mut self, request: &Request) {
        let numbers = request.tokens.iter().filter_map(|token| token.parse::<usize>().ok());
        let (oldest, newest) = (numbers.clone().min(), numbers.max());
        let (Some(oldest), Some(newest), Some(key)) = (oldest, newest, request.key.clone()) else { return };
        let before = self.newest.insert(key, newest);
        assert!(before < Some(oldest), "{oldest} arrived after {before:?}");
    }

    fn refuse_if_alone(&mut self, request: &Request) {
        if request.tokens.len() == 1 || request.route == "events/track_partial" {
            self.refused.extend(request.tokens.clone());
        }
    }
}
