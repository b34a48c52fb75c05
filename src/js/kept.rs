use wasm_bindgen::prelude::*;

use crate::outbox::Kept;

#[wasm_bindgen(module = "/src/js/kept.js")]
extern "C" {
    /// The text of records that JavaScript keeps, as it crosses.
    #[wasm_bindgen(js_name = bytesOf)]
    fn bytes_of(number: usize) -> Vec<u8>;

    #[wasm_bindgen(js_name = forget)]
    fn forget(number: usize);
}

/// A text that JavaScript keeps until this is dropped.
#[derive(Debug)]
pub(super) struct Text(pub usize);

impl Kept for Text {
    fn number(&self) -> usize {
        self.0
    }

    fn bytes(&self) -> Vec<u8> {
        bytes_of(self.0)
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        forget(self.0);
    }
}
