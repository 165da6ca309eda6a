//! How much a run may read when its memory is limited: what is left is told, rather than the process being ended half-way.
//!
//! In: the limits that the system sets for this process. Out: a number of bytes. A limit that is set is the same in every run on
//! the same machine; how much memory happens to be free is not looked at, so that the same input gives the same report.

use std::path::Path;

/// What a process needs before it reads anything: threads' stacks, the allocator's arenas, the binary itself.
const FLOOR: u64 = 256 * 1024 * 1024;

/// Fewer than that are filled by the stacks and heaps of many threads: the allocator takes 32 MiB at a time for each.
const FEW_ADDRESSES: u64 = 4 * 1024 * 1024 * 1024;

/// A run of usual code holds about so many times the bytes of its input; only one in which every line is wrong holds more.
const TIMES: u64 = 24;

/// As little is read whatever the limit.
const LEAST: u64 = 4 * 1024 * 1024;

/// The most bytes of input that a run should read; none when nothing limits it.
pub(super) fn of_this_process() -> Option<u64> {
    memory().map(|it| (it / TIMES).max(LEAST))
}

/// The bytes of memory that there are for what is read; none when nothing limits them.
pub(super) fn memory() -> Option<u64> {
    let address_space = text("/proc/self/limits").as_deref().and_then(address_space).map(|it| it.saturating_sub(FLOOR));
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = group.into_iter().find_map(|path| text(path)?.trim().parse::<u64>().ok());
    let least = [address_space, group].into_iter().flatten().min()?;
    // Version 1 writes a number near the largest for "none".
    (least < 1 << 50).then_some(least)
}

/// Whether the addresses of this process are bounded so tightly that more threads would leave no room for what is read.
pub(super) fn is_short_of_addresses() -> bool {
    text("/proc/self/limits").as_deref().and_then(address_space).is_some_and(|it| it < FEW_ADDRESSES)
}

#[expect(clippy::disallowed_methods, reason = "discover reads files")]
fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(path)).ok()
}

/// The soft limit of the line `Max address space   536870912   unlimited   bytes`.
fn address_space(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address_space;

    #[test]
    fn a_limit_is_read_and_none_is_none() {
        let limits = |soft: &str| {
            format!("Limit  Soft Limit\nMax file locks   unlimited\nMax address space   {soft}   unlimited   bytes\n")
        };
        assert_eq!(address_space(&limits("536870912")), Some(512 * 1024 * 1024));
        assert_eq!(address_space(&limits("unlimited")), None);
        assert_eq!(address_space(""), None);
    }
}
