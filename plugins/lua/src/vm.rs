//! A virtual machine: who may use it when, and how errors leave it.
//!
//! What is always true:
//!
//! * **M1** A machine, and every value of it, is touched only by the thread that has entered it. That thread may enter again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use mlua::{
    Function, Lua, LuaOptions, MultiValue, StdLib, Table, UserDataRef, Value,
    chunk::{Chunk, ChunkMode},
};
use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use polyplug::Fault;
use polyplug::guest::Contract;

use crate::hot::Stack;
use crate::natives::{self, FaultValue};
use crate::short_name;

/// One machine, of one file.
pub(crate) struct Vm {
    inner: ReentrantMutex<Inner>,
    owner: Arc<Owner>,
}

/// The number of the thread that is inside a machine; 0 when none is. Read only to find out who waits for whom.
#[derive(Default)]
struct Owner(AtomicU64);

/// Who waits for which machine.
static WAITING: Mutex<BTreeMap<u64, Arc<Owner>>> = Mutex::new(BTreeMap::new());

/// How long a thread waits before it looks again whether it waits in a circle.
const PATIENCE: Duration = Duration::from_millis(20);

/// The number of this thread.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        }
        number.get()
    })
}

/// Whether the thread that is inside waits, through others perhaps, for something that this thread is inside of.
fn is_circle(mut owner: Arc<Owner>, this: u64, waiting: &BTreeMap<u64, Arc<Owner>>) -> bool {
    for _ in 0..=waiting.len() {
        let thread = owner.0.load(Ordering::SeqCst);
        if thread == this {
            return true;
        }
        match waiting.get(&thread) {
            Some(next) => owner = Arc::clone(next),
            None => return false,
        }
    }
    false
}

/// What is in it.
pub(crate) struct Inner {
    /// How often it has been entered and not left.
    depth: Cell<u32>,
    /// What its plugin is called, or its file while that is not known.
    name: RefCell<String>,
    path: PathBuf,
    /// The contracts that its plugins name.
    pub(crate) contracts: RefCell<Vec<Contract>>,
    pub(crate) face: Face,
    pub(crate) stack: Stack,
    pub(crate) lua: Lua,
}

/// `face.lua`, compiled once for all machines.
fn face(lua: &Lua) -> mlua::Result<Function> {
    static COMPILED: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(code) = COMPILED.get() {
        let chunk = lua.load(&code[..]).set_mode(ChunkMode::Binary);
        return chunk.into_function();
    }
    let chunk = lua.load(include_str!("face.lua")).set_name("=polyplug");
    let face = chunk.into_function()?;
    // Another thread may have been faster, with the same.
    let _ = COMPILED.set(face.dump(false));
    Ok(face)
}

/// The functions and tables of `face.lua` that the loader uses.
pub(crate) struct Face {
    pub(crate) ok: Table,
    pub(crate) err: Table,
    pub(crate) some: Table,
    pub(crate) map: Table,
    pub(crate) signed: Function,
    pub(crate) unsigned: Function,
    pub(crate) integer: Function,
    pub(crate) context: Function,
    pub(crate) plugins: Function,
    pub(crate) find: Function,
    pub(crate) construct: Function,
    pub(crate) save: Function,
    call: Function,
}

impl Face {
    fn of(internal: &Table) -> mlua::Result<Self> {
        Ok(Self {
            ok: internal.get("ok")?,
            err: internal.get("err")?,
            some: internal.get("some")?,
            map: internal.get("map")?,
            signed: internal.get("signed")?,
            unsigned: internal.get("unsigned")?,
            integer: internal.get("integer")?,
            context: internal.get("context")?,
            plugins: internal.get("plugins")?,
            find: internal.get("find")?,
            construct: internal.get("construct")?,
            save: internal.get("save")?,
            call: internal.get("call")?,
        })
    }
}

/// A machine that this thread has entered (M1).
pub(crate) struct Entered<'v> {
    inner: ReentrantMutexGuard<'v, Inner>,
    owner: &'v Owner,
}

impl Deref for Entered<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let depth = self.inner.depth.get() - 1;
        self.inner.depth.set(depth);
        if depth == 0 {
            self.owner.0.store(0, Ordering::Relaxed);
        }
    }
}

impl Vm {
    /// A machine with the libraries and `polyplug` in it.
    pub(crate) fn new(path: &Path) -> mlua::Result<Arc<Self>> {
        let lua = natives::machine(LuaOptions::new().catch_rust_panics(false), StdLib::ALL)?;
        let internal: Table = {
            let table = natives::table(&lua)?;
            let face = face(&lua)?;
            face.call((table.clone(), short_name(path)))?
        };
        lua.set_named_registry_value("polyplug.method", internal.get::<Function>("method")?)?;
        if let Some(folder) = path.parent() {
            let package: Table = lua.globals().get("package")?;
            let before: String = package.get("path")?;
            let folder = folder.display();
            package.set(
                "path",
                format!("{folder}/?.lua;{folder}/?/init.lua;{before}"),
            )?;
        }
        let stack = Stack::new(&lua, internal.get("on_error")?)?;
        let vm = Arc::new(Self {
            inner: ReentrantMutex::new(Inner {
                depth: Cell::new(0),
                name: RefCell::new(short_name(path)),
                path: path.to_owned(),
                contracts: RefCell::new(Vec::new()),
                face: Face::of(&internal)?,
                stack,
                lua,
            }),
            owner: Arc::default(),
        });
        let inner = vm.inner.lock();
        inner.lua.set_app_data::<Weak<Self>>(Arc::downgrade(&vm));
        drop(inner);
        Ok(vm)
    }

    /// Waits until no other thread is inside.
    ///
    /// # Errors
    /// When that would be for ever, because the thread inside waits for this one.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, Fault> {
        let inner = match self.inner.try_lock() {
            Some(inner) => inner,
            None => self.wait()?,
        };
        let depth = inner.depth.get();
        if depth == 0 {
            self.owner.0.store(this_thread(), Ordering::Relaxed);
        }
        inner.depth.set(depth + 1);
        Ok(Entered {
            inner,
            owner: &self.owner,
        })
    }

    #[cold]
    fn wait(&self) -> Result<ReentrantMutexGuard<'_, Inner>, Fault> {
        let this = this_thread();
        let waiting = || WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = loop {
            {
                let mut waiting = waiting();
                if is_circle(Arc::clone(&self.owner), this, &waiting) {
                    break Err(Fault::new(
                        "two plugins in Lua call one another from two threads, and would wait for each other for ever",
                    ));
                }
                waiting.insert(this, Arc::clone(&self.owner));
            }
            if let Some(inner) = self.inner.try_lock_for(PATIENCE) {
                break Ok(inner);
            }
        };
        waiting().remove(&this);
        outcome
    }

    /// The machine that a native function runs in.
    pub(crate) fn of(lua: &Lua) -> mlua::Result<Arc<Self>> {
        let vm = lua.app_data_ref::<Weak<Self>>();
        let vm = vm.and_then(|vm| vm.upgrade());
        vm.ok_or_else(|| mlua::Error::runtime("the module is being unloaded"))
    }
}

impl Inner {
    /// Whether nothing of this machine runs below.
    pub(crate) fn is_outermost(&self) -> bool {
        self.depth.get() == 1
    }

    /// What to call the plugin.
    pub(crate) fn name(&self) -> String {
        self.name.borrow().clone()
    }

    pub(crate) fn set_name(&self, name: &str) {
        name.clone_into(&mut self.name.borrow_mut());
    }

    /// The file, compiled.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<Function, Fault> {
        let chunk: Chunk<'_> = self.lua.load(bytes);
        let chunk = chunk
            .set_name(format!("@{}", short_name(&self.path)))
            .set_mode(ChunkMode::Text);
        chunk.into_function().map_err(|error| {
            let text = match &error {
                mlua::Error::SyntaxError { message, .. } => message.clone(),
                other => other.to_string(),
            };
            self.thrown(&text, "")
        })
    }

    /// Calls a function of the machine; an error is a fault.
    pub(crate) fn call(
        &self,
        function: &Function,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<MultiValue, Fault> {
        let mut given = MultiValue::with_capacity(8);
        given.push_back(Value::Function(function.clone()));
        given.extend(arguments);
        let mut answer: MultiValue = self
            .face
            .call
            .call(given)
            .map_err(|error| self.thrown(&error.to_string(), ""))?;
        match answer.pop_front() {
            Some(Value::Boolean(true)) => Ok(answer),
            _ => Err(self.fault_of(answer.pop_front().unwrap_or_default())),
        }
    }

    /// What `on_error` made of an error, as a fault.
    pub(crate) fn fault_of(&self, failure: Value) -> Fault {
        let Value::Table(failure) = failure else {
            // An error while the error was looked at.
            let text = failure.to_string();
            return self.thrown(text.as_deref().unwrap_or("an error that has no text"), "");
        };
        if let Ok(fault) = failure.get::<UserDataRef<FaultValue>>("raised") {
            return fault.0.clone();
        }
        let text = |key: &str| {
            let text = failure.get::<mlua::LuaString>(key);
            text.map(|text| text.to_string_lossy()).unwrap_or_default()
        };
        self.thrown(&text("message"), &text("trace"))
    }

    /// A fault of the plugin, whose text may start with the place.
    fn thrown(&self, message: &str, trace: &str) -> Fault {
        let file = short_name(&self.path);
        let placed = message
            .strip_prefix(&file)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split_once(": "))
            .and_then(|(line, rest)| Some((line.parse::<u32>().ok()?, rest)));
        let name = self.name.borrow();
        let path = self.path.to_string_lossy();
        match placed {
            Some((line, message)) => Fault::thrown(&name, message, Some((&path, line)), trace),
            None => Fault::thrown(&name, message, None, trace),
        }
    }

    /// What failed inside the loader itself.
    pub(crate) fn failed(&self, error: &mlua::Error) -> Fault {
        self.thrown(&error.to_string(), "")
    }
}

/// A value of a machine that lives outside it; it is let go of inside.
pub(crate) struct Held<T> {
    vm: Arc<Vm>,
    value: Option<T>,
}

impl<T> Held<T> {
    pub(crate) fn new(vm: &Arc<Vm>, value: T) -> Self {
        Self {
            vm: Arc::clone(vm),
            value: Some(value),
        }
    }

    pub(crate) fn vm(&self) -> &Arc<Vm> {
        &self.vm
    }

    /// The value, for who has entered the machine.
    pub(crate) fn value(&self, _: &Inner) -> &T {
        let Some(value) = &self.value else {
            unreachable!("taken only when this is dropped")
        };
        value
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        match self.vm.enter() {
            Ok(inner) => {
                drop(value);
                drop(inner);
            }
            // It stays until its machine is closed.
            Err(_circle) => core::mem::forget(value),
        }
    }
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vm")
    }
}
