#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| raindrop::fuzzing::delivery(data));
