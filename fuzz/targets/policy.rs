#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| baalint_fuzz::policy::run(data));
