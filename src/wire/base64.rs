//! Trace and span ids as the backend takes them in JSON: standard base64 with padding (RFC 4648 §4).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    let (groups, rest) = bytes.as_chunks::<3>();
    for group in groups {
        out.extend_from_slice(&symbols(*group));
    }
    match *rest {
        [one] => {
            let [first, second, ..] = symbols([one, 0, 0]);
            out.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [one, two] => {
            let [first, second, third, _] = symbols([one, two, 0]);
            out.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
    }
}

fn symbols([one, two, three]: [u8; 3]) -> [u8; 4] {
    let group = u32::from_be_bytes([0, one, two, three]);
    [18, 12, 6, 0].map(|shift| ALPHABET.get((group >> shift & 0x3f) as usize).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    fn encoded<const N: usize>(plain: &[u8; N]) -> String {
        let mut out = Vec::new();
        super::encode(&mut out, *plain);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_test_vectors_of_rfc_4648() {
        assert_eq!(encoded(b""), "");
        assert_eq!(encoded(b"f"), "Zg==");
        assert_eq!(encoded(b"fo"), "Zm8=");
        assert_eq!(encoded(b"foo"), "Zm9v");
        assert_eq!(encoded(b"foobar"), "Zm9vYmFy");
    }
}
