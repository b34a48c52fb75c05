//! Flying a flight with the platform's transport, on the caller's task: nothing is spawned.

use std::future::poll_fn;
use std::task::Poll;

use super::Outcome;
use super::flight::{Command, Flight, Slot};
use crate::millis::Millis;
use crate::platform::{self, Boxed, Exchange, Request, Response};

const TAKEN: Response = Response { status: 200, retry_after: None, body: String::new() };

/// Makes the requests that the flight asks for, until it is done.
pub(crate) fn drive(mut flight: Flight) -> impl Future<Output = Outcome> {
    if flight.sink().is_none() && !platform::can_sleep() {
        flight.try_once();
    }
    let mut exchanges: Vec<(Slot, Exchange)> = Vec::new();
    let mut alarm: Option<(Millis, Boxed<()>)> = None;
    poll_fn(move |context| {
        loop {
            let until = match flight.next(platform::monotonic()) {
                Command::Done => return Poll::Ready(flight.finish()),
                Command::Wait(until) => until,
                Command::Post(post) => {
                    if let Some(sink) = flight.sink() {
                        sink.take(post.route(), post.body);
                        flight.answered(post.slot, Ok(TAKEN), platform::monotonic());
                        continue;
                    }
                    let Some(destination) = flight.destination(&post) else {
                        return Poll::Ready(flight.finish());
                    };
                    let url = format!("{}{}", destination.base_url, post.route());
                    let request =
                        Request { url, headers: &destination.headers, body: post.body, timeout: post.timeout };
                    exchanges.push((post.slot, flight.transport().post(request)));
                    continue;
                }
            };
            let mut is_answered = false;
            exchanges.retain_mut(|(slot, exchange)| match exchange.as_mut().poll(context) {
                Poll::Ready(result) => {
                    flight.answered(*slot, result, platform::monotonic());
                    is_answered = true;
                    false
                }
                Poll::Pending => true,
            });
            if is_answered {
                continue;
            }
            let Some(until) = until else { return Poll::Pending };
            if alarm.as_ref().is_none_or(|(at, _)| *at != until) {
                let wait = until.saturating_sub(platform::monotonic());
                alarm = Some((until, platform::sleep(wait)));
            }
            if alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(context).is_pending()) {
                return Poll::Pending;
            }
            alarm = None;
        }
    })
}
