//! Calls that pass more than scalars and texts: plain memory by address, big results, documents, closures, objects. Each
//! arm beside what a careful C programmer would write by hand.
//!
//! *What is held.* The opened library and the addresses of its functions. *Who may touch it.* Only this file. *What is
//! always true.* (1) Each address was found under the name, and is called with the signature, that `bench-raw`
//! declares. (2) The library stays open as long as this value.

use std::ffi::c_void;
use std::fmt;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::path::Path;
use std::slice;

use bench_contract::{Body, Counter, Document, Kinds};
use bench_work::header::{Buffer, CallBack, Node};
use libloading::Library;
use polyplug::{Caller, Instance, Pinned, Runtime};

use crate::arms::{Group, RAW};
use crate::interleave::{Arm, COPIES};
use crate::report::Target;

/// What the arms call.
pub struct World {
    raw: Raw,
    kinds: Pinned<dyn Kinds>,
    counter: Box<dyn Counter + Send>,
    instance: Instance<dyn Counter>,
    bodies: Vec<Body>,
    document: Document,
}

/// The functions of `bench-raw`.
struct Raw {
    bodies: unsafe extern "C" fn(*const [u64; 3], usize) -> u64,
    body: unsafe extern "C" fn(*const [u64; 3]) -> u64,
    blob: unsafe extern "C" fn(u8) -> Buffer<u8>,
    blob_free: unsafe extern "C" fn(*mut u8, usize),
    read: unsafe extern "C" fn(*const Node) -> u64,
    write: unsafe extern "C" fn(*const Node, *mut Node),
    write_free: unsafe extern "C" fn(*const Node),
    call_back: unsafe extern "C" fn(u64, CallBack, *const c_void) -> u64,
    /// What the library writes: a document of its own, as far as it is asked to.
    template: Lent,
    // Last: closed after nothing above can be called any more.
    _library: Library,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// A document as it is lent to C, with the arrays that it points into.
struct Lent {
    root: Node,
    _arrays: Vec<Vec<Node>>,
}

impl Lent {
    fn of(document: &Document) -> Self {
        let mut arrays = Vec::new();
        let root = node(document, &mut arrays);
        Self {
            root,
            _arrays: arrays,
        }
    }
}

fn node(document: &Document, arrays: &mut Vec<Vec<Node>>) -> Node {
    let parts: Vec<_> = document
        .parts
        .iter()
        .map(|part| node(part, arrays))
        .collect();
    let node = Node {
        title: document.title.as_ptr(),
        title_length: document.title.len(),
        value: document.value,
        parts: parts.as_ptr(),
        part_count: parts.len(),
    };
    // An array does not move when its vector does.
    arrays.push(parts);
    node
}

/// The caller's copy of a document.
///
/// # Safety
///
/// The node and all below it are readable, and their texts are UTF-8.
unsafe fn copy(node: &Node) -> Document {
    // SAFETY: the caller's promise.
    let title = unsafe { slice::from_raw_parts(node.title, node.title_length) };
    // SAFETY: the caller's promise.
    let parts = unsafe { slice::from_raw_parts(node.parts, node.part_count) };
    Document {
        // SAFETY: the caller's promise.
        title: unsafe { str::from_utf8_unchecked(title) }.to_owned(),
        value: node.value,
        // SAFETY: the caller's promise, for each.
        parts: parts.iter().map(|part| unsafe { copy(part) }).collect(),
    }
}

impl Raw {
    fn open(path: &Path, document: &Document) -> Self {
        // SAFETY: a library of ours, whose initializers do nothing.
        let library = unsafe { Library::new(path) }
            .unwrap_or_else(|error| panic!("cannot open `{}`: {error}", path.display()));
        macro_rules! find {
            ($name:literal) => {
                // SAFETY: the type of the field is the one that `bench-raw` declares under this name.
                *unsafe { library.get($name) }.expect("a function of `bench-raw`")
            };
        }
        Self {
            bodies: find!(b"raw_bodies\0"),
            body: find!(b"raw_body\0"),
            blob: find!(b"raw_blob\0"),
            blob_free: find!(b"raw_blob_free\0"),
            read: find!(b"raw_read\0"),
            write: find!(b"raw_write\0"),
            write_free: find!(b"raw_write_free\0"),
            call_back: find!(b"raw_call_back\0"),
            template: Lent::of(document),
            _library: library,
        }
    }

    fn bodies(&self, bodies: &[Body]) -> u64 {
        // SAFETY: 1, 2; a body is three words.
        unsafe { (self.bodies)(bodies.as_ptr().cast(), bodies.len()) }
    }

    fn body(&self, body: &Body) -> u64 {
        // SAFETY: 1, 2; a body is three words.
        unsafe { (self.body)(std::ptr::from_ref(body).cast()) }
    }

    fn blob(&self, seed: u8) -> Vec<u8> {
        // SAFETY: 1, 2.
        let buffer = unsafe { (self.blob)(seed) };
        // SAFETY: it goes back below.
        let blob = unsafe { slice::from_raw_parts(buffer.pointer, buffer.length) }.to_vec();
        // SAFETY: its last use.
        unsafe { (self.blob_free)(buffer.pointer, buffer.capacity) };
        blob
    }

    fn read(&self, document: &Document) -> u64 {
        let lent = Lent::of(document);
        // SAFETY: 1, 2; lent for the call.
        unsafe { (self.read)(&raw const lent.root) }
    }

    fn write(&self) -> Document {
        let mut out = MaybeUninit::uninit();
        // SAFETY: 1, 2.
        unsafe { (self.write)(&raw const self.template.root, out.as_mut_ptr()) };
        // SAFETY: written whole.
        let node = unsafe { out.assume_init() };
        // SAFETY: it goes back below.
        let document = unsafe { copy(&node) };
        // SAFETY: its last use.
        unsafe { (self.write_free)(&raw const node) };
        document
    }

    fn call_back<F: Fn(u64) -> u64>(&self, x: u64, work: &F) -> u64 {
        unsafe extern "C" fn call<F: Fn(u64) -> u64>(context: *const c_void, x: u64) -> u64 {
            // SAFETY: the context that goes with this function.
            unsafe { (*context.cast::<F>())(x) }
        }
        // SAFETY: 1, 2; the closure lives for the call.
        unsafe { (self.call_back)(x, call::<F>, std::ptr::from_ref(work).cast()) }
    }
}

fn arm<'a>(name: &'static str, target: Option<f64>, run: impl Fn(u64) -> u64 + 'a) -> Arm<'a> {
    Arm {
        name,
        target: target.map(|at_most| Target { at_most, due: true }),
        run: Box::new(move |count| {
            (0..COPIES).fold(0, |sum: u64, _| sum.rotate_left(8) ^ run(count))
        }),
    }
}

/// The raw arm and the one of polyplug.
fn pair<'a>(
    name: &'static str,
    at_most: f64,
    raw: impl Fn(u64) -> u64 + 'a,
    ours: impl Fn(u64) -> u64 + 'a,
) -> Group<'a> {
    Group {
        name,
        base: RAW,
        arms: vec![arm(RAW, None, raw), arm("Pinned", Some(at_most), ours)],
    }
}

/// Makes `count` calls whose results feed a sum.
#[inline(always)]
fn sum(count: u64, mut call: impl FnMut(u64) -> u64) -> u64 {
    let mut sum = 1;
    for _ in 0..count {
        sum = call(sum).wrapping_add(sum.rotate_left(5));
    }
    sum
}

impl World {
    /// What the arms need, of a library that was loaded and of another that is opened here.
    ///
    /// # Errors
    ///
    /// What the runtime says about the plugin.
    pub fn open(runtime: &Runtime, raw: &Path) -> polyplug::Result<Self> {
        let kinds = Caller::pin(&runtime.get::<dyn Kinds>()?)?;
        let document = Document::of_a_thousand();
        Ok(Self {
            raw: Raw::open(raw, &document),
            counter: kinds.counter(),
            instance: runtime.create::<dyn Counter>()?,
            kinds,
            bodies: (0..65_536).map(|x| Body { x, y: 2, z: 3 }).collect(),
            document,
        })
    }

    /// All arms.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let (raw, kinds) = (&self.raw, &self.kinds);
        let bodies = |name, length: usize| {
            let bodies = &self.bodies[..length];
            // Each call waits for the one before, whose result says where the next one begins: always at the start.
            let start = black_box(0);
            pair(
                name,
                1.15,
                move |count| sum(count, |x| raw.bodies(&bodies[x as usize & start..])),
                move |count| sum(count, |x| kinds.bodies(&bodies[x as usize & start..])),
            )
        };
        let (body, start) = (&self.bodies[..8], black_box(7));
        let document = &self.document;
        let mut groups = vec![
            bodies("&[struct] of 1", 1),
            bodies("&[struct] of 64", 64),
            bodies("&[struct] of 65,536", 65_536),
            pair(
                "&struct",
                1.15,
                move |count| sum(count, |x| raw.body(&body[x as usize & start])),
                move |count| sum(count, |x| kinds.body(&body[x as usize & start])),
            ),
            pair(
                "Vec<u8> of 1 MiB out",
                1.1,
                move |count| sum(count, |seed| raw.blob(seed as u8)[77].into()),
                move |count| sum(count, |seed| kinds.blob(seed as u8)[77].into()),
            ),
            pair(
                "document of 1,000 nodes in",
                1.5,
                move |count| sum(count, |_| raw.read(black_box(document))),
                move |count| sum(count, |_| kinds.read(black_box(document))),
            ),
            pair(
                "document of 1,000 nodes out",
                1.5,
                move |count| sum(count, |_| raw.write().value + 1),
                move |count| sum(count, |_| kinds.write().value + 1),
            ),
        ];
        let mul = |x: u64| x.wrapping_mul(5) ^ 3;
        groups.push(Group {
            name: "closure called back 1,000 times",
            base: RAW,
            arms: vec![
                // What both sides have is a `&dyn Fn`: C calls it through a function with a context.
                arm(RAW, None, move |count| {
                    sum(count, |x| {
                        raw.call_back(x, &black_box(&mul as &dyn Fn(u64) -> u64))
                    })
                }),
                arm("raw, inlined into its function", None, move |count| {
                    sum(count, |x| raw.call_back(x, &mul))
                }),
                arm("Pinned", Some(1.3), move |count| {
                    sum(count, |x| {
                        kinds.call_back(x, black_box(&mul as &dyn Fn(u64) -> u64))
                    })
                }),
            ],
        });
        let (instance, object) = (&self.instance, &self.counter);
        groups.push(Group {
            name: "method of an object",
            // An object is called through `dyn Trait`, so it is compared with an instance that is, too.
            base: "Instance as dyn Trait",
            arms: vec![
                arm("Instance", None, move |count| {
                    sum(count, |x| instance.add(x))
                }),
                arm("Instance as dyn Trait", None, move |count| {
                    let instance: &dyn Counter = black_box(instance);
                    sum(count, |x| instance.add(x))
                }),
                Arm {
                    target: Some(Target {
                        at_most: 1.15,
                        // The object behind is a `dyn Trait` on the other side, too: one jump more than an instance.
                        due: false,
                    }),
                    ..arm("Box<dyn Trait>", None, move |count| {
                        sum(count, |x| object.add(x))
                    })
                },
            ],
        });
        groups
    }
}
