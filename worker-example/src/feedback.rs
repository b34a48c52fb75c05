//! `POST /feedback`: a thumb up or down on an answer.

use raindrop::{Signal, SignalKind};
use serde::Deserialize;
use worker::*;

#[derive(Deserialize)]
struct Feedback {
    /// What `/chat` returned in the header `x-event-id`.
    event_id: String,
    helpful: bool,
    #[serde(default)]
    comment: String,
}

pub async fn handle(mut request: Request, env: &Env, ctx: &Context) -> Result<Response> {
    let Ok(feedback) = request.json::<Feedback>().await else {
        return Response::error("expected {\"event_id\", \"helpful\"}", 400);
    };
    let raindrop = crate::raindrop(env)?;
    let recorded = raindrop
        .track_signal(Signal {
            event_id: feedback.event_id,
            name: if feedback.helpful { "thumbs_up" } else { "thumbs_down" }.into(),
            kind: SignalKind::FEEDBACK.into(),
            sentiment: if feedback.helpful { "POSITIVE" } else { "NEGATIVE" }.into(),
            comment: feedback.comment,
            ..Default::default()
        })
        .await;
    crate::close_after(ctx, raindrop, async {});
    match recorded {
        Ok(()) => Ok(Response::empty()?.with_status(204)),
        Err(error) => Response::error(error.to_string(), 400),
    }
}
