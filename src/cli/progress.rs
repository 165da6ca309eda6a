//! A line on the terminal while something takes long: after a second, and only then.
//!
//! In: work. Out: its result; on standard error, when that is a terminal, how long it has taken so far. The line is gone when
//! the work is done.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Nobody wonders before.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the line is written again.
const BEAT: Duration = Duration::from_millis(250);

/// Does `work`; `what` says it in one word.
pub(super) fn with_progress<R>(what: &str, work: impl FnOnce() -> R) -> R {
    if !io::stderr().is_terminal() {
        return work();
    }
    shown(what, PATIENCE, work, &mut io::stderr())
}

fn shown<R>(what: &str, patience: Duration, work: impl FnOnce() -> R, out: &mut (dyn io::Write + Send)) -> R {
    let started = Instant::now();
    let (done, is_done) = mpsc::channel::<()>();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            let mut wait = patience;
            while is_done.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout) {
                wait = BEAT;
                let _ = write!(out, "\r\x1b[Kbaalint: {what}, {:.0} s", started.elapsed().as_secs_f64());
                let _ = out.flush();
            }
            if wait == BEAT {
                let _ = write!(out, "\r\x1b[K");
                let _ = out.flush();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::shown;

    #[test]
    fn what_is_quick_shows_nothing_and_what_is_slow_cleans_up() {
        let mut out = Vec::new();
        assert_eq!(shown("judging", Duration::from_secs(60), || 7, &mut out), 7);
        assert_eq!(out, b"");
        shown("judging", Duration::from_millis(1), || std::thread::sleep(Duration::from_millis(80)), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\r\x1b[Kbaalint: judging, 0 s") && text.ends_with("\r\x1b[K"), "{text:?}");
    }
}
