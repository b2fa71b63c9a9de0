//! What the host provides to its plugins: a progress bar for the stage that runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use stage_api::Progress;

/// One bar a stage, from name to outcome. Hides itself when standard error is no terminal.
const TEMPLATE: &str = "  {prefix:12.bold} {bar:40.cyan/dim} {percent:>3} %  {msg}";

/// The bars. A clone shows the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    bars: MultiProgress,
    running: Mutex<Option<ProgressBar>>,
    reports: AtomicU64,
}

impl Screen {
    /// A new bar, which gets the reports until it is dropped or finished.
    pub(crate) fn start(&self, name: &str) -> Running<'_> {
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is right");
        let bar = self.inner.bars.add(ProgressBar::new(1));
        bar.set_style(style.progress_chars("━╸─"));
        bar.set_prefix(name.to_owned());
        self.inner.reports.store(0, Ordering::Relaxed);
        self.set_running(Some(bar.clone()));
        Running { screen: self, bar }
    }

    fn set_running(&self, bar: Option<ProgressBar>) {
        *self.running() = bar;
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        let running = &self.inner.running;
        running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plugins call this, from whatever thread they like.
impl Progress for Screen {
    fn report(&self, done: u64, total: u64) {
        self.inner.reports.fetch_add(1, Ordering::Relaxed);
        if let Some(bar) = &*self.running() {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

/// The bar of the stage that runs.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    screen: &'a Screen,
    bar: ProgressBar,
}

impl Running<'_> {
    /// Leaves the bar full. Returns how many reports came.
    pub(crate) fn finish(self) -> u64 {
        self.bar.finish();
        self.reports()
    }

    /// Leaves the bar where it stands. Returns how many reports came.
    pub(crate) fn abandon(self, why: &'static str) -> u64 {
        self.bar.abandon_with_message(why);
        self.reports()
    }

    fn reports(&self) -> u64 {
        self.screen.inner.reports.load(Ordering::Relaxed)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.screen.set_running(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_go_to_the_bar_that_runs() {
        let screen = Screen::default();
        screen.report(1, 2); // nothing runs: nothing happens
        let first = screen.start("first");
        screen.report(3, 10);
        assert_eq!((first.bar.position(), first.bar.length()), (3, Some(10)));
        assert_eq!(first.finish(), 1);

        let second = screen.start("second");
        screen.clone().report(1, 4);
        screen.clone().report(2, 4);
        assert_eq!(second.bar.position(), 2);
        assert_eq!(second.abandon("gave up"), 2);
    }
}
