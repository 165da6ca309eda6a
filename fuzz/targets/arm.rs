#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| baalint_fuzz::arm::run(data));
