//! Futures side by side on the caller's task: nothing is spawned.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

/// Runs all of them to their end. Polls each of the unfinished whenever one is woken, which suits a handful.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    enum Lane<F: Future> {
        Running(Pin<Box<F>>),
        Finished(F::Output),
    }

    let mut lanes: Vec<Lane<F>> = futures.into_iter().map(|future| Lane::Running(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut running = false;
        for lane in &mut lanes {
            if let Lane::Running(future) = lane {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *lane = Lane::Finished(output),
                    Poll::Pending => running = true,
                }
            }
        }
        if running { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let finished = |lane| match lane {
        Lane::Finished(output) => Some(output),
        Lane::Running(_) => None,
    };
    lanes.into_iter().filter_map(finished).collect()
}

/// Runs two to their end.
pub(crate) async fn both<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut first_output, mut second_output) = (None, None);
    poll_fn(|context| {
        if first_output.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(context)
        {
            first_output = Some(output);
        }
        if second_output.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(context)
        {
            second_output = Some(output);
        }
        match (first_output.take(), second_output.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            unfinished => {
                (first_output, second_output) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
