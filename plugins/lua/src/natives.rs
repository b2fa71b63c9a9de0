//! The native functions behind `polyplug`: the log, host contracts and peers, the configuration, and calls of what is on
//! the other side. Each answers whether it succeeded, then the values or the fault, which `face.lua` raises.

use mlua::{
    AnyUserData, Function, Lua, LuaOptions, LuaString, MetaMethod, MultiValue, StdLib, Table,
    UserData, UserDataFields, UserDataMethods, UserDataRef, Value,
};
use polyplug::guest::{Contract, Language as _, Remote};
use polyplug::{Context, Fault, TypeKind};

use crate::values::Values;
use crate::vm::{Inner, Vm};

/// A fault, in Lua.
pub(crate) struct FaultValue(pub(crate) Fault);

impl UserData for FaultValue {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("message", |_, this| Ok(this.0.message().to_owned()));
        fields.add_field_method_get("kind", |_, this| Ok(this.0.code()));
        fields.add_field_method_get("plugin", |_, this| Ok(this.0.plugin().to_owned()));
        fields.add_field_method_get("contract", |_, this| Ok(this.0.contract().to_owned()));
        fields.add_field_method_get("method", |_, this| Ok(this.0.method().to_owned()));
        fields.add_field_method_get("trace", |_, this| Ok(this.0.trace().map(ToOwned::to_owned)));
        fields.add_field_method_get("file", |_, this| {
            Ok(this.0.location().map(|place| place.file().to_owned()))
        });
        fields.add_field_method_get("line", |_, this| {
            Ok(this.0.location().map(|place| place.line()))
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| Ok(this.0.to_string()));
    }
}

/// Something on the other side, in Lua: its methods by name; a closure is called.
pub(crate) struct RemoteValue(pub(crate) Remote);

fn method(lua: &Lua, name: &LuaString) -> mlua::Result<Function> {
    lua.named_registry_value::<Function>("polyplug.method")?
        .call(name)
}

impl UserData for RemoteValue {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field_with(MetaMethod::Call, |lua| {
            method(lua, &lua.create_string("call")?)
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, |lua, _, name: LuaString| {
            method(lua, &name)
        });
        methods.add_meta_method(MetaMethod::ToString, |_, this, ()| {
            Ok(format!("{:?}", this.0))
        });
    }
}

struct ContextValue(Context);

impl UserData for ContextValue {}

/// The context of a plugin as its constructor gets it.
pub(crate) fn context(inner: &Inner, context: &Context) -> mlua::Result<Value> {
    let handle = inner.lua.create_userdata(ContextValue(context.clone()))?;
    inner.face.context.call((
        handle,
        context.plugin(),
        context.previous_version().map(ToOwned::to_owned),
    ))
}

/// A machine with these libraries, all of them: a plugin is trusted as any native one.
#[expect(unsafe_code, reason = "a machine with `ffi` and `debug` in it")]
pub(crate) fn machine(options: LuaOptions, libraries: StdLib) -> mlua::Result<Lua> {
    // SAFETY: what a plugin does with `ffi` and `debug` is as its author's responsibility as what one in C does.
    let lua = unsafe { Lua::unsafe_new_with(libraries, options) };
    Ok(lua)
}

/// An answer of a native function.
fn answer(
    lua: &Lua,
    inner: &Inner,
    outcome: Result<Vec<Value>, Fault>,
) -> mlua::Result<MultiValue> {
    let _ = inner;
    let mut values = MultiValue::new();
    match outcome {
        Ok(answer) => {
            values.push_back(Value::Boolean(true));
            values.extend(answer);
        }
        Err(fault) => {
            values.push_back(Value::Boolean(false));
            values.push_back(Value::UserData(lua.create_userdata(FaultValue(fault))?));
        }
    }
    Ok(values)
}

/// A contract that the plugins of this file name.
fn contract(inner: &Inner, id: &str) -> Result<Contract, Fault> {
    let wanted = id.split(' ').next().unwrap_or(id);
    let contracts = inner.contracts.borrow();
    let found = contracts.iter().find(|known| known.view().id() == wanted);
    found.cloned().ok_or_else(|| {
        Fault::new(format!(
            "contract `{wanted}` is not in `requires` or `wants` of the plugin; name it there to use it"
        ))
    })
}

fn remote(inner: &Inner, remote: Remote) -> Result<Value, Fault> {
    Values(inner).object(remote)
}

/// Text that a native function was given.
fn text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.to_string_lossy()),
        other => Err(Fault::new(format!(
            "expected the id of a contract, got {}",
            other.type_name()
        ))),
    }
}

type Looking = fn(&Inner, &Context, &Value) -> Result<Value, Fault>;

fn looking(lua: &Lua, look: Looking) -> mlua::Result<Function> {
    lua.create_function(
        move |lua, (context, wanted): (UserDataRef<ContextValue>, Value)| {
            let vm = Vm::of(lua)?;
            let inner = vm.enter().map_err(mlua::Error::external)?;
            let context = context.0.clone();
            let outcome = look(&inner, &context, &wanted).map(|value| vec![value]);
            answer(lua, &inner, outcome)
        },
    )
}

/// The table that `face.lua` takes.
pub(crate) fn table(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("none", Value::NULL)?;
    table.set(
        "log",
        lua.create_function(|lua, (level, text): (String, LuaString)| {
            let vm = Vm::of(lua)?;
            let name = vm.enter().map_err(mlua::Error::external)?.name();
            say(&level, &name, &text.to_string_lossy());
            Ok(())
        })?,
    )?;
    table.set(
        "host",
        looking(lua, |inner, context, id| {
            let contract = contract(inner, &text(id)?)?;
            remote(inner, context.remote_host(&contract)?)
        })?,
    )?;
    table.set(
        "peer",
        looking(lua, |inner, context, id| {
            let contract = contract(inner, &text(id)?)?;
            remote(inner, context.remote_peer(&contract)?)
        })?,
    )?;
    table.set(
        "peers",
        looking(lua, |inner, context, id| {
            let contract = contract(inner, &text(id)?)?;
            let peers = context.remote_peers(&contract).into_iter();
            let peers: Result<Vec<_>, _> = peers.map(|peer| remote(inner, peer)).collect();
            Values(inner).list(peers?)
        })?,
    )?;
    table.set(
        "config",
        looking(lua, |inner, context, _| {
            let text = context.config_text()?;
            let read = serde_json::from_str(&text);
            let read = read.map_err(|error| Fault::new(format!("configuration: {error}")))?;
            Values(inner).json(read)
        })?,
    )?;
    table.set("invoke", lua.create_function(invoke)?)?;
    Ok(table)
}

fn invoke(lua: &Lua, mut given: MultiValue) -> mlua::Result<MultiValue> {
    let vm = Vm::of(lua)?;
    let inner = vm.enter().map_err(mlua::Error::external)?;
    let target = given.pop_front().unwrap_or_default();
    let name = given.pop_front().unwrap_or_default();
    let remote = match &target {
        Value::UserData(target) => remote_of(target),
        _ => None,
    };
    let (Some(remote), Value::String(name)) = (remote, name) else {
        let message = "a method was called with `.` where `:` is needed";
        return answer(lua, &inner, Err(Fault::new(message)));
    };
    let arguments: Vec<Value> = given.into_iter().collect();
    let outcome = call(&inner, &remote, &name.to_string_lossy(), &arguments);
    answer(lua, &inner, outcome)
}

/// Calls a method, and returns what Lua gets: the result unless the method has none, and what was changed behind it.
fn call(
    inner: &Inner,
    remote: &Remote,
    name: &str,
    arguments: &[Value],
) -> Result<Vec<Value>, Fault> {
    let has_result = remote.describe(|contract| {
        let method = contract.methods().find(|method| method.name() == name);
        method.is_none_or(|method| method.result().kind() != TypeKind::UNIT)
    })?;
    let (result, changed) = remote.call(&mut Values(inner), name, arguments)?;
    let mut returned = match (has_result, changed.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => Values(inner).spread(result),
        // `nil, reason` and `nil, changed` would look the same.
        (true, false) => vec![result],
    };
    returned.extend(changed);
    Ok(returned)
}

/// What is on the other side, if that is what a value is.
pub(crate) fn remote_of(value: &AnyUserData) -> Option<Remote> {
    let remote = value.borrow::<RemoteValue>().ok()?;
    Some(remote.0.clone())
}

fn say(level: &str, plugin: &str, text: &str) {
    match level {
        "error" => tracing::error!(target: "lua", plugin, "{text}"),
        "warn" => tracing::warn!(target: "lua", plugin, "{text}"),
        "debug" => tracing::debug!(target: "lua", plugin, "{text}"),
        "trace" => tracing::trace!(target: "lua", plugin, "{text}"),
        _ => tracing::info!(target: "lua", plugin, "{text}"),
    }
}
