//! The short way into a machine: calls with plain arguments through the C interface of Lua, without a value of `mlua` on the
//! way. Everything else, and every call from inside a call, goes the long way.
//!
//! What is always true:
//!
//! * **L1** The state of a [`Stack`] is a thread of its machine that is kept while that lives, and is used only by who has
//!   entered the machine, outermost: nothing of the machine runs below.
//! * **L2** No Lua error crosses a frame of Rust: what may raise runs inside `lua_pcall`. (Without memory Lua ends the process.)
//! * **L3** What is kept lies at the bottom of the stack: the function that looks at errors at 1, values at their [`Slot`]s,
//!   and nothing above `top` between calls.

use core::cell::{Cell, RefCell};
use core::ffi::c_int;

use mlua::ffi;
use mlua::{Function, Lua, Value};
use polyplug::guest::{Call, Method};
use polyplug::{Data as _, Passing, TypeKind};
use polyplug_abi::{Buffer, Slice};

use crate::vm::Inner;

/// A stack of a machine on which calls are made.
pub(crate) struct Stack {
    state: *mut ffi::lua_State,
    /// The highest place that is kept.
    top: Cell<c_int>,
    /// Places below that which are free again.
    free: RefCell<Vec<c_int>>,
    /// A place in the registry for one value on its way.
    passing: c_int,
}

// SAFETY: L1.
unsafe impl Send for Stack {}

/// Where a value is kept on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Slot(c_int);

/// Where the function that looks at errors is.
const ON_ERROR: c_int = 1;

/// How many values one call pushes at most, and what Lua wants beyond.
const ROOM: c_int = 40;

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
    function: Slot,
}

/// Integers to this one are exact as a Lua number.
const EXACT: f64 = (1_u64 << 53) as f64;

impl Plan {
    /// A plan, if the method is plain enough.
    pub(crate) fn of(inner: &Inner, method: Method<'_>, function: &Function) -> Option<Self> {
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
            function: inner.stack.keep(inner, Value::Function(function.clone()))?,
        })
    }
}

impl Stack {
    /// Of a machine that nobody else has entered.
    pub(crate) fn new(lua: &Lua, on_error: Function) -> mlua::Result<Self> {
        let mut state = core::ptr::null_mut();
        let mut passing = ffi::LUA_NOREF;
        // SAFETY: called protected, with the function as its one argument; it leaves nothing. The thread is kept by the
        // registry for good.
        unsafe {
            lua.exec_raw::<()>(on_error, |main| {
                state = ffi::lua_newthread(main);
                ffi::luaL_ref(main, ffi::LUA_REGISTRYINDEX);
                ffi::lua_xmove(main, state, 1);
                ffi::luaL_checkstack(state, ROOM, core::ptr::null());
                ffi::lua_pushboolean(main, 1);
                passing = ffi::luaL_ref(main, ffi::LUA_REGISTRYINDEX);
            })?;
        }
        Ok(Self {
            state,
            top: Cell::new(ON_ERROR),
            free: RefCell::new(Vec::new()),
            passing,
        })
    }

    /// Keeps a value where the short way finds it; nothing while a call is on this stack, or when it is full.
    pub(crate) fn keep(&self, inner: &Inner, value: Value) -> Option<Slot> {
        if !inner.is_outermost() {
            return None;
        }
        let place = match self.free.borrow_mut().pop() {
            Some(place) => place,
            None if self.top.get() < 4_000 => self.top.get() + 1,
            None => return None,
        };
        let (state, top) = (self.state, self.top.get());
        // SAFETY: called protected, with the value as its one argument; L1, L3: the place is kept, or the one above.
        let kept = unsafe {
            inner.lua.exec_raw::<()>(value, |main| {
                ffi::luaL_checkstack(state, ROOM, core::ptr::null());
                ffi::lua_xmove(main, state, 1);
                if place <= top {
                    ffi::lua_replace(state, place);
                }
            })
        };
        kept.ok()?;
        self.top.set(top.max(place));
        Some(Slot(place))
    }

    /// Gives up what was kept.
    pub(crate) fn let_go(&self, inner: &Inner, slot: Slot) {
        if inner.is_outermost() {
            // SAFETY: L1, L3; there is room for one value.
            unsafe {
                ffi::lua_pushnil(self.state);
                ffi::lua_replace(self.state, slot.0);
            }
            self.free.borrow_mut().push(slot.0);
        }
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

/// Calls a method of the value in the slot `receiver`. The machine is entered outermost.
pub(crate) fn call(inner: &Inner, plan: &Plan, receiver: Slot, call: &mut Call<'_>) -> Outcome {
    let state = inner.stack.state;
    let frame = call.frame().cast::<u8>();
    // SAFETY: L1, L2; the frame is that of the method for which the plan was made, and so is the place for the result. There is
    // room above `top` for what one call pushes.
    unsafe {
        let top = inner.stack.top.get();
        ffi::lua_pushvalue(state, plan.function.0);
        ffi::lua_pushvalue(state, receiver.0);
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
        if ffi::lua_pcall(state, given, expected, ON_ERROR) != 0 {
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
