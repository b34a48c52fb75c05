//! Making one record fit where it must: its longest texts are shortened first.

use super::text::TextCap;

/// Encodes under `cap`, and while the result measures more than `limit`, under the largest smaller cap that makes it fit.
///
/// Lowering the cap shortens the longest texts and leaves the others alone. `None` when nothing is left to shorten.
pub(crate) fn fit<T>(
    limit: usize,
    cap: TextCap,
    measure: impl Fn(&T) -> usize,
    encode: impl Fn(TextCap) -> T,
) -> Option<T> {
    let whole = encode(cap);
    let size = measure(&whole);
    if size <= limit {
        return Some(whole);
    }
    drop(whole);
    let mut fitting = 1;
    let mut too_large = cap.0.min(size);
    let mut best = encode(TextCap(fitting));
    if measure(&best) > limit {
        return None;
    }
    // Good to a sixteenth: each step encodes the whole record again.
    while too_large.saturating_sub(fitting) > fitting.div_ceil(16) {
        let middle = fitting.midpoint(too_large);
        let candidate = encode(TextCap(middle));
        if measure(&candidate) <= limit {
            best = candidate;
            fitting = middle;
        } else {
            too_large = middle;
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(texts: &[&str], limit: usize) -> Option<Vec<String>> {
        fit(
            limit,
            TextCap(1_000_000),
            |texts: &Vec<String>| texts.iter().map(String::len).sum(),
            |cap| texts.iter().map(|text| cap.apply(text).0.to_owned()).collect(),
        )
    }

    #[test]
    fn what_fits_is_untouched() {
        assert_eq!(fitted(&["abc", "de"], 5).unwrap(), ["abc", "de"]);
    }

    #[test]
    fn only_the_longest_text_is_shortened() {
        let texts = fitted(&["short", &"x".repeat(10_000)], 5_000).unwrap();
        assert_eq!(texts[0], "short");
        assert!((4_000..5_000).contains(&texts[1].len()), "{}", texts[1].len());
    }

    #[test]
    fn nothing_left_to_shorten_is_said() {
        assert_eq!(fitted(&["a", "b", "c"], 2), None);
    }
}
