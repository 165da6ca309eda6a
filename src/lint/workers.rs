//! Work in parallel, results in order.
//!
//! In: items and what to do with one. Out: the results by index, so that nothing depends on who was first. Threads start only
//! when there is enough to do, with a stack deep enough for what the parsers' bounds allow.

use std::sync::OnceLock;

use rayon::prelude::*;

/// Stack of a worker: nesting bounds of the parsers are chosen to fit.
pub const STACK: usize = 8 * 1024 * 1024;

/// The threads of a run.
#[derive(Debug)]
pub struct Workers {
    threads: usize,
    pool: OnceLock<Option<rayon::ThreadPool>>,
}

impl Workers {
    /// At most `threads` of them; as many as there are processors when nothing is said.
    pub fn new(threads: Option<usize>) -> Self {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads: threads.unwrap_or_else(available).max(1), pool: OnceLock::new() }
    }

    /// The results of `work` on each item, in order; `least` items are worth a thread.
    pub fn map<T: Sync, R: Send>(&self, items: &[T], least: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let pool = if items.len() < least.max(2) { None } else { self.pool() };
        match pool {
            Some(pool) => pool.install(|| items.par_iter().map(&work).collect()),
            None => items.iter().map(work).collect(),
        }
    }

    /// No pool for one thread, nor when the system gives none.
    fn pool(&self) -> Option<&rayon::ThreadPool> {
        let make = || rayon::ThreadPoolBuilder::new().num_threads(self.threads).stack_size(STACK).build().ok();
        self.pool.get_or_init(|| if self.threads > 1 { make() } else { None }).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::Workers;

    #[test]
    fn results_are_in_order_whatever_the_threads() {
        let items: Vec<usize> = (0..500).collect();
        for threads in [1, 2, 7] {
            assert_eq!(Workers::new(Some(threads)).map(&items, 2, |it| it * 2), items.iter().map(|it| it * 2).collect::<Vec<_>>());
        }
    }
}
