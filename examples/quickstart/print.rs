//! What landed, for people to read.

use raindrop::FlushReport;
use raindrop_ingest::Received;
use serde_json::Value;

use crate::terminal::{Paint, Style, plain};
use crate::waterfall;

const TEXT_CHARS: usize = 78;

pub fn landed(received: &Received) {
    let paint = Paint::detect();
    for user in &received.users {
        title(paint, "User", &[&plain(&user["user_id"]), &pairs(&user["traits"])]);
    }
    for event in received.interactions.values() {
        interaction(event, paint);
    }
    for trace in waterfall::traces(&received.spans) {
        let count = format!("{} spans", trace.len());
        println!();
        title(paint, "Trace", &[&count, &waterfall::duration(&trace), &trace[0].trace_id]);
        waterfall::print(&trace, paint);
    }
    println!();
    for signal in &received.signals {
        let [name, kind, sentiment] = ["signal_name", "signal_type", "sentiment"].map(|key| plain(&signal[key]));
        title(paint, "Signal", &[&name, &kind, &sentiment, &pairs(&signal["properties"])]);
    }
    for event in &received.events {
        title(paint, "Event", &[&plain(&event["event"]), &pairs(&event["properties"])]);
    }
}

pub fn report(report: &FlushReport) {
    let paint = Paint::detect();
    title(paint, "Report", &[&paint.report(report)]);
}

fn interaction(event: &Value, paint: Paint) {
    let ai = &event["ai_data"];
    let [name, convo, model] = [&event["event"], &ai["convo_id"], &ai["model"]].map(plain);
    title(paint, "Interaction", &[&name, &convo, &model, &plain(&event["event_id"])]);
    for (label, text) in [("input", &ai["input"]), ("output", &ai["output"])] {
        field(paint, label, &plain(text));
    }
    field(paint, "properties", &pairs(&event["properties"]));
    for attachment in event["attachments"].as_array().into_iter().flatten() {
        let [kind, role, name, value] = ["type", "role", "name", "value"].map(|key| plain(&attachment[key]));
        field(paint, "attachment", &format!("{name} ({kind}, {role}): {value}"));
    }
}

fn title(paint: Paint, name: &str, details: &[&str]) {
    let (first, rest) = details.split_first().unwrap_or((&"", &[]));
    let rest: String = rest.iter().map(|detail| format!(" · {detail}")).collect();
    println!("{}  {first}{}", paint.paint(Style::Bold, format!("{name:<11}")), paint.paint(Style::Dim, rest));
}

fn field(paint: Paint, label: &str, text: &str) {
    for (index, line) in wrapped(text).iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        println!(" {}  {line}", paint.paint(Style::Dim, format!("{label:<10}")));
    }
}

/// `key=value`, without what the client adds itself.
fn pairs(object: &Value) -> String {
    let own = object.as_object().into_iter().flatten().filter(|(key, _)| *key != "$context");
    own.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(", ")
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= TEXT_CHARS {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
