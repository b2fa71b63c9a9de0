//! A virtual machine, and how errors leave it.
//!
//! What is always true:
//!
//! * **M1** A machine, and every value of it, is touched only by the thread that has entered it. That thread may enter again.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};

use mlua::{
    Function, Lua, LuaOptions, MultiValue, StdLib, Table, UserDataRef, Value,
    chunk::{Chunk, ChunkMode},
};
use polyplug::Fault;
use polyplug::guest::Contract;

use crate::gate::{self, Gate};
use crate::hot::Stack;
use crate::natives::{self, FaultValue};
use crate::short_name;

/// One machine, of one file.
pub(crate) struct Vm(Gate<Inner>);

/// A machine that this thread has entered (M1).
pub(crate) type Entered<'v> = gate::Entered<'v, Inner>;

/// What is in it.
pub(crate) struct Inner {
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
        let face = Face::of(&internal)?;
        Ok(Arc::new_cyclic(|vm| {
            lua.set_app_data::<Weak<Self>>(Weak::clone(vm));
            Self(Gate::new(Inner {
                name: RefCell::new(short_name(path)),
                path: path.to_owned(),
                contracts: RefCell::new(Vec::new()),
                face,
                stack,
                lua,
            }))
        }))
    }

    /// Waits until no other thread is inside.
    ///
    /// # Errors
    /// When that would be for ever, because the thread inside waits for this one.
    #[inline]
    pub(crate) fn enter(&self) -> Result<Entered<'_>, Fault> {
        self.0.enter()
    }

    /// The machine that a native function runs in.
    pub(crate) fn of(lua: &Lua) -> mlua::Result<Arc<Self>> {
        let vm = lua.app_data_ref::<Weak<Self>>();
        let vm = vm.and_then(|vm| vm.upgrade());
        vm.ok_or_else(|| mlua::Error::runtime("the module is being unloaded"))
    }
}

impl Inner {
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
