//! The short way into a machine: calls with plain arguments through the C interface of Lua, without a value of `mlua` on the
//! way. Everything else, and every call from inside a call, goes the long way.
//!
//! What is always true:
//!
//! * **L1** The state of a [`Stack`] is the main one of its machine, alive while that is, and used only by who has entered the
//!   machine, outermost: nothing of the machine runs below, so the stack is as deep as a new one.
//! * **L2** No Lua error crosses a frame of Rust: what may raise runs inside `lua_pcall`. (Without memory Lua ends the process.)
//! * **L3** References are those of [`keep`], to values of the same machine, until [`let_go`].

use core::ffi::c_int;

use mlua::ffi;
use mlua::{Function, Lua, Value};
use polyplug::guest::{Call, Method};
use polyplug::{Data as _, Passing, TypeKind};
use polyplug_abi::{Buffer, Slice};

use crate::vm::Inner;

/// The main stack of a machine.
pub(crate) struct Stack {
    state: *mut ffi::lua_State,
    /// The function that looks at errors.
    on_error: c_int,
    /// A place for one value on its way.
    passing: c_int,
}

// SAFETY: L1.
unsafe impl Send for Stack {}

/// Keeps a value where the short way finds it.
pub(crate) fn keep(lua: &Lua, value: Value) -> mlua::Result<c_int> {
    let mut reference = ffi::LUA_NOREF;
    // SAFETY: it has one argument, which is taken; it is called protected.
    unsafe {
        lua.exec_raw::<()>(value, |state| {
            reference = ffi::luaL_ref(state, ffi::LUA_REGISTRYINDEX);
        })?;
    }
    Ok(reference)
}

/// Gives up what was kept.
pub(crate) fn let_go(lua: &Lua, reference: c_int) {
    // SAFETY: L3; it is called protected. Its only failure is want of memory, and keeps the value.
    let _ = unsafe {
        lua.exec_raw::<()>((), |state| {
            ffi::luaL_unref(state, ffi::LUA_REGISTRYINDEX, reference);
        })
    };
}

/// What the short way came to.
pub(crate) enum Outcome {
    /// The result was given.
    Answered,
    /// What was returned, which is not what was expected.
    Returned(Value),
    /// What `on_error` made of an error.
    Failed(Value),
    /// An argument is not for the short way; nothing was called.
    Long,
}

#[derive(Clone, Copy)]
enum In {
    Boolean,
    Signed,
    Unsigned,
    Signed64,
    Unsigned64,
    Float32,
    Float,
    Text,
}

#[derive(Clone, Copy)]
enum Out {
    Unit,
    Boolean,
    Small(f64, f64),
    Float32,
    Float,
    Text,
}

/// How a method is called the short way.
pub(crate) struct Plan {
    arguments: Box<[(In, usize)]>,
    result: Out,
    function: c_int,
}

/// Integers to this one are exact as a Lua number.
const EXACT: f64 = (1_u64 << 53) as f64;

impl Plan {
    /// A plan, if the method is plain enough.
    pub(crate) fn of(lua: &Lua, method: Method<'_>, function: &Function) -> Option<Self> {
        if method.borrows() || method.arguments().len() > 8 {
            return None;
        }
        let mut arguments = Vec::new();
        for argument in method.arguments() {
            let kind = match argument.passing() {
                Passing::TEXT => In::Text,
                Passing::VALUE => match argument.ty().kind() {
                    TypeKind::BOOL => In::Boolean,
                    TypeKind::I8 | TypeKind::I16 | TypeKind::I32 => In::Signed,
                    TypeKind::U8 | TypeKind::U16 | TypeKind::U32 => In::Unsigned,
                    TypeKind::I64 => In::Signed64,
                    TypeKind::U64 => In::Unsigned64,
                    TypeKind::F32 => In::Float32,
                    TypeKind::F64 => In::Float,
                    _ => return None,
                },
                _ => return None,
            };
            arguments.push((kind, argument.offset()));
        }
        let result = match method.result().kind() {
            TypeKind::UNIT => Out::Unit,
            TypeKind::BOOL => Out::Boolean,
            TypeKind::I8 => Out::Small(i8::MIN.into(), i8::MAX.into()),
            TypeKind::I16 => Out::Small(i16::MIN.into(), i16::MAX.into()),
            TypeKind::I32 => Out::Small(i32::MIN.into(), i32::MAX.into()),
            TypeKind::U8 => Out::Small(0.0, u8::MAX.into()),
            TypeKind::U16 => Out::Small(0.0, u16::MAX.into()),
            TypeKind::U32 => Out::Small(0.0, u32::MAX.into()),
            TypeKind::F32 => Out::Float32,
            TypeKind::F64 => Out::Float,
            TypeKind::STRING => Out::Text,
            _ => return None,
        };
        Some(Self {
            arguments: arguments.into(),
            result,
            function: keep(lua, Value::Function(function.clone())).ok()?,
        })
    }
}

impl Stack {
    /// Of a machine that nobody else has entered.
    pub(crate) fn new(lua: &Lua, on_error: Function) -> mlua::Result<Self> {
        let mut main = core::ptr::null_mut();
        // SAFETY: nothing is done on it.
        unsafe { lua.exec_raw::<()>((), |state| main = state)? };
        Ok(Self {
            state: main,
            on_error: keep(lua, Value::Function(on_error))?,
            passing: keep(lua, Value::Boolean(true))?,
        })
    }

    /// Takes the value on top of the stack off it, for the long way.
    ///
    /// # Safety
    /// 1. The machine is entered outermost (L1), and there is such a value.
    unsafe fn pop(&self, lua: &Lua) -> Value {
        let (state, passing) = (self.state, c_int_of(self.passing));
        // SAFETY: clause 1; a place that is there already, so nothing is allocated.
        unsafe { ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, passing) };
        // SAFETY: it pushes one value, which it returns.
        let value = unsafe {
            lua.exec_raw::<Value>((), |state| {
                ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, passing);
            })
        };
        // SAFETY: clause 1; as above, with a value that keeps the place.
        unsafe {
            ffi::lua_pushboolean(state, 1);
            ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, passing);
        }
        value.unwrap_or_default()
    }
}

/// `lua_rawgeti` takes the type of references, whatever that is.
fn c_int_of<T: From<c_int>>(reference: c_int) -> T {
    reference.into()
}

/// Calls a method of the value that `receiver` refers to (L3). The machine is entered outermost.
pub(crate) fn call(inner: &Inner, plan: &Plan, receiver: c_int, call: &mut Call<'_>) -> Outcome {
    let state = inner.stack.state;
    let frame = call.frame().cast::<u8>();
    // SAFETY: L1, L2; the frame is that of the method for which the plan was made, and so is the place for the result. There is
    // room for twenty values on a stack on which nothing runs.
    unsafe {
        let top = ffi::lua_gettop(state);
        let registry = ffi::LUA_REGISTRYINDEX;
        ffi::lua_rawgeti(state, registry, c_int_of(inner.stack.on_error));
        ffi::lua_rawgeti(state, registry, c_int_of(plan.function));
        ffi::lua_rawgeti(state, registry, c_int_of(receiver));
        for &(kind, offset) in &plan.arguments {
            let place = frame.add(offset);
            let number = match kind {
                In::Boolean => {
                    ffi::lua_pushboolean(state, c_int::from(place.cast::<u32>().read() != 0));
                    continue;
                }
                In::Text => {
                    let text = place.cast::<Slice>().read();
                    let bytes = text.bytes();
                    ffi::lua_pushlstring(state, bytes.as_ptr().cast(), bytes.len());
                    continue;
                }
                In::Signed => f64::from(place.cast::<i32>().read()),
                In::Unsigned => f64::from(place.cast::<u32>().read()),
                In::Signed64 => {
                    let value = place.cast::<i64>().read() as f64;
                    if value.abs() >= EXACT {
                        ffi::lua_settop(state, top);
                        return Outcome::Long;
                    }
                    value
                }
                In::Unsigned64 => {
                    let value = place.cast::<u64>().read() as f64;
                    if value >= EXACT {
                        ffi::lua_settop(state, top);
                        return Outcome::Long;
                    }
                    value
                }
                In::Float32 => f64::from(place.cast::<f32>().read()),
                In::Float => place.cast::<f64>().read(),
            };
            ffi::lua_pushnumber(state, number);
        }
        let (given, expected) = (plan.arguments.len() as c_int + 1, 1);
        if ffi::lua_pcall(state, given, expected, top + 1) != 0 {
            let failure = inner.stack.pop(&inner.lua);
            ffi::lua_settop(state, top);
            return Outcome::Failed(failure);
        }
        let answered = write(state, plan.result, call);
        if !answered {
            let returned = inner.stack.pop(&inner.lua);
            ffi::lua_settop(state, top);
            return Outcome::Returned(returned);
        }
        ffi::lua_settop(state, top);
        call.answered();
    }
    Outcome::Answered
}

/// Writes the value on top of the stack as the result, if it is one.
///
/// # Safety
/// 1. There is one, and the method of the call has such a result.
unsafe fn write(state: *mut ffi::lua_State, result: Out, call: &Call<'_>) -> bool {
    let place = call.place();
    // SAFETY: clause 1; none of these raises, for none converts.
    unsafe {
        let kind = ffi::lua_type(state, -1);
        match (result, kind) {
            (Out::Unit, _) => {}
            (Out::Boolean, ffi::LUA_TBOOLEAN) => {
                let value = ffi::lua_toboolean(state, -1);
                place.cast::<u32>().write(u32::from(value != 0));
            }
            (Out::Small(least, most), ffi::LUA_TNUMBER) => {
                let value = ffi::lua_tonumber(state, -1);
                if !(value >= least && value <= most) {
                    return false;
                }
                let whole = value as i64;
                if whole as f64 != value {
                    return false;
                }
                place.cast::<u32>().write(whole as u32);
            }
            (Out::Float32, ffi::LUA_TNUMBER) => {
                let value = ffi::lua_tonumber(state, -1);
                place.cast::<f32>().write(value as f32);
            }
            (Out::Float, ffi::LUA_TNUMBER) => {
                let value = ffi::lua_tonumber(state, -1);
                place.cast::<f64>().write(value);
            }
            (Out::Text, ffi::LUA_TSTRING) => {
                let mut len = 0;
                let text = ffi::lua_tolstring(state, -1, &raw mut len);
                let bytes = core::slice::from_raw_parts(text.cast::<u8>(), len);
                let Ok(text) = core::str::from_utf8(bytes) else {
                    return false;
                };
                place.cast::<Buffer>().write(text.to_owned().give());
            }
            _ => return false,
        }
    }
    true
}
