//! The `baalint` binary: parses arguments, returns the exit code; nothing else.

use std::process::ExitCode;

use mimalloc::MiMalloc;

use baalint::frontend::terraform::{DEEP_STACK, is_on_deep_stack};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let run = || baalint::cli::run(std::env::args_os());
    let deep = move || {
        is_on_deep_stack();
        run()
    };
    // Deep enough for whatever nesting the parsers and evaluation allow, whatever the system gives to a main thread.
    match std::thread::Builder::new().stack_size(DEEP_STACK).spawn(deep) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(2)),
        Err(_) => run(),
    }
}
