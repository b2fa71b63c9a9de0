//! The one thread on which modules end: never inside a user's call or drop, and with no lock of a runtime held (A5).
//!
//! What is held: generations that callers no longer reach, until nobody is in them and nothing holds them; gates that were
//! opened; runtimes of which only handles are left. Who may touch it: whoever retires sends, this thread ends.
//!
//! A generation ends in steps, each taken when nothing stands in its way: nobody is inside and nothing is pinned, then its
//! states are destroyed; nobody is inside again, no instance, object, thread or thread-local destructor holds its image, then the
//! library is closed, and the system is asked whether it is gone. Leaving an entry tells nobody (it must cost nothing), so this
//! thread looks again by itself, less and less often; what is counted wakes it.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::generation::{Gate, GenerationCore, Stage};
use super::mapped::Mapped;
use super::runtime::RuntimeInner;
use crate::fault::report_line;

enum Work {
    Generation(Arc<GenerationCore>),
    Gate(Arc<Gate>),
    Image(Arc<Mapped>),
    Look,
}

/// The shortest and the longest time between two looks.
const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_millis(20);

fn sender() -> Option<&'static Sender<Work>> {
    static SENDER: OnceLock<Option<Sender<Work>>> = OnceLock::new();
    let sender = SENDER.get_or_init(|| {
        let (sender, receiver) = channel();
        let started = thread::Builder::new()
            .name("polyplug-reaper".to_owned())
            .spawn(move || run(&receiver));
        match started {
            Ok(_) => Some(sender),
            Err(error) => {
                report_line(&format!("polyplug: no thread to end modules on: {error}"));
                None
            }
        }
    });
    sender.as_ref()
}

/// How much there is to be ended: nobody need be woken for nothing.
static PENDING: AtomicUsize = AtomicUsize::new(0);

fn send(work: Work) {
    PENDING.fetch_add(1, Ordering::SeqCst);
    match sender() {
        // The receiver lives as long as the process.
        Some(sender) => drop(sender.send(work)),
        // What cannot be ended is left where it is: a leak, never a use after free.
        None => core::mem::forget(work),
    }
}

/// Hands over a generation that callers no longer reach. Does not wait.
pub(crate) fn retire(generation: Arc<GenerationCore>) {
    generation.progress.reach(Stage::Draining);
    send(Work::Generation(generation));
}

/// Hands over a gate that was opened.
pub(crate) fn retire_gate(gate: Arc<Gate>) {
    send(Work::Gate(gate));
}

/// Hands over an image of which nothing was used.
pub(crate) fn discard(mapped: Arc<Mapped>) {
    send(Work::Image(mapped));
}

/// Something that held a module is gone: look again soon.
pub(crate) fn wake() {
    if PENDING.load(Ordering::SeqCst) != 0
        && let Some(sender) = sender()
    {
        // The receiver lives as long as the process.
        drop(sender.send(Work::Look));
    }
}

thread_local! {
    static CURRENT: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is this one.
pub(crate) fn is_current() -> bool {
    CURRENT.get()
}

fn run(receiver: &Receiver<Work>) {
    CURRENT.set(true);
    let mut generations: Vec<Arc<GenerationCore>> = Vec::new();
    let mut gates: Vec<Arc<Gate>> = Vec::new();
    let mut images: Vec<Arc<Mapped>> = Vec::new();
    let mut held = 0;
    let mut pause = SHORTEST;
    loop {
        let idle =
            generations.is_empty() && gates.is_empty() && images.is_empty() && orphans().is_empty();
        let work = if idle {
            receiver.recv().map_err(RecvTimeoutError::from)
        } else {
            receiver.recv_timeout(pause)
        };
        let mut news = work.is_ok();
        for work in work.into_iter().chain(receiver.try_iter()) {
            held += usize::from(!matches!(work, Work::Look));
            match work {
                Work::Generation(generation) => generations.push(generation),
                Work::Gate(gate) => gates.push(gate),
                Work::Image(mapped) => images.push(mapped),
                Work::Look => {}
            }
        }
        let before = generations.len();
        generations.retain(|generation| {
            let stage = generation.progress.stage();
            let ended = advance(generation);
            news |= generation.progress.stage() != stage;
            !ended
        });
        news |= generations.len() != before;
        gates.retain(|gate| !super::domain::inside(gate.head()).is_empty());
        images.retain(|mapped| {
            // SAFETY: M1: this thread is outside every call, nothing of the image was used, and no thread of it is left.
            mapped.stays().is_none() && (!mapped.is_free() || !unsafe { mapped.unmap() })
        });
        look_after_orphans();
        let left = generations.len() + gates.len() + images.len();
        let ended = held - left;
        held = left;
        PENDING.fetch_sub(ended, Ordering::SeqCst);
        pause = if news {
            SHORTEST
        } else {
            (pause * 2).min(LONGEST)
        };
    }
}

/// Takes what steps can be taken; true when there are none left.
fn advance(generation: &Arc<GenerationCore>) -> bool {
    let nobody_inside = || generation.cell.inside(generation).is_empty();
    loop {
        match generation.progress.stage() {
            Stage::Live | Stage::Draining => {
                // In this order: who is inside may pin on the way out (G4).
                if !nobody_inside() || generation.pins() != 0 {
                    return false;
                }
                generation.finish();
                let stays = match &generation.mapped {
                    None => true,
                    Some(mapped) => mapped.stays().is_some(),
                };
                generation
                    .progress
                    .reach(if stays { Stage::Stays } else { Stage::Finished });
            }
            Stage::Finished => {
                let Some(mapped) = &generation.mapped else {
                    return true;
                };
                // In this order: who is inside may take an object along.
                if !nobody_inside() || mapped.holds() != 0 {
                    return false;
                }
                // What the end of the states left behind on this thread.
                // SAFETY: asked a line above, and the states are gone.
                unsafe { mapped.end_thread_locals_here() };
                if !mapped.is_free() {
                    return false;
                }
                // SAFETY: M1: this thread is outside every call, and nobody holds the image: asked a line above.
                if !unsafe { mapped.unmap() } {
                    return false;
                }
                generation.progress.reach(Stage::Unmapped);
            }
            Stage::Stays | Stage::Unmapped => return true,
        }
    }
}

/// Runtimes of which only handles are left.
static ORPHANS: Mutex<Vec<Arc<RuntimeInner>>> = Mutex::new(Vec::new());

fn orphans() -> std::sync::MutexGuard<'static, Vec<Arc<RuntimeInner>>> {
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes over a runtime whose handles are still there.
pub(crate) fn adopt(runtime: Arc<RuntimeInner>) {
    orphans().push(runtime);
    if let Some(sender) = sender() {
        // The receiver lives as long as the process.
        drop(sender.send(Work::Look));
    }
}

/// Unloads the runtimes whose last handle is gone.
pub(crate) fn look_after_orphans() {
    let gone: Vec<_> = {
        let mut orphans = orphans();
        let (gone, left) = core::mem::take(&mut *orphans)
            .into_iter()
            .partition(|runtime| runtime.keeper.is_empty());
        *orphans = left;
        gone
    };
    for runtime in gone {
        runtime.close();
    }
}
