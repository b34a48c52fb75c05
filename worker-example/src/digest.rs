//! The nightly job. It has no caller to answer first, so it flushes and waits.

use raindrop::{Event, SpanOptions};
use worker::*;

pub async fn run(env: &Env) -> Result<()> {
    let raindrop = crate::raindrop(env)?;
    let span = raindrop.start_span(SpanOptions {
        name: "nightly digest".into(),
        operation_id: "ai.workflow".into(),
        ..Default::default()
    });
    let recorded = raindrop
        .track_event(Event { user_id: "system".into(), event: "digest_sent".into(), ..Default::default() })
        .await;
    span.end();
    let report = raindrop.flush().await;
    let failed = |error: raindrop::Error| Error::RustError(error.to_string());
    recorded.map_err(failed)?;
    console_log!("raindrop: {}", report.map_err(failed)?);
    Ok(())
}
