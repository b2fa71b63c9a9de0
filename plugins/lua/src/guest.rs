//! A file that was opened: what plugins are in it, their states, and the answers to calls.

use std::error::Error;
use std::sync::Arc;

use mlua::{Function, Table, Value};
use polyplug::guest::{Call, Contract, ContractView, Guest, Implementation, Implements, Plugin};
use polyplug::{Context, Fault, Passing, Source, TypeKind};

use crate::hot::{self, Outcome, Plan, Slot};
use crate::natives;
use crate::short_name;
use crate::values::{Values, kind};
use crate::vm::{Entered, Held, Inner, Vm};

/// An opened file.
pub(crate) struct LuaGuest {
    plugins: Vec<Plugin>,
    loaded: Arc<Held<Vec<Loaded>>>,
    /// By the number of the plugin.
    short: Vec<Arc<[Short]>>,
}

/// A plugin of a file, in its machine.
struct Loaded {
    table: Table,
    offered: Vec<Offered>,
}

/// A contract that a plugin implements.
struct Offered {
    contract: Contract,
    /// By the number of the method; nothing for those that are left to their default bodies.
    methods: Vec<Option<Function>>,
}

/// How the methods of a contract that a plugin implements are called the short way. It holds no value of the machine, so that
/// a call finds it before it enters.
struct Short {
    contract: Contract,
    plans: Box<[Option<Plan>]>,
}

impl Short {
    #[inline]
    fn plan<'s>(all: &'s [Self], call: &Call<'_>) -> Option<&'s Plan> {
        let wanted = call.contract().address();
        let mut all = all.iter();
        let short = all.find(|short| short.contract.view().address() == wanted)?;
        short.plans.get(call.index() as usize)?.as_ref()
    }
}

impl LuaGuest {
    /// Runs the file, and looks at what it returned.
    pub(crate) fn open(source: &Source) -> Result<Self, String> {
        let vm = Vm::new(&source.path)
            .map_err(|error| format!("no machine could be made for it: {error}"))?;
        let inner = vm.enter().map_err(|fault| fault.message().to_owned())?;
        let opened = Self::read(&vm, &inner, source);
        drop(inner);
        opened
    }

    fn read(vm: &Arc<Vm>, inner: &Entered<'_>, source: &Source) -> Result<Self, String> {
        let raised = |fault: Fault| match fault.location() {
            Some(place) => format!(
                "{}:{}: {}",
                short_name(&source.path),
                place.line(),
                fault.message()
            ),
            None => fault.message().to_owned(),
        };
        let file = inner.compile(&source.bytes).map_err(raised)?;
        let mut returned = inner.call(&file, []).map_err(raised)?;
        let returned = returned.pop_front().unwrap_or_default();
        let mut found = inner
            .call(&inner.face.plugins, [returned])
            .map_err(raised)?;
        let Some(Value::Table(found)) = found.pop_front() else {
            unreachable!("`plugins` of face.lua returns a table")
        };
        let broken = |error: mlua::Error| error.to_string();
        let (mut plugins, mut loaded, mut all_short) = (Vec::new(), Vec::new(), Vec::new());
        for item in found.sequence_values::<Table>() {
            let item = item.map_err(broken)?;
            let (plugin, table) = describe(source, &item).map_err(broken)??;
            let (mut offered, mut offers, mut short) = (Vec::new(), Vec::new(), Vec::new());
            for contract in named(source, &plugin.name, &item, "implements").map_err(broken)?? {
                let (methods, left_out) =
                    answering(inner, &plugin.name, &table, contract.view()).map_err(broken)??;
                offers.push(Implements {
                    contract: contract.clone(),
                    left_out,
                });
                let plans = contract.view().methods().zip(&methods);
                short.push(Short {
                    plans: plans
                        .map(|(method, function)| Plan::of(inner, method, function.as_ref()?))
                        .collect(),
                    contract: contract.clone(),
                });
                offered.push(Offered { contract, methods });
            }
            let mut contracts = inner.contracts.borrow_mut();
            contracts.extend(plugin.requires.iter().cloned());
            contracts.extend(plugin.wants.iter().cloned());
            contracts.extend(offered.iter().map(|offered| offered.contract.clone()));
            if plugins.is_empty() {
                inner.set_name(&plugin.name);
            }
            plugins.push(Plugin { offers, ..plugin });
            loaded.push(Loaded { table, offered });
            all_short.push(short.into());
        }
        Ok(Self {
            plugins,
            loaded: Arc::new(Held::new(vm, loaded)),
            short: all_short,
        })
    }
}

type Read<T> = mlua::Result<Result<T, String>>;

/// What a plugin says of itself, but for what it implements.
fn describe(source: &Source, item: &Table) -> Read<(Plugin, Table)> {
    let description: Table = item.get("description")?;
    let text = |key: &str| -> mlua::Result<String> {
        Ok(description.get::<Option<String>>(key)?.unwrap_or_default())
    };
    let name = text("name")?;
    let (requires, wants) = match (
        named(source, &name, item, "requires")?,
        named(source, &name, item, "wants")?,
    ) {
        (Ok(requires), Ok(wants)) => (requires, wants),
        (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
    };
    Ok(Ok((
        Plugin {
            version: text("version")?,
            description: text("description")?,
            authors: item.get("authors")?,
            license: text("license")?,
            repository: text("repository")?,
            offers: Vec::new(),
            requires,
            wants,
            keeps_state: item.get("keeps_state")?,
            name,
        },
        item.get("plugin")?,
    )))
}

/// The contracts in one of a plugin's lists: `demo.greeter`, or `demo.greeter 1.0` where the version matters. What is only
/// wanted need not be known.
fn named(source: &Source, plugin: &str, item: &Table, list: &str) -> Read<Vec<Contract>> {
    let description: Table = item.get("description")?;
    let written: Vec<String> = description.get::<Option<_>>(list)?.unwrap_or_default();
    let mut contracts = Vec::new();
    for text in written {
        let (id, version) = text.split_once(' ').unwrap_or((&text, ""));
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<u32>().ok());
        let mut parts = version.split('.');
        let (major, minor) = (number(parts.next()), number(parts.next()));
        match source.contract(id, major) {
            Some(found) if found.view().version().1 >= minor.unwrap_or(0) => contracts.push(found),
            _ if list == "wants" => {}
            _ => {
                let known = source.contracts();
                let mut known: Vec<String> = known
                    .iter()
                    .map(|known| format!("`{:?}`", known.view()))
                    .collect();
                known.sort();
                return Ok(Err(format!(
                    "plugin `{plugin}`: contract `{text}` in `{list}` is not known; known are {}. Load a module that describes it before this file",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                )));
            }
        }
    }
    Ok(Ok(contracts))
}

/// The functions that answer the methods of a contract, and the names of those that are left out.
fn answering(
    inner: &Inner,
    plugin: &str,
    table: &Table,
    contract: ContractView<'_>,
) -> Read<(Vec<Option<Function>>, Vec<String>)> {
    let (mut methods, mut left_out) = (Vec::new(), Vec::new());
    for method in contract.methods() {
        let name = method.name();
        let found: Value = inner.face.find.call((table, contract.id(), name))?;
        match found {
            Value::Function(function) => methods.push(Some(function)),
            Value::Nil if method.has_default() => {
                left_out.push(name.to_owned());
                methods.push(None);
            }
            Value::Nil => {
                let arguments: Vec<_> = method
                    .arguments()
                    .enumerate()
                    .map(|(position, argument)| match argument.name() {
                        "" => format!("argument{}", position + 1),
                        name => name.to_owned(),
                    })
                    .collect();
                return Ok(Err(format!(
                    "plugin `{plugin}` implements contract `{}`, and has no method `{name}`, which has no default body; write `function plugin:{name}({})`",
                    contract.id(),
                    arguments.join(", ")
                )));
            }
            other => {
                return Ok(Err(format!(
                    "plugin `{plugin}`: `{name}`, a method of contract `{}`, is {}, and must be a function",
                    contract.id(),
                    kind(&other)
                )));
            }
        }
    }
    Ok(Ok((methods, left_out)))
}

impl Guest for LuaGuest {
    fn plugins(&self) -> Vec<Plugin> {
        self.plugins.clone()
    }

    fn construct(
        &self,
        plugin: usize,
        context: &Context,
        saved: Option<&[u8]>,
    ) -> Result<Box<dyn Implementation>, Box<dyn Error + Send + Sync>> {
        let vm = self.loaded.vm();
        let inner = vm.enter()?;
        let loaded = &self.loaded.value(&inner)[plugin];
        let saved = match saved {
            Some(saved) => Value::String(inner.lua.create_string(saved)?),
            None => Value::Nil,
        };
        let context = natives::context(&inner, context)?;
        let arguments = [Value::Table(loaded.table.clone()), context, saved];
        let mut made = inner.call(&inner.face.construct, arguments)?;
        let state = made.pop_front().unwrap_or_default();
        let slot = inner.stack.keep(&inner, state.clone());
        Ok(Box::new(LuaPlugin {
            short: match slot {
                Some(_) => Arc::clone(&self.short[plugin]),
                None => Arc::default(),
            },
            slot: slot.unwrap_or_default(),
            state: Held::new(vm, state),
            loaded: Arc::clone(&self.loaded),
            plugin,
        }))
    }
}

/// A plugin that was constructed.
struct LuaPlugin {
    loaded: Arc<Held<Vec<Loaded>>>,
    plugin: usize,
    state: Held<Value>,
    /// The same state, for the short way.
    slot: Slot,
    /// Nothing when there was no place for the state.
    short: Arc<[Short]>,
}

impl Drop for LuaPlugin {
    fn drop(&mut self) {
        if let Ok(inner) = self.state.vm().enter() {
            inner.stack.let_go(&inner, self.slot);
        }
    }
}

impl Implementation for LuaPlugin {
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault> {
        let plan = Short::plan(&self.short, call);
        let inner = self.state.vm().enter()?;
        if let Some(plan) = plan
            && inner.is_outermost()
        {
            let outcome = hot::call(&inner, plan, self.slot, call);
            if outcome == Outcome::Answered {
                return Ok(());
            }
            if outcome != Outcome::Long {
                return Self::end_short(&inner, outcome, call);
            }
        }
        self.call_long(&inner, call)
    }

    fn save(&self) -> Result<Vec<u8>, Fault> {
        let inner = self.state.vm().enter()?;
        let table = self.loaded.value(&inner)[self.plugin].table.clone();
        let arguments = [Value::Table(table), self.state.value(&inner).clone()];
        let mut saved = inner.call(&inner.face.save, arguments)?;
        match saved.pop_front() {
            Some(Value::String(saved)) => Ok(saved.as_bytes().to_vec()),
            _ => unreachable!("`save` of face.lua returns a string"),
        }
    }
}

impl LuaPlugin {
    /// What is left to do when the short way did not simply answer.
    #[cold]
    fn end_short(inner: &Entered<'_>, outcome: Outcome, call: &mut Call<'_>) -> Result<(), Fault> {
        let value = inner.stack.pop(inner);
        if outcome == Outcome::Failed {
            return Err(inner.fault_of(value));
        }
        call.answer(&mut Values(inner), &value, &[])
    }

    #[inline(never)]
    fn call_long(&self, inner: &Inner, call: &mut Call<'_>) -> Result<(), Fault> {
        let offered = &self.loaded.value(inner)[self.plugin].offered;
        let contract = call.contract();
        let same = |offered: &&Offered| {
            let known = offered.contract.view();
            known.address() == contract.address()
                || (known.id() == contract.id() && known.version().0 == contract.version().0)
        };
        let function = offered.iter().find(same);
        let function =
            function.and_then(|offered| offered.methods.get(call.index() as usize)?.as_ref());
        let Some(function) = function else {
            return Err(Fault::new(format!(
                "plugin `{}` has no method number {} of contract `{}`",
                inner.name(),
                call.index(),
                contract.id()
            )));
        };
        let state = self.state.value(inner).clone();
        answer(inner, function, Some(state), call)
    }
}

/// Answers a call with a function, given the receiver if there is one.
pub(crate) fn answer(
    inner: &Inner,
    function: &Function,
    receiver: Option<Value>,
    call: &mut Call<'_>,
) -> Result<(), Fault> {
    let mut values = Values(inner);
    let arguments = call.arguments(&mut values)?;
    let given = receiver.into_iter().chain(arguments.iter().cloned());
    let mut returned = inner.call(function, given)?.into_iter();
    let method = call.method();
    let is_changed = |passing: Passing| passing == Passing::SINK || passing == Passing::SLICE_MUT;
    let changed: Vec<&Value> = method
        .arguments()
        .zip(&arguments)
        .filter(|(argument, _)| is_changed(argument.passing()))
        .map(|(_, value)| value)
        .collect();
    let result = match method.result().kind() {
        TypeKind::UNIT => Value::Nil,
        TypeKind::RESULT if changed.is_empty() => {
            let value = returned.next().unwrap_or_default();
            values.gather(value, returned.next().unwrap_or_default())?
        }
        _ => returned.next().unwrap_or_default(),
    };
    // What is not returned is taken as it stands: tables are changed in place.
    let changed: Vec<Value> = changed
        .into_iter()
        .map(|value| match returned.next() {
            None | Some(Value::Nil) => value.clone(),
            Some(new) => new,
        })
        .collect();
    call.answer(&mut values, &result, &changed)
}
