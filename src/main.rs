//! The `baalint` binary: parses arguments, returns the exit code; nothing else.

use std::process::ExitCode;

/// Deep enough for whatever nesting the parsers allow, whatever the system gives to a main thread.
const STACK: usize = 16 * 1024 * 1024;

fn main() -> ExitCode {
    let work = || baalint::cli::run(std::env::args_os());
    match std::thread::Builder::new().stack_size(STACK).spawn(work) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(2)),
        Err(_) => work(),
    }
}
