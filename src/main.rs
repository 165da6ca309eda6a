//! Parses arguments, returns the exit code; nothing else.

fn main() {}
