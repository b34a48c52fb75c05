//! The length limit of free text, in Unicode code points.

/// Stands at the end of a text that was cut, and counts towards the limit.
pub(crate) const MARKER: &str = "...[truncated by raindrop]";
const MARKER_CHARS: usize = MARKER.len();

/// How many code points of a text are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextCap(pub usize);

impl TextCap {
    /// What is left of `text`, and whether [`MARKER`] follows it.
    #[inline]
    pub fn apply(self, text: &str) -> (&str, bool) {
        if text.len() <= self.0 { (text, false) } else { self.apply_to_long(text) }
    }

    #[cold]
    fn apply_to_long(self, text: &str) -> (&str, bool) {
        self.apply_to(text, || text.char_indices().map(|(at, _)| at))
    }

    /// The same for a text in which `starts` says where each code point begins.
    pub fn apply_to<I: Iterator<Item = usize>>(self, text: &str, starts: impl Fn() -> I) -> (&str, bool) {
        if text.len() <= self.0 || starts().nth(self.0).is_none() {
            return (text, false);
        }
        let marked = self.0 > MARKER_CHARS;
        let kept = if marked { self.0.saturating_sub(MARKER_CHARS) } else { self.0 };
        let end = starts().nth(kept).unwrap_or(text.len());
        (text.get(..end).unwrap_or_default(), marked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, cap: usize) -> String {
        let (kept, marked) = TextCap(cap).apply(text);
        if marked { format!("{kept}{MARKER}") } else { kept.to_owned() }
    }

    #[test]
    fn a_text_as_long_as_the_cap_is_untouched() {
        assert_eq!(cut(&"x".repeat(100), 100), "x".repeat(100));
        assert_eq!(cut(&"😀".repeat(100), 100), "😀".repeat(100));
    }

    #[test]
    fn the_marker_counts_towards_the_cap() {
        let text = cut(&"😀".repeat(300), 100);
        assert_eq!(text, format!("{}{MARKER}", "😀".repeat(74)));
        assert_eq!(text.chars().count(), 100);
    }

    #[test]
    fn a_cap_no_longer_than_the_marker_cuts_without_it() {
        assert_eq!(cut(&"é".repeat(300), 26), "é".repeat(26));
        assert_eq!(cut(&"x".repeat(300), 10), "x".repeat(10));
        assert_eq!(cut(&"x".repeat(300), 27), format!("x{MARKER}"));
        assert_eq!(cut("x", 0), "");
    }
}
