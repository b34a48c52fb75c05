//! A trace as a tree, with a bar for the time that each span took.

use std::collections::HashSet;

use raindrop_ingest::Span;

use crate::terminal::{Paint, Style, plain};

const BAR_CELLS: u64 = 24;
const NOTE_CHARS: usize = 40;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// What begins with these is part of the protocol; other attributes are the app's own.
const PROTOCOL: [&str; 4] = ["ai.", "gen_ai.", "raindrop.", "traceloop."];

/// Prints one trace, its spans in the order in which they began.
pub fn print(trace: &[Span], paint: Paint) {
    let spans: Vec<&Span> = trace.iter().collect();
    let known: HashSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let is_root = |span: &&&Span| span.parent_span_id.as_deref().is_none_or(|parent| !known.contains(parent));

    let mut rows = Vec::new();
    for root in spans.iter().filter(is_root) {
        rows.push((root.name.clone(), *root));
        add_children(&mut rows, &spans, root, "");
    }
    let label_chars = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    let scale = Scale::of(&spans);
    for (label, span) in rows {
        let (style, note) = note(span);
        let bar = paint.paint(style, scale.bar(span));
        let time = milliseconds(span.start_unix_nano, span.end_unix_nano);
        let note = paint.paint(if is_failed(span) { style } else { Style::Dim }, note);
        println!("{}", format!("  {label:label_chars$}  {bar}  {time:>7}  {note}").trim_end());
    }
}

/// The spans by trace, in the order in which the traces began.
pub fn traces(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| span.start_unix_nano);
    let mut traces: Vec<Vec<Span>> = Vec::new();
    for span in spans {
        match traces.iter_mut().find(|trace| trace[0].trace_id == span.trace_id) {
            Some(trace) => trace.push(span),
            None => traces.push(vec![span]),
        }
    }
    traces
}

/// From the first start to the last end.
pub fn duration(trace: &[Span]) -> String {
    let Scale { start, length } = Scale::of(&trace.iter().collect::<Vec<_>>());
    milliseconds(start, start + length)
}

fn add_children<'a>(rows: &mut Vec<(String, &'a Span)>, spans: &[&'a Span], parent: &Span, indent: &str) {
    let is_child = |span: &&&Span| span.parent_span_id.as_ref() == Some(&parent.span_id);
    let mut children = spans.iter().filter(is_child).peekable();
    while let Some(child) = children.next() {
        let (branch, below) = if children.peek().is_some() { ("├─ ", "│  ") } else { ("└─ ", "   ") };
        rows.push((format!("{indent}{branch}{}", child.name), child));
        add_children(rows, spans, child, &format!("{indent}{below}"));
    }
}

fn milliseconds(start: u64, end: u64) -> String {
    let micros = end.saturating_sub(start) / 1_000;
    if micros < 10_000 { format!("{:.1} ms", micros as f64 / 1_000.0) } else { format!("{} ms", micros / 1_000) }
}

/// The time that the whole width stands for, in nanoseconds.
struct Scale {
    start: u64,
    length: u64,
}

impl Scale {
    fn of(spans: &[&Span]) -> Self {
        let start = spans.iter().map(|span| span.start_unix_nano).min().unwrap_or_default();
        let end = spans.iter().map(|span| span.end_unix_nano).max().unwrap_or_default();
        Self { start, length: (end - start).max(1) }
    }

    fn bar(&self, span: &Span) -> String {
        let eighths = |nanos: u64| (u128::from(nanos) * u128::from(BAR_CELLS * 8) / u128::from(self.length)) as u64;
        let first = (eighths(span.start_unix_nano - self.start) / 8).min(BAR_CELLS - 1);
        let length = eighths(span.end_unix_nano - span.start_unix_nano).clamp(1, (BAR_CELLS - first) * 8);
        let blocks = "█".repeat((length / 8) as usize) + EIGHTHS[(length % 8) as usize];
        let bar = " ".repeat(first as usize) + &blocks;
        format!("{bar:<width$}", width = BAR_CELLS as usize)
    }
}

fn is_failed(span: &Span) -> bool {
    span.status_code == 2
}

/// What is worth knowing of a span beside its name, and its colour.
fn note(span: &Span) -> (Style, String) {
    let text = |key: &str| span.attributes.get(key).map(plain);
    if is_failed(span) {
        return (Style::Red, shortened(&format!("✗ {}", span.status_message.as_deref().unwrap_or("failed"))));
    }
    let (style, note) = match text("traceloop.span.kind").as_deref() {
        Some("llm") => {
            let model = text("gen_ai.response.model").unwrap_or_default();
            let tokens = text("gen_ai.usage.input_tokens").zip(text("gen_ai.usage.output_tokens"));
            let tokens = tokens.map_or_else(String::new, |(input, output)| format!(", {input} → {output} tokens"));
            (Style::Magenta, model + &tokens)
        }
        Some("tool") => (Style::Cyan, text("traceloop.entity.output").unwrap_or_default()),
        _ => (Style::Blue, own_attributes(span)),
    };
    (style, shortened(&note))
}

fn own_attributes(span: &Span) -> String {
    let own = span.attributes.iter().filter(|(key, _)| !PROTOCOL.iter().any(|prefix| key.starts_with(prefix)));
    own.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(", ")
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= NOTE_CHARS {
        return text.to_owned();
    }
    text.chars().take(NOTE_CHARS - 1).chain(['…']).collect()
}
