//! Flying a flight with the platform's transport, on the caller's task: nothing is spawned.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::Outcome;
use super::flight::{Command, Flight, Slot};
use crate::millis::Millis;
use crate::platform::{self, Boxed, Exchange, Request, Response};

const TAKEN: Response = Response { status: 200, retry_after: None, body: String::new() };

/// Makes the requests that the flight asks for, until it is done.
pub(crate) fn drive(mut flight: Flight) -> Drive {
    if flight.sink().is_none() && !platform::can_sleep() {
        flight.try_once();
    }
    Drive { alarm: None, exchanges: Vec::new(), flight }
}

/// Dropped in this order: the requests end before the flight gives back what is in them.
pub(crate) struct Drive {
    alarm: Option<(Millis, Boxed<()>)>,
    exchanges: Vec<(Slot, Exchange)>,
    flight: Flight,
}

impl Future for Drive {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Self { alarm, exchanges, flight } = &mut *self;
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
                    let Some(destination) = flight.destination(&post) else { return Poll::Ready(flight.finish()) };
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
                *alarm = Some((until, platform::sleep(wait)));
            }
            if alarm.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(context).is_pending()) {
                return Poll::Pending;
            }
            *alarm = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;
    use crate::platform::SendError;
    use crate::recorder::Recorder;
    use crate::{Client, SpanOptions};

    /// A request that is never answered, and sees how many records are lent when it ends.
    struct Unanswered {
        recorder: Arc<Recorder>,
        lent: Arc<AtomicUsize>,
    }

    impl Future for Unanswered {
        type Output = Result<Response, SendError>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Pending
        }
    }

    impl Drop for Unanswered {
        fn drop(&mut self) {
            self.lent.store(self.recorder.outbox.lent(), Relaxed);
        }
    }

    #[test]
    fn a_flush_that_is_dropped_ends_its_requests_before_their_records_can_be_sent_again() {
        let client = Client::builder().write_key("rk").disable_local_workshop().build().unwrap();
        client.start_span(SpanOptions { event_id: "evt".to_owned(), ..SpanOptions::default() }).end();
        let recorder: &Arc<Recorder> = &client.recorder;
        let mut flight = Flight::flush(recorder, |_| true, 0);
        let Command::Post(post) = flight.next(0) else { panic!("there is a span to send") };
        let lent = Arc::new(AtomicUsize::new(0));
        let request = Unanswered { recorder: Arc::clone(recorder), lent: Arc::clone(&lent) };
        drop(Drive { alarm: None, exchanges: vec![(post.slot, Box::pin(request))], flight });
        assert_eq!((lent.load(Relaxed), recorder.outbox.lent()), (1, 0));
    }
}
