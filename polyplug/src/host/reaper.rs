//! The one thread on which modules end: never inside a user's call or drop, and with no lock of a runtime held.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::cell::ModuleCell;
use crate::fault::report_line;

static REAPER: Mutex<Option<Sender<Arc<ModuleCell>>>> = Mutex::new(None);

/// Hands a closed module over. Does not wait.
pub(crate) fn send(cell: Arc<ModuleCell>) {
    let mut reaper = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    let sender = match &*reaper {
        Some(sender) => sender,
        None => {
            let (sender, receiver) = channel::<Arc<ModuleCell>>();
            let started = thread::Builder::new()
                .name("polyplug-reaper".to_owned())
                .spawn(move || {
                    for cell in receiver {
                        cell.finish();
                    }
                });
            if let Err(error) = started {
                // The states are left where they are: a leak, never a use after free.
                report_line(&format!("polyplug: no thread to end modules on: {error}"));
                core::mem::forget(cell);
                return;
            }
            reaper.insert(sender)
        }
    };
    // The receiver lives as long as the process.
    let _ = sender.send(cell);
}
