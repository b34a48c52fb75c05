//! Making one record fit where it must: its longest texts are shortened first.

use super::text::TextCap;

/// Adds what `write` writes, in at most `limit` bytes. `false`, and nothing is added, when nothing is left to shorten.
pub(crate) fn record(out: &mut Vec<u8>, limit: usize, cap: TextCap, write: &dyn Fn(&mut Vec<u8>, TextCap)) -> bool {
    let start = out.len();
    let fits = fit(limit, cap, &mut |cap| {
        out.truncate(start);
        write(out, cap);
        out.len().wrapping_sub(start)
    });
    if !fits {
        out.truncate(start);
    }
    fits
}

/// Encodes under `cap`, and while the result measures more than `limit`, under the largest smaller cap that makes it fit.
/// Returns whether the last encoding fits: not so when nothing is left to shorten.
///
/// `encode` returns the measure of what it made. Lowering the cap shortens the longest texts and leaves the others alone.
pub(crate) fn fit(limit: usize, cap: TextCap, encode: &mut dyn FnMut(TextCap) -> usize) -> bool {
    let size = encode(cap);
    if size <= limit {
        return true;
    }
    let mut last = 1;
    if encode(TextCap(last)) > limit {
        return false;
    }
    let mut fitting = last;
    let mut too_large = cap.0.min(size);
    // Good to a sixteenth: each step encodes the whole record again.
    while too_large.saturating_sub(fitting) > fitting.div_ceil(16) {
        last = fitting.midpoint(too_large);
        if encode(TextCap(last)) <= limit {
            fitting = last;
        } else {
            too_large = last;
        }
    }
    if last != fitting {
        encode(TextCap(fitting));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(texts: &[&str], limit: usize) -> Option<Vec<String>> {
        let mut fitted: Vec<String> = Vec::new();
        let fits = fit(limit, TextCap(1_000_000), &mut |cap| {
            fitted = texts.iter().map(|text| cap.apply(text).0.to_owned()).collect();
            fitted.iter().map(String::len).sum()
        });
        fits.then_some(fitted)
    }

    #[test]
    fn what_fits_is_untouched() {
        assert_eq!(fitted(&["abc", "de"], 5).unwrap(), ["abc", "de"]);
    }

    #[test]
    fn only_the_longest_text_is_shortened() {
        for length in (10_000..10_100).step_by(7) {
            let texts = fitted(&["short", &"x".repeat(length)], 5_000).unwrap();
            assert_eq!(texts[0], "short");
            assert!((4_000..5_000).contains(&texts[1].len()), "{}", texts[1].len());
        }
    }

    #[test]
    fn nothing_left_to_shorten_is_said() {
        assert_eq!(fitted(&["a", "b", "c"], 2), None);
    }
}
