//! A file with plugins: its namespace in Python, and what is raised in it.

use core::ffi::CStr;
use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};

use polyplug::guest::{Contract, Remote};
use polyplug::{Context, Fault, Source};

use crate::classes::Classes;
use crate::interpreter::Entered;
use crate::natives::{self, ContextHandle, FaultHandle, FileHandle, RemoteHandle};
use crate::python::{Answer, Held, Object, Raised};
use crate::short_name;

/// The functions and classes of `face.py` that the loader uses.
pub(crate) struct Face {
    opened: Object,
    pub(crate) answering: Object,
    pub(crate) construct: Object,
    pub(crate) saved_of: Object,
    pub(crate) make_class: Object,
    pub(crate) proxy_class: Object,
    pub(crate) missing_in: Object,
    pub(crate) moment: Object,
    pub(crate) path_of: Object,
    pub(crate) raw_path: Object,
    pub(crate) hashable: Object,
    made_fault: Object,
    described: Object,
    pub(crate) ok: Object,
    pub(crate) err: Object,
    pub(crate) some: Object,
    pub(crate) text: Object,
    pub(crate) fault: Object,
    pub(crate) proxy: Object,
    pub(crate) duration_of: Object,
    pub(crate) time_of: Object,
    /// Names of attributes.
    pub(crate) value: Object,
    pub(crate) native: Object,
    pub(crate) remote: Object,
    pub(crate) variant: Object,
    pub(crate) items: Object,
    pub(crate) collect: Object,
}

/// What is behind `polyplug` in Python: once for all files.
pub(crate) fn face(py: &Entered) -> Answer<&Face> {
    static FACE: OnceLock<Held<Face>> = OnceLock::new();
    if let Some(face) = FACE.get() {
        return Ok(face.value(py));
    }
    let made = Face::make(py)?;
    // Another thread may have been faster: its own is used then.
    drop(FACE.set(Held::new(py, made)));
    face(py)
}

impl Face {
    fn make(py: &Entered) -> Answer<Self> {
        let text = concat!(include_str!("face.py"), "\0");
        let text = CStr::from_bytes_with_nul(text.as_bytes()).unwrap_or_default();
        let space = py.run(text, c"polyplug")?;
        natives::put(py, &space)?;
        let named = |name: &str| -> Answer {
            let found = py.item(&space, &py.text(name)?);
            Ok(found.unwrap_or_else(|| unreachable!("face.py has `{name}`")))
        };
        let garbage = py.call(
            &py.get(&named("importlib")?, c"import_module")?,
            &[py.text("gc")?],
        )?;
        Ok(Self {
            opened: named("opened")?,
            answering: named("answering")?,
            construct: named("construct")?,
            saved_of: named("saved_of")?,
            make_class: named("make_class")?,
            proxy_class: named("proxy_class")?,
            missing_in: named("missing_in")?,
            moment: named("moment")?,
            path_of: named("path_of")?,
            raw_path: named("raw_path")?,
            hashable: named("hashable")?,
            made_fault: named("made_fault")?,
            described: named("described")?,
            ok: named("Ok")?,
            err: named("Err")?,
            some: named("Some")?,
            text: named("Text")?,
            fault: named("Fault")?,
            proxy: named("Proxy")?,
            duration_of: py.get(&named("Duration")?, c"of")?,
            time_of: py.get(&named("SystemTime")?, c"of")?,
            value: py.text("value")?,
            native: py.text("_native")?,
            remote: py.text("_remote")?,
            variant: py.text("_polyplug_variant")?,
            items: py.text("items")?,
            collect: py.get(&garbage, c"collect")?,
        })
    }
}

/// A file that is open, or about to be.
pub(crate) struct File {
    this: Weak<Held<File>>,
    /// What its first plugin is called, or the file while that is not known.
    name: RefCell<String>,
    folder: String,
    /// Whether the interpreter is there for plugins alone.
    is_alone: bool,
    /// The contracts that its plugins name.
    pub(crate) contracts: RefCell<Vec<Contract>>,
    /// All that the host knows, while the file is opened.
    known: RefCell<Vec<Contract>>,
    pub(crate) classes: Classes,
    /// Classes that were made, by what they were made from.
    pub(crate) made: Object,
    /// The `File` of `face.py`.
    opened: RefCell<Option<Object>>,
}

impl File {
    /// Runs the file. Its plugins, as `face.py` describes them.
    ///
    /// # Errors
    /// What it raised, with the place.
    pub(crate) fn open(
        py: &Entered,
        source: &Source,
        is_alone: bool,
    ) -> Result<(Arc<Held<Self>>, Vec<Object>), String> {
        let broken = |raised: Raised| py.shown(&raised.0);
        let made = py.dictionary(core::iter::empty()).map_err(broken)?;
        let folder = source.path.parent().unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let file = Arc::new_cyclic(|this| {
            let file = Self {
                this: Weak::clone(this),
                name: RefCell::new(short_name(&source.path)),
                folder: folder.to_string_lossy().into_owned(),
                is_alone,
                contracts: RefCell::default(),
                known: RefCell::new(source.contracts()),
                classes: Classes::default(),
                made,
                opened: RefCell::default(),
            };
            Held::new(py, file)
        });
        let inner = file.value(py);
        let plugins = inner.run(py, source).map_err(|raised| {
            let fault = inner.fault(py, raised);
            match fault.location() {
                Some(place) => format!(
                    "{}:{}: {}",
                    short_name(Path::new(place.file())),
                    place.line(),
                    fault.message()
                ),
                None => fault.message().to_owned(),
            }
        })?;
        Ok((file, plugins))
    }

    fn run(&self, py: &Entered, source: &Source) -> Answer<Vec<Object>> {
        let path = std::path::absolute(&source.path).unwrap_or_else(|_| source.path.clone());
        let stem = source.path.file_stem().unwrap_or_default();
        let found = py.list(core::iter::empty())?;
        let arguments = [
            py.capsule(FileHandle(Weak::clone(&self.this)))?,
            py.text(&stem.to_string_lossy())?,
            py.text(&path.to_string_lossy())?,
            py.bytes(&source.bytes)?,
            found.clone(),
            py.boolean(self.is_alone),
        ];
        let plugins = py.call(&face(py)?.opened, &arguments);
        let opened = py.items(&found)?.into_iter().next();
        self.opened.replace(opened);
        py.items(&plugins?)
    }

    /// Everything of it is read: what the host knows is not kept any longer.
    pub(crate) fn settle(&self, named: Vec<Contract>) {
        *self.contracts.borrow_mut() = named;
        self.known.take();
    }

    pub(crate) fn name(&self) -> String {
        self.name.borrow().clone()
    }

    pub(crate) fn set_name(&self, name: &str) {
        name.clone_into(&mut self.name.borrow_mut());
    }

    /// What keeps it open.
    pub(crate) fn keep(&self) -> Option<Arc<Held<Self>>> {
        self.this.upgrade()
    }

    /// A contract by its id, with or without its version: one that the plugins name; while the file is opened, any.
    pub(crate) fn contract(&self, id: &str) -> Result<Contract, Fault> {
        let wanted = id.split(' ').next().unwrap_or(id);
        let find = |contracts: &RefCell<Vec<Contract>>| {
            let contracts = contracts.borrow();
            let found = contracts.iter().find(|known| known.view().id() == wanted);
            found.cloned()
        };
        find(&self.contracts).or_else(|| find(&self.known)).ok_or_else(|| {
            Fault::new(format!(
                "contract `{wanted}` is not in `requires`, `wants` or `implements` of the plugin; name it there to use it"
            ))
        })
    }

    pub(crate) fn remote(&self, remote: Remote) -> RemoteHandle {
        RemoteHandle {
            remote,
            file: Weak::clone(&self.this),
        }
    }

    pub(crate) fn context(&self, context: &Context) -> ContextHandle {
        ContextHandle {
            context: context.clone(),
            file: Weak::clone(&self.this),
        }
    }

    /// An exception as a fault: the one that it was made from, if there is one.
    #[cold]
    pub(crate) fn fault(&self, py: &Entered, Raised(error): Raised) -> Fault {
        fault_behind(py, &error).unwrap_or_else(|| {
            let told = self.told(py, &error);
            told.unwrap_or_else(|_| self.thrown("an exception that cannot be shown"))
        })
    }

    fn told(&self, py: &Entered, error: &Object) -> Answer<Fault> {
        let folder = py.text(&self.folder)?;
        let told = py.call(&face(py)?.described, &[error.clone(), folder])?;
        let told = py.items(&told)?;
        let [message, file, line, trace] = &told[..] else {
            return Ok(self.thrown("an exception that is not described"));
        };
        let line = py.to_signed(line).and_then(|line| u32::try_from(line).ok());
        let file = py.to_text(file)?;
        let place = (!file.is_empty()).then(|| (file, line.unwrap_or_default()));
        // What is no text of Unicode is shown with its escapes.
        let text = |object: &Object| match py.to_text(object) {
            Ok(text) => text.to_owned(),
            Err(_) => py.escaped(object),
        };
        let (message, trace) = (text(message), text(trace));
        Ok(Fault::thrown(&self.name.borrow(), &message, place, &trace))
    }

    /// A fault of the plugin without a place.
    pub(crate) fn thrown(&self, message: &str) -> Fault {
        Fault::thrown(&self.name.borrow(), message, None, "")
    }
}

impl Drop for File {
    /// Where Python is entered: it lies in a [`Held`].
    fn drop(&mut self) {
        // Nobody calls it any more; what is still reachable from elsewhere stays.
        let _ = crate::interpreter::with(|py| {
            if let Some(opened) = self.opened.take() {
                let closed = py
                    .get(&opened, c"close")
                    .and_then(|close| py.call(&close, &[]));
                drop((closed, opened));
            }
            if self.is_alone {
                drop(face(py).and_then(|face| py.call(&face.collect, &[])));
            }
        });
    }
}

/// The fault that an exception was made from.
fn fault_behind(py: &Entered, error: &Object) -> Option<Fault> {
    let face = face(py).ok()?;
    if !error.is_a(face.fault.as_ptr()) {
        return None;
    }
    let native = py.find(error, &face.native).ok()??;
    Some(py.kept::<FaultHandle>(&native)?.0.clone())
}

/// A fault as an exception.
pub(crate) fn exception(py: &Entered, fault: Fault) -> Answer {
    let face = face(py)?;
    let location = fault.location().map(|place| place.to_string());
    let arguments = [
        py.text(fault.message())?,
        py.text(fault.code())?,
        py.text(fault.plugin())?,
        py.text(fault.contract())?,
        py.text(fault.method())?,
        py.text(&location.unwrap_or_default())?,
        py.text(fault.trace().unwrap_or_default())?,
    ];
    let mut given = vec![py.capsule(FaultHandle(fault))?];
    given.extend(arguments);
    py.call(&face.made_fault, &given)
}

/// A fault, to be raised.
pub(crate) fn raised(py: &Entered, fault: Fault) -> Raised {
    exception(py, fault).map_or_else(|raised| raised, Raised)
}
