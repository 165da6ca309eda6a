//! Keys of objects that are the same again and again: one text of each, for each thread.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashSet;

/// The name of an argument, a block or a property as a key: resources have the same few, and keep one text of each.
pub fn key(name: &str) -> Arc<str> {
    const MOST: usize = 4096;
    thread_local! {
        static KEYS: RefCell<FxHashSet<Arc<str>>> = RefCell::default();
    }
    KEYS.with_borrow_mut(|keys| {
        if let Some(key) = keys.get(name) {
            return key.clone();
        }
        let key = Arc::<str>::from(name);
        if keys.len() < MOST {
            keys.insert(key.clone());
        }
        key
    })
}
