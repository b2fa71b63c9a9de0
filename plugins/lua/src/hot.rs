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
use core::ffi::{c_int, c_void};

use mlua::ffi;
use mlua::{Function, Lua, Value};
use polyplug::guest::{Call, Method};
use polyplug::{Data as _, Passing, TypeKind};
use polyplug_abi::{Buffer, Slice};

use crate::vm::{Entered, Inner};

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

/// Where a value is kept on the stack; 0 is nowhere.
#[derive(Clone, Copy, Default)]
pub(crate) struct Slot(c_int);

/// Where the function that looks at errors is.
const ON_ERROR: c_int = 1;

/// How many values one call pushes at most, and what Lua wants beyond.
const ROOM: c_int = 40;

/// What the short way came to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Outcome {
    /// The result was given.
    Answered,
    /// What was returned is not what was expected. It is on the stack.
    Returned,
    /// What `on_error` made of an error is on the stack.
    Failed,
    /// An argument is not for the short way; nothing was called.
    Long,
}

#[derive(Clone, Copy)]
enum In {
    /// Of 32 bits or less; with the sign bit if there is one.
    Small(u32),
    Boolean,
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
    function: Slot,
    result: Out,
    /// What they are, and where in the frame.
    arguments: Box<[(In, u32)]>,
}

/// Integers to this one are exact as a Lua number.
const EXACT: f64 = (1_u64 << 53) as f64;

impl Plan {
    /// A plan, if the method is plain enough.
    pub(crate) fn of(inner: &Entered<'_>, method: Method<'_>, function: &Function) -> Option<Self> {
        if method.borrows() || method.arguments().len() > 8 {
            return None;
        }
        let mut arguments = Vec::new();
        for argument in method.arguments() {
            let kind = match argument.passing() {
                Passing::TEXT => In::Text,
                Passing::VALUE => match argument.ty().kind() {
                    TypeKind::BOOL => In::Boolean,
                    TypeKind::I8 | TypeKind::I16 | TypeKind::I32 => In::Small(1 << 31),
                    TypeKind::U8 | TypeKind::U16 | TypeKind::U32 => In::Small(0),
                    TypeKind::I64 => In::Signed64,
                    TypeKind::U64 => In::Unsigned64,
                    TypeKind::F32 => In::Float32,
                    TypeKind::F64 => In::Float,
                    _ => return None,
                },
                _ => return None,
            };
            arguments.push((kind, u32::try_from(argument.offset()).ok()?));
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
    pub(crate) fn keep(&self, inner: &Entered<'_>, value: Value) -> Option<Slot> {
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
    pub(crate) fn let_go(&self, inner: &Entered<'_>, slot: Slot) {
        if slot.0 != 0 && inner.is_outermost() {
            // SAFETY: L1, L3; there is room for one value.
            unsafe {
                ffi::lua_pushnil(self.state);
                ffi::lua_replace(self.state, slot.0);
            }
            self.free.borrow_mut().push(slot.0);
        }
    }

    /// Takes what a call left on the stack off it, for the long way.
    #[cold]
    pub(crate) fn pop(&self, inner: &Entered<'_>) -> Value {
        let (state, passing) = (self.state, c_int_of(self.passing));
        if !inner.is_outermost() {
            return Value::Nil;
        }
        // SAFETY: L1, L3: one value is moved to a place that is there already, so nothing is allocated.
        unsafe {
            if ffi::lua_gettop(state) == self.top.get() {
                return Value::Nil;
            }
            ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, passing);
            ffi::lua_settop(state, self.top.get());
        }
        // SAFETY: it pushes one value, which it returns.
        let value = unsafe {
            inner.lua.exec_raw::<Value>((), |state| {
                ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, passing);
            })
        };
        // SAFETY: L1, L3: as above, with a value that keeps the place.
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
#[inline]
pub(crate) fn call(inner: &Inner, plan: &Plan, receiver: Slot, call: &mut Call<'_>) -> Outcome {
    let state = inner.stack.state;
    let top = inner.stack.top.get();
    let frame = call.frame().cast::<u8>();
    // SAFETY: L1, L2; the frame is that of the method for which the plan was made, and so is the place for the result. There is
    // room above `top` for what one call pushes.
    unsafe {
        ffi::lua_pushvalue(state, plan.function.0);
        ffi::lua_pushvalue(state, receiver.0);
        for &(kind, offset) in &plan.arguments {
            let place = frame.add(offset as usize);
            if let In::Small(sign) = kind {
                let (value, sign) = (i64::from(place.cast::<u32>().read()), i64::from(sign));
                ffi::lua_pushnumber(state, ((value ^ sign) - sign) as f64);
            } else if !push(state, kind, place) {
                ffi::lua_settop(state, top);
                return Outcome::Long;
            }
        }
        let (given, expected) = (plan.arguments.len() as c_int + 1, 1);
        if ffi::lua_pcall(state, given, expected, ON_ERROR) != 0 {
            return Outcome::Failed;
        }
        let place = call.place();
        if !match plan.result {
            Out::Small(least, most) => write_small(state, least, most, place.cast()),
            result => write(state, result, place),
        } {
            return Outcome::Returned;
        }
        ffi::lua_settop(state, top);
        call.answered();
    }
    Outcome::Answered
}

/// Pushes an argument, unless it is not for the short way.
///
/// # Safety
/// 1. There is room on the stack, and such an argument at `place`.
#[inline(never)]
unsafe fn push(state: *mut ffi::lua_State, kind: In, place: *const u8) -> bool {
    // SAFETY: clause 1.
    unsafe {
        let number = match kind {
            In::Boolean => {
                ffi::lua_pushboolean(state, c_int::from(place.cast::<u32>().read() != 0));
                return true;
            }
            In::Text => {
                let text = place.cast::<Slice>().read();
                let bytes = text.bytes();
                ffi::lua_pushlstring_(state, bytes.as_ptr().cast(), bytes.len());
                return true;
            }
            In::Small(_) => f64::from(place.cast::<u32>().read()),
            In::Signed64 => {
                let value = place.cast::<i64>().read() as f64;
                if value.abs() >= EXACT {
                    return false;
                }
                value
            }
            In::Unsigned64 => {
                let value = place.cast::<u64>().read() as f64;
                if value >= EXACT {
                    return false;
                }
                value
            }
            In::Float32 => f64::from(place.cast::<f32>().read()),
            In::Float => place.cast::<f64>().read(),
        };
        ffi::lua_pushnumber(state, number);
    }
    true
}

/// As [`write`], of an integer of 32 bits or less.
///
/// # Safety
/// 1. As for [`write`].
#[inline]
unsafe fn write_small(state: *mut ffi::lua_State, least: f64, most: f64, place: *mut u32) -> bool {
    // SAFETY: clause 1.
    unsafe {
        if ffi::lua_type(state, -1) != ffi::LUA_TNUMBER {
            return false;
        }
        let value = ffi::lua_tonumber(state, -1);
        if !(value >= least && value <= most) {
            return false;
        }
        // In range, as was seen.
        let whole = value.to_int_unchecked::<i64>();
        place.write(whole as u32);
        whole as f64 == value
    }
}

/// Writes the value on top of the stack as the result, if it is one.
///
/// # Safety
/// 1. There is one, and `place` is one for such a result.
#[inline(never)]
unsafe fn write(state: *mut ffi::lua_State, result: Out, place: *mut c_void) -> bool {
    // SAFETY: clause 1; none of these raises, for none converts.
    unsafe {
        let kind = ffi::lua_type(state, -1);
        match (result, kind) {
            (Out::Unit, _) => {}
            (Out::Boolean, ffi::LUA_TBOOLEAN) => {
                let value = ffi::lua_toboolean(state, -1);
                place.cast::<u32>().write(u32::from(value != 0));
            }
            (Out::Small(least, most), _) => return write_small(state, least, most, place.cast()),
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
