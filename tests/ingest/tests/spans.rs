//! Every mistake that a body of spans can have, one at a time, and what becomes of good ones.

mod support;

use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use support::mistakes::{changed, each_is_refused, gone};
use support::{send, span, traces};

#[tokio::test(start_paused = true)]
async fn spans_are_read_strictly() {
    let server = IngestServer::start().await.unwrap();
    let around = vec![
        ("/resourceSpans", json!([]), "resourceSpans"),
        ("/extra", json!(1), "extra"),
        ("/resourceSpans/0/schemaUrl", json!(""), "resourceSpans[0].schemaUrl"),
        ("/resourceSpans/0/resource/attributes", json!([]), "resourceSpans[0].resource.attributes"),
        ("/resourceSpans/0/resource/attributes/1/key", json!("version"), "resourceSpans[0].resource.attributes"),
        ("/resourceSpans/0/resource/extra", json!(1), "resourceSpans[0].resource.extra"),
        ("/resourceSpans/0/scopeSpans/0/scope/version", gone(), "resourceSpans[0].scopeSpans[0].scope.version"),
        ("/resourceSpans/0/scopeSpans/0/scope/name", json!(""), "resourceSpans[0].scopeSpans[0].scope.name"),
        ("/resourceSpans/0/scopeSpans/0/spans", json!([]), "resourceSpans"),
    ];
    each_is_refused(&server, "traces", traces(vec![span()]), around).await;

    let inside = [
        ("/traceId", json!("000102030405060708090a0b0c0d0e0f"), "traceId"),
        ("/traceId", json!("AAECAwQFBgcICQoLDA0ODw"), "traceId"),
        ("/traceId", json!("AAAAAAAAAAAAAAAAAAAAAA=="), "traceId"),
        ("/spanId", json!("AAECAwQFBgcICQoLDA0ODw=="), "spanId"),
        ("/spanId", gone(), "spanId"),
        ("/parentSpanId", json!(""), "parentSpanId"),
        ("/name", json!(""), "name"),
        ("/kind", json!(1), "kind"),
        ("/startTimeUnixNano", json!(1000), "startTimeUnixNano"),
        ("/startTimeUnixNano", json!("+10"), "startTimeUnixNano"),
        ("/endTimeUnixNano", json!("999"), "endTimeUnixNano"),
        ("/status", gone(), "status"),
        ("/status", json!({"code": "1"}), "status.code"),
        ("/status", json!({"code": 0}), "status.code"),
        ("/status", json!({"code": 1, "message": "fine"}), "status.message"),
        ("/status", json!({"code": 2}), "status.message"),
        ("/attributes/1/key", json!("ai.operationId"), "attributes"),
        ("/attributes/1/note", json!("x"), "attributes[1].note"),
        ("/attributes/1/value", json!({}), "attributes[1].value"),
        ("/attributes/1/value", json!({"stringValue": "a", "boolValue": true}), "attributes[1].value"),
        ("/attributes/1/value", json!({"intValue": 7}), "attributes[1].value"),
        ("/attributes/1/value", json!({"intValue": "7.5"}), "attributes[1].value"),
        ("/attributes/1/value", json!({"doubleValue": "0.5"}), "attributes[1].value"),
        ("/attributes/1/value", json!({"kvlistValue": {}}), "attributes[1].value"),
        ("/attributes/1/value", json!({"arrayValue": [1]}), "attributes[1].value"),
        ("/attributes/4/value/arrayValue/values/1", json!("1"), "attributes[4].value.arrayValue.values[1]"),
    ];
    for (pointer, value, place) in inside {
        let body = traces(vec![span(), changed(span(), pointer, &value)]);
        let answer = send(&server, "traces", &body).await.unwrap();
        assert_eq!(answer.status, 400, "{pointer} = {value}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        let place = format!("resourceSpans[0].scopeSpans[0].spans[1].{place}:");
        assert!(error.starts_with(&place), "{pointer} = {value}: {error}");
    }
    assert_eq!(server.received().spans.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_holds_at_most_512_spans() {
    let server = IngestServer::start().await.unwrap();
    assert_eq!(send(&server, "traces", &traces(vec![span(); 512])).await.unwrap().status, 200);
    assert_eq!(send(&server, "traces", &traces(vec![span(); 513])).await.unwrap().status, 400);
}

#[tokio::test(start_paused = true)]
async fn spans_come_out_in_plain_terms() {
    let server = IngestServer::start().await.unwrap();
    send(&server, "traces", &traces(vec![span()])).await.unwrap();
    let received = serde_json::to_value(server.received()).unwrap();
    assert_eq!(
        received["spans"],
        json!([{
            "trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "0001020304050607",
            "parent_span_id": "08090a0b0c0d0e0f", "name": "call",
            "start_unix_nano": 1000, "end_unix_nano": 1000,
            "status_code": 2, "status_message": "bad", "service_name": "app",
            "attributes": {
                "ai.operationId": "ai.toolCall",
                "int": -7, "double": 0.5, "bool": true, "list": ["a", 1],
            },
        }]),
    );
}

#[tokio::test(start_paused = true)]
async fn a_span_that_is_not_about_ai_is_filtered_and_still_answered_with_success() {
    let server = IngestServer::start().await.unwrap();
    let named = |key: &str| {
        let mut span = span();
        span["name"] = key.into();
        span["attributes"] = json!([{"key": key, "value": {"stringValue": "x"}}]);
        span
    };
    let kept = [
        "ai.operationId",
        "traceloop.span.kind",
        "traceloop.workflow.name",
        "traceloop.association.properties.user_id",
        "traceloop.association.properties.convo_id",
        "traceloop.association.properties.event_id",
        "gen_ai.system",
    ];
    let mut bare = span();
    bare["name"] = "bare".into();
    bare.as_object_mut().unwrap().remove("attributes");
    let mut spans: Vec<Value> = kept.map(named).into();
    spans.extend([named("ai.telemetry.metadata.raindrop.eventId"), bare]);
    assert_eq!(send(&server, "traces", &traces(spans)).await.unwrap().status, 200);
    let received = server.received();
    let names = |spans: &[raindrop_ingest::Span]| spans.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&received.spans), kept);
    assert_eq!(names(&received.filtered_spans), ["ai.telemetry.metadata.raindrop.eventId", "bare"]);
}
