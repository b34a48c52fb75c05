//! Request bodies: encoded records joined, and how many of them go into one.

use super::Library;
use super::json;
use crate::records::RecordKind;

/// The largest request body that the backend takes, in bytes.
pub(crate) const MAX_BODY: usize = 1_048_576;
const MAX_ITEMS: usize = 50;
const TRACE_SUFFIX: &[u8] = b"]}]}]}";

pub(crate) fn trace_prefix(library: &Library<'_>) -> Box<[u8]> {
    let Library { service_name, version, .. } = *library;
    json::template(&[
        (
            r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":""#,
            service_name,
        ),
        (r#""}},{"key":"service.version","value":{"stringValue":""#, version),
        (r#""}}]},"scopeSpans":[{"scope":{"name":""#, service_name),
        (r#"","version":""#, version),
        (r#""},"spans":["#, ""),
    ])
}

/// How requests of one kind are put together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    prefix: &'a [u8],
    suffix: &'a [u8],
    max_items: usize,
    max_bytes: usize,
}

impl<'a> Envelope<'a> {
    pub fn of(kind: RecordKind, trace_prefix: &'a [u8], trace_max_batch_size: usize) -> Self {
        match kind {
            RecordKind::Partial => Self { prefix: b"", suffix: b"", max_items: 1, max_bytes: MAX_BODY },
            RecordKind::Span => Self {
                prefix: trace_prefix,
                suffix: TRACE_SUFFIX,
                max_items: trace_max_batch_size.max(1),
                max_bytes: MAX_BODY,
            },
            RecordKind::User | RecordKind::Event | RecordKind::Signal => {
                Self { prefix: b"[", suffix: b"]", max_items: MAX_ITEMS, max_bytes: MAX_BODY }
            }
        }
    }

    /// The same, for one record in each request.
    pub fn of_one(self) -> Self {
        Self { max_items: 1, ..self }
    }

    /// The same, for requests of at most so many bytes, unless one record takes more.
    pub fn within(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    #[cfg(any(test, fuzzing))]
    pub fn max_items(&self) -> usize {
        self.max_items
    }

    fn overhead(&self) -> usize {
        self.prefix.len().saturating_add(self.suffix.len())
    }

    /// How long a record may be that is sent in this envelope.
    pub fn max_record(&self) -> usize {
        MAX_BODY.saturating_sub(self.overhead())
    }

    /// How many of the next records, given by their lengths, find room in a request where `items` already are that take so
    /// many bytes together. At least one, if there is one and the request is empty.
    pub fn room(&self, items: usize, bytes: usize, lengths: impl Iterator<Item = usize>) -> usize {
        // With a comma behind each record, which the last one does not have. It is all in memory: no sum overflows.
        let limit = self.max_bytes.saturating_add(1);
        let mut size = self.overhead().wrapping_add(bytes).wrapping_add(items.min(1));
        let mut taken = items;
        for length in lengths.take(self.max_items.saturating_sub(items)) {
            size = size.wrapping_add(length).wrapping_add(1);
            if size > limit && taken > 0 {
                break;
            }
            taken = taken.wrapping_add(1);
        }
        taken.wrapping_sub(items)
    }

    /// The body for records that are joined already.
    pub fn around(&self, joined: &[u8]) -> Vec<u8> {
        [self.prefix, joined, self.suffix].concat()
    }
}

const FINAL: &[u8] = br#","is_pending":false}"#;

/// Whether a partial is the last of its interaction.
pub(crate) fn is_final_partial(partial: &[u8]) -> bool {
    partial.ends_with(FINAL)
}

/// The id of the event that a partial is of, as it stands there: nothing in it is taken for its end, for a quote is escaped.
#[cfg(feature = "js")]
pub(crate) fn event_id_of(partial: &[u8]) -> &str {
    const BEFORE: usize = br#"{"event_id":""#.len();
    const AFTER: &[u8] = br#"",""#;
    let rest = partial.get(BEFORE..).unwrap_or_default();
    let end = rest.windows(AFTER.len()).position(|window| window == AFTER);
    std::str::from_utf8(rest.get(..end.unwrap_or_default()).unwrap_or_default()).unwrap_or_default()
}

/// A complete event as Workshop wants it: the same object as the last partial of an interaction.
pub(crate) fn as_final_partial(event: &[u8]) -> Vec<u8> {
    let mut partial = event.strip_suffix(b"}").unwrap_or(event).to_vec();
    partial.extend_from_slice(FINAL);
    partial
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRAY: Envelope<'static> = Envelope { prefix: b"[", suffix: b"]", max_items: 50, max_bytes: MAX_BODY };

    #[test]
    fn a_request_holds_at_most_fifty_records() {
        assert_eq!(ARRAY.room(0, 0, [10; 120].into_iter()), 50);
        assert_eq!(ARRAY.room(0, 0, [10; 20].into_iter()), 20);
        assert_eq!(ARRAY.room(0, 0, [].into_iter()), 0);
    }

    #[test]
    fn a_request_is_packed_to_the_byte() {
        let half = (MAX_BODY - 3) / 2;
        assert_eq!(ARRAY.room(0, 0, [half, MAX_BODY - 3 - half, 1].into_iter()), 2);
        assert_eq!(ARRAY.room(0, 0, [half, MAX_BODY - 2 - half].into_iter()), 1);
        let records = [vec![b'1'; half], vec![b'1'; MAX_BODY - 3 - half]];
        assert_eq!(ARRAY.around(&records.join(&b',')).len(), MAX_BODY);
        assert_eq!(ARRAY.room(1, half, [MAX_BODY - 3 - half].into_iter()), 1);
        assert_eq!(ARRAY.room(1, half, [MAX_BODY - 2 - half].into_iter()), 0);
    }

    #[test]
    fn a_heavy_record_travels_alone() {
        assert_eq!(ARRAY.room(0, 0, [MAX_BODY, 10].into_iter()), 1);
        assert_eq!(ARRAY.room(0, 0, [10, MAX_BODY, 10].into_iter()), 1);
    }
}
