//! A file that was opened: what plugins are in it, their states, and the answers to calls.

use std::error::Error;
use std::sync::Arc;

use polyplug::guest::{Call, Contract, ContractView, Guest, Implementation, Implements, Plugin};
use polyplug::{Context, Fault, Passing, Source, TypeKind};

use crate::api::api;
use crate::classes::is_changing;
use crate::file::{File, face};
use crate::hot::{self, Outcome, Plan};
use crate::interpreter::{Entered, enter, start};
use crate::python::{Answer, Bound, Held, Object, Raised};
use crate::values::Values;

/// An opened file.
pub(crate) struct PythonGuest {
    plugins: Vec<Plugin>,
    loaded: Arc<Loaded>,
}

/// What is kept of a file.
struct Loaded {
    plugins: Held<Vec<Object>>,
    offered: Vec<Vec<Offered>>,
    /// Let go of at last.
    file: Arc<Held<File>>,
}

/// A contract that a plugin implements.
struct Offered {
    contract: Contract,
    /// By the number of the method; nothing for those that are left to their default bodies.
    methods: Vec<Option<Answering>>,
}

/// What answers a method.
struct Answering {
    name: String,
    plan: Option<Plan>,
}

/// The plugins of a file, and what each of them offers.
type Read = (Vec<Plugin>, Vec<Vec<Offered>>);

impl PythonGuest {
    /// Runs the file, and looks at what it decorated.
    pub(crate) fn open(source: &Source) -> Result<Self, String> {
        let is_alone = start()?;
        let py = enter().map_err(|fault| fault.message().to_owned())?;
        let (file, descriptions) = File::open(&py, source, is_alone)?;
        let read = Self::read(&py, file.value(&py), source, &descriptions);
        let (plugins, offered) = match read {
            Ok(read) => read?,
            Err(raised) => {
                let fault = file.value(&py).fault(&py, raised);
                let message = fault.message();
                return Err(message
                    .strip_prefix("TypeError: ")
                    .unwrap_or(message)
                    .to_owned());
            }
        };
        let loaded = Loaded {
            plugins: Held::new(&py, descriptions),
            offered,
            file,
        };
        Ok(Self {
            plugins,
            loaded: Arc::new(loaded),
        })
    }

    fn read(
        py: &Entered,
        file: &File,
        source: &Source,
        descriptions: &[Object],
    ) -> Answer<Result<Read, String>> {
        if descriptions.is_empty() {
            return Ok(Err(
                "there is no plugin in it; write one as a class with @polyplug.plugin(implements=\"..\") before it"
                    .to_owned(),
            ));
        }
        let (mut plugins, mut loaded, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for description in descriptions {
            let mut plugin = described(py, description)?;
            let lists = ["implements", "requires", "wants"].map(|list| {
                let written = texts(py, description, list)?;
                Ok(contracts(source, &plugin.name, &written, list))
            });
            let [implements, requires, wants] = lists;
            let (implements, requires, wants) = match (implements?, requires?, wants?) {
                (Ok(implements), Ok(requires), Ok(wants)) => (implements, requires, wants),
                (Err(reason), ..) | (_, Err(reason), _) | (.., Err(reason)) => {
                    return Ok(Err(reason));
                }
            };
            let mut offered = Vec::new();
            for contract in implements {
                let found = answering(py, &plugin.name, description, contract.view())?;
                let (methods, left_out) = match found {
                    Ok(found) => found,
                    Err(reason) => return Ok(Err(reason)),
                };
                plugin.offers.push(Implements {
                    contract: contract.clone(),
                    left_out,
                });
                named.push(contract.clone());
                offered.push(Offered { contract, methods });
            }
            named.extend(requires.iter().chain(&wants).cloned());
            (plugin.requires, plugin.wants) = (requires, wants);
            if plugins.is_empty() {
                file.set_name(&plugin.name);
            }
            plugins.push(plugin);
            loaded.push(offered);
        }
        file.settle(named);
        Ok(Ok((plugins, loaded)))
    }
}

/// A value of a description.
fn part(py: &Entered, description: &Object, key: &str) -> Answer {
    let found = py.item(description, &py.text(key)?);
    Ok(found.unwrap_or_else(|| unreachable!("`plugin_of` of face.py sets `{key}`")))
}

fn texts(py: &Entered, description: &Object, key: &str) -> Answer<Vec<String>> {
    let items = py.items(&part(py, description, key)?)?;
    Ok(items.iter().map(|item| py.shown(item)).collect())
}

/// What a plugin says of itself, but for contracts.
fn described(py: &Entered, description: &Object) -> Answer<Plugin> {
    let text = |key: &str| -> Answer<String> { Ok(py.shown(&part(py, description, key)?)) };
    Ok(Plugin {
        name: text("name")?,
        version: text("version")?,
        description: text("description")?,
        authors: text("authors")?,
        license: text("license")?,
        repository: text("repository")?,
        offers: Vec::new(),
        requires: Vec::new(),
        wants: Vec::new(),
        keeps_state: part(py, description, "keeps_state")?.is(api().yes),
    })
}

/// The contracts in one of a plugin's lists: `demo.greeter`, or `demo.greeter 1.0` where the version matters. What is only
/// wanted need not be known.
fn contracts(
    source: &Source,
    plugin: &str,
    written: &[String],
    list: &str,
) -> Result<Vec<Contract>, String> {
    let mut contracts = Vec::new();
    for text in written {
        let (id, version) = text.split_once(' ').unwrap_or((text, ""));
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<u32>().ok());
        let mut parts = version.split('.');
        let (major, minor) = (number(parts.next()), number(parts.next()));
        match source.contract(id, major) {
            Some(found) if found.view().version().1 >= minor.unwrap_or(0) => contracts.push(found),
            _ if list == "wants" => {}
            _ => {
                let known = source.contracts();
                let known = known.iter().map(|known| format!("`{:?}`", known.view()));
                let mut known: Vec<String> = known.collect();
                known.sort();
                return Err(format!(
                    "plugin `{plugin}`: contract `{text}` in `{list}` is not known; known are {}. Load a module that describes it before this file",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                ));
            }
        }
    }
    Ok(contracts)
}

type Methods = (Vec<Option<Answering>>, Vec<String>);

/// What answers the methods of a contract, and the names of those that are left out.
fn answering(
    py: &Entered,
    plugin: &str,
    description: &Object,
    contract: ContractView<'_>,
) -> Answer<Result<Methods, String>> {
    let (mut methods, mut left_out) = (Vec::new(), Vec::new());
    for method in contract.methods() {
        let parameters: Vec<_> = method
            .arguments()
            .enumerate()
            .map(|(position, argument)| match argument.name() {
                "" => format!("argument{}", position + 1),
                name => name.to_owned(),
            })
            .collect();
        let names: Answer<Vec<_>> = parameters.iter().map(|name| py.text(name)).collect();
        let arguments = [
            description.clone(),
            py.text(contract.id())?,
            py.text(method.name())?,
            py.tuple(names?.into_iter())?,
        ];
        let name = py.call(&face(py)?.answering, &arguments)?;
        if !name.is_none() {
            methods.push(Some(Answering {
                name: py.shown(&name),
                plan: Plan::of(method),
            }));
        } else if method.has_default() {
            left_out.push(method.name().to_owned());
            methods.push(None);
        } else {
            let written = crate::values::identifier(method.name());
            let parameters = parameters.iter().map(String::as_str);
            let parameters: Vec<_> = core::iter::once("self").chain(parameters).collect();
            return Ok(Err(format!(
                "plugin `{plugin}` implements contract `{}`, and has no method `{}`, which has no default body; write `def {written}({}):`",
                contract.id(),
                method.name(),
                parameters.join(", ")
            )));
        }
    }
    Ok(Ok((methods, left_out)))
}

impl Guest for PythonGuest {
    fn plugins(&self) -> Vec<Plugin> {
        self.plugins.clone()
    }

    fn construct(
        &self,
        plugin: usize,
        context: &Context,
        saved: Option<&[u8]>,
    ) -> Result<Box<dyn Implementation>, Box<dyn Error + Send + Sync>> {
        let py = enter()?;
        let file = self.loaded.file.value(&py);
        let made = self.make(&py, file, plugin, context, saved);
        let state = made.map_err(|raised| file.fault(&py, raised))?;
        Ok(Box::new(PythonPlugin {
            state: Held::new(&py, state),
            plugin,
            loaded: Arc::clone(&self.loaded),
        }))
    }
}

impl PythonGuest {
    fn make(
        &self,
        py: &Entered,
        file: &File,
        plugin: usize,
        context: &Context,
        saved: Option<&[u8]>,
    ) -> Answer<State> {
        let arguments = [
            self.loaded.plugins.value(py)[plugin].clone(),
            py.capsule(file.context(context))?,
            py.text(context.plugin())?,
            match context.previous_version() {
                Some(version) => py.text(version)?,
                None => py.none(),
            },
            match saved {
                Some(saved) => py.bytes(saved)?,
                None => py.none(),
            },
        ];
        let object = py.call(&face(py)?.construct, &arguments)?;
        let mut methods = Vec::new();
        for offered in &self.loaded.offered[plugin] {
            let bound = offered.methods.iter().map(|method| {
                let Some(method) = method else {
                    return Ok(None);
                };
                let found = py.find(&object, &py.text(&method.name)?)?;
                found.map(|method| py.bound(method)).transpose()
            });
            methods.push(bound.collect::<Answer<Vec<_>>>()?);
        }
        Ok(State { object, methods })
    }
}

/// The state of a plugin.
struct State {
    object: Object,
    /// Its bound methods, by contract and number.
    methods: Vec<Vec<Option<Bound>>>,
}

/// A plugin that was constructed.
struct PythonPlugin {
    state: Held<State>,
    plugin: usize,
    /// Let go of at last.
    loaded: Arc<Loaded>,
}

impl Implementation for PythonPlugin {
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault> {
        let offered = &self.loaded.offered[self.plugin];
        let contract = call.contract();
        let same = |offered: &Offered| {
            let known = offered.contract.view();
            known.address() == contract.address()
                || (known.id() == contract.id() && known.version().0 == contract.version().0)
        };
        let number = call.index() as usize;
        let place = offered.iter().position(same);
        let answering = place.and_then(|place| offered[place].methods.get(number)?.as_ref());
        let py = enter()?;
        let file = self.loaded.file.value(&py);
        let bound =
            place.and_then(|place| self.state.value(&py).methods[place].get(number)?.as_ref());
        let (Some(answering), Some(bound)) = (answering, bound) else {
            return Err(Fault::new(format!(
                "plugin `{}` has no method number {number} of contract `{}`",
                self.loaded.file.value(&py).name(),
                contract.id()
            )));
        };
        if let Some(plan) = &answering.plan {
            return match hot::call(&py, plan, bound, call) {
                Outcome::Answered => Ok(()),
                Outcome::Returned(value) => call.answer(&mut Values { py: &py, file }, &value, &[]),
                Outcome::Failed(raised) => Err(file.fault(&py, raised)),
            };
        }
        answer(&py, file, &bound.function, bound.receiver.as_ref(), call)
    }

    fn save(&self) -> Result<Vec<u8>, Fault> {
        let py = enter()?;
        let file = self.loaded.file.value(&py);
        let description = self.loaded.plugins.value(&py)[self.plugin].clone();
        let state = self.state.value(&py).object.clone();
        let saved = face(&py).and_then(|face| {
            let saved = py.call(&face.saved_of, &[description, state])?;
            py.to_bytes(&saved)
        });
        saved.map_err(|raised| file.fault(&py, raised))
    }
}

/// Answers a call with something that can be called, given the receiver if there is one.
pub(crate) fn answer(
    py: &Entered,
    file: &File,
    function: &Object,
    receiver: Option<&Object>,
    call: &mut Call<'_>,
) -> Result<(), Fault> {
    let mut values = Values { py, file };
    let mut arguments = call.arguments(&mut values)?;
    let method = call.method();
    let mut changed = Vec::new();
    for (argument, value) in method.arguments().zip(&mut arguments) {
        if is_changing(argument.passing()) {
            let is_text =
                argument.passing() == Passing::SINK && argument.ty().kind() == TypeKind::STRING;
            let made = changeable(py, value, is_text);
            *value = made.map_err(|raised| file.fault(py, raised))?;
            changed.push(value.clone());
        }
    }
    let returned = py.call_with(function, receiver, &arguments);
    // Nothing that was lent is kept by us beyond the call.
    drop(arguments);
    let returned = match returned {
        Ok(returned) => returned,
        // A reason that is raised is the result's.
        Err(Raised(error))
            if method.result().kind() == TypeKind::RESULT
                && face(py).is_ok_and(|face| error.is_a(face.err.as_ptr())) =>
        {
            error
        }
        Err(raised) => return Err(file.fault(py, raised)),
    };
    call.answer(&mut values, &returned, &changed)
}

/// An argument that the function may change.
fn changeable(py: &Entered, value: &Object, is_text: bool) -> Answer {
    if is_text {
        return py.call(&face(py)?.text, core::slice::from_ref(value));
    }
    if value.is_a(api().bytes_type) {
        return py.byte_array(&py.to_bytes(value)?);
    }
    Ok(value.clone())
}
