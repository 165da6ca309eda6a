//! Work in parallel, results in order.
//!
//! In: items and what to do with one. Out: the results by index, so that nothing depends on who was first. Threads start only
//! when there is enough to do, with a stack deep enough for what the parsers' bounds allow.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::discover;
use crate::frontend::terraform::{DEEP_STACK, has_deep_stack, is_on_deep_stack};

/// Stack of a worker where there is no room for the deepest evaluation: nesting bounds of the parsers are chosen to fit.
const STACK: usize = 8 * 1024 * 1024;

/// Files that are worth a thread.
const FILES_PER_THREAD: usize = 4;

/// The threads of a run.
#[derive(Debug)]
pub(super) struct Workers {
    pool: Option<ThreadPool>,
    threads: usize,
    /// The pool is the thread at hand.
    current: bool,
}

impl Workers {
    /// At most `threads`, fewer for few `files`, and one where address space is short: each thread's stack and heap take some.
    pub(super) fn new(threads: Option<usize>, files: usize) -> Self {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let most = files / FILES_PER_THREAD;
        // How many processors there are takes the system a dozen files to tell.
        let threads = if most > 1 { threads.unwrap_or_else(available).min(most).max(1) } else { 1 };
        let threads = if threads > 1 && discover::is_short_of_addresses() { 1 } else { threads };
        // Reading, parsing, evaluating and judging on the same threads lets each use again what the one before it freed.
        let start = |_| is_on_deep_stack();
        let builder = || ThreadPoolBuilder::new().num_threads(threads);
        // A pool of one is the thread at hand; it counts as a worker, so nothing else starts.
        if threads == 1 && has_deep_stack() {
            return Self { pool: builder().use_current_thread().build().ok(), threads, current: true };
        }
        let deep = builder().stack_size(DEEP_STACK).start_handler(start).build();
        // Where address space is bounded.
        let shallow = || {
            let builder = builder().stack_size(STACK);
            if threads == 1 { builder.use_current_thread().build() } else { builder.build() }
        };
        let deep = deep.ok();
        Self { threads, current: deep.is_none() && threads == 1, pool: deep.or_else(|| shallow().ok()) }
    }

    /// How many there are.
    pub(super) fn threads(&self) -> u32 {
        u32::try_from(self.threads).unwrap_or(1).max(1)
    }

    /// Runs `work` where [`map`] and rayon find the threads of this run.
    pub(super) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) if !self.current => pool.install(work),
            _ => work(),
        }
    }
}

/// So many parts, in order, on the threads of a run.
pub(super) fn parts(workers: Option<&Workers>, count: usize, part: &(dyn Fn(usize) -> Vec<u8> + Sync)) -> Vec<Vec<u8>> {
    match workers {
        Some(workers) if workers.threads > 1 => {
            workers.run(|| (0..count).into_par_iter().with_max_len(1).map(part).collect())
        }
        _ => (0..count).map(part).collect(),
    }
}

/// The results of `work` on each item, in order; fewer items than `least` are done by this thread.
pub(super) fn map<T: Sync, R: Send>(items: &[T], least: usize, work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < least.max(2) {
        items.iter().map(work).collect()
    } else {
        items.par_iter().with_max_len(1).map(work).collect()
    }
}

/// The same of items that are not needed afterwards: what is left of each is freed where it was worked on.
pub(super) fn map_into<T: Send, R: Send>(items: Vec<T>, least: usize, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < least.max(2) {
        items.into_iter().map(work).collect()
    } else {
        items.into_par_iter().with_max_len(1).map(work).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Workers, map};

    #[test]
    fn results_are_in_order_whatever_the_threads() {
        let items: Vec<usize> = (0..500).collect();
        let doubled: Vec<usize> = items.iter().map(|it| it * 2).collect();
        for threads in [1, 2, 7] {
            let found = std::thread::spawn({
                let items = items.clone();
                move || Workers::new(Some(threads), 100).run(|| map(&items, 2, |it| it * 2))
            });
            assert_eq!(found.join().unwrap(), doubled);
        }
    }
}
