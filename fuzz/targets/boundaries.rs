#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nara_fuzz::properties::boundaries::check(data));
