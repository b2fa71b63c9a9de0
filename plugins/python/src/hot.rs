//! The short way into the interpreter: calls with plain arguments, laid out on the stack, without a list on the way. Everything
//! else goes the long way.
//!
//! What is always true:
//!
//! * **H1** A [`Plan`] is used for frames of the method that it was made of.

use core::ffi::c_int;
use core::ptr;

use polyplug::guest::{Call, Method};
use polyplug::{Data as _, Passing, TypeKind};
use polyplug_abi::{Buffer, Slice};

use crate::api::{Api, PyObject, ROOM_BEFORE, api, staying};
use crate::interpreter::Entered;
use crate::python::{Bound, Object, Raised};

/// How many arguments the short way takes.
const MOST: usize = 8;

/// What the short way came to.
pub(crate) enum Outcome {
    /// The result was given.
    Answered,
    /// What was returned, which is not what was expected.
    Returned(Object),
    /// What was raised.
    Failed(Raised),
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
    Small(i64, i64),
    Signed64,
    Unsigned64,
    Float32,
    Float,
    Text,
}

/// How a method is called the short way.
pub(crate) struct Plan {
    arguments: Box<[(In, usize)]>,
    result: Out,
}

impl Plan {
    /// A plan, if the method is plain enough.
    pub(crate) fn of(method: Method<'_>) -> Option<Self> {
        if method.borrows() || method.arguments().len() > MOST {
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
                    TypeKind::I64 | TypeKind::ISIZE => In::Signed64,
                    TypeKind::U64 | TypeKind::USIZE => In::Unsigned64,
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
            TypeKind::U8 => Out::Small(0, u8::MAX.into()),
            TypeKind::U16 => Out::Small(0, u16::MAX.into()),
            TypeKind::U32 => Out::Small(0, u32::MAX.into()),
            TypeKind::I64 | TypeKind::ISIZE => Out::Signed64,
            TypeKind::U64 | TypeKind::USIZE => Out::Unsigned64,
            TypeKind::F32 => Out::Float32,
            TypeKind::F64 => Out::Float,
            TypeKind::STRING => Out::Text,
            _ => return None,
        };
        Some(Self {
            arguments: arguments.into(),
            result,
        })
    }
}

/// Calls a method.
pub(crate) fn call(py: &Entered, plan: &Plan, bound: &Bound, call: &mut Call<'_>) -> Outcome {
    let api = api();
    let frame = call.frame().cast::<u8>();
    // A place before the arguments, which Python may use, the receiver if there is one, the arguments.
    let mut given = [ptr::null_mut::<PyObject>(); MOST + 2];
    let mut count = 1;
    if let Some(receiver) = &bound.receiver {
        given[1] = receiver.as_ptr();
        count = 2;
    }
    let first = count;
    let mut whole = true;
    // SAFETY: entered; the frame is that of the method for which the plan was made (H1), and so is the place for the result.
    unsafe {
        for &(kind, offset) in &*plan.arguments {
            let made = argument(api, kind, frame.add(offset));
            given[count] = made;
            count += 1;
            whole &= !made.is_null();
        }
        let returned = if whole {
            let arguments = given.as_mut_ptr().add(1);
            let flags = (count - 1) | ROOM_BEFORE;
            let function = bound.function.as_ptr();
            staying(|| (bound.way)(function, arguments, flags, ptr::null_mut()))
        } else {
            ptr::null_mut()
        };
        for &argument in &given[first..count] {
            drop(Object::of(argument));
        }
        let Some(returned) = Object::of(returned) else {
            return Outcome::Failed(py.raised());
        };
        if !write(api, plan.result, &returned, call) {
            return Outcome::Returned(returned);
        }
        call.answered();
    }
    Outcome::Answered
}

/// An argument as a new object; null when an exception was raised.
///
/// # Safety
/// 1. Entered, and `place` is that of such an argument.
unsafe fn argument(api: &Api, kind: In, place: *const u8) -> *mut PyObject {
    // SAFETY: clause 1.
    unsafe {
        match kind {
            In::Boolean => {
                let value = if place.cast::<u32>().read() == 0 {
                    api.no
                } else {
                    api.yes
                };
                api.Py_IncRef(value);
                value
            }
            In::Signed => api.PyLong_FromLong(place.cast::<i32>().read().into()),
            In::Unsigned => api.PyLong_FromLongLong(place.cast::<u32>().read().into()),
            In::Signed64 => api.PyLong_FromLongLong(place.cast::<i64>().read()),
            In::Unsigned64 => api.PyLong_FromUnsignedLongLong(place.cast::<u64>().read()),
            In::Float32 => api.PyFloat_FromDouble(place.cast::<f32>().read().into()),
            In::Float => api.PyFloat_FromDouble(place.cast::<f64>().read()),
            In::Text => {
                let text = place.cast::<Slice>().read();
                let bytes = text.bytes();
                let len = bytes.len().cast_signed();
                api.PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), len)
            }
        }
    }
}

/// Writes what was returned as the result, if it is one.
///
/// # Safety
/// 1. Entered, and the method of the call has such a result.
unsafe fn write(api: &Api, result: Out, returned: &Object, call: &Call<'_>) -> bool {
    let place = call.place();
    let ty = returned.ty();
    // SAFETY: clause 1; none of these raises, for each gets an object of its very type.
    unsafe {
        match result {
            Out::Unit => {}
            Out::Boolean if ty == api.bool_type => {
                place.cast::<u32>().write(returned.is(api.yes).into());
            }
            Out::Small(..) | Out::Signed64 | Out::Unsigned64 if ty == api.int_type => {
                let mut overflow: c_int = 0;
                let value = api.PyLong_AsLongLongAndOverflow(returned.as_ptr(), &raw mut overflow);
                match result {
                    // The long way knows what is beyond 63 bits.
                    Out::Unsigned64 if value < 0 => return false,
                    _ if overflow != 0 => return false,
                    Out::Small(least, most) => {
                        if value < least || value > most {
                            return false;
                        }
                        place.cast::<u32>().write(value as u32);
                    }
                    _ => place.cast::<i64>().write(value),
                }
            }
            Out::Float32 if ty == api.float_type => {
                let value = api.PyFloat_AsDouble(returned.as_ptr());
                place.cast::<f32>().write(value as f32);
            }
            Out::Float if ty == api.float_type => {
                let value = api.PyFloat_AsDouble(returned.as_ptr());
                place.cast::<f64>().write(value);
            }
            Out::Text if ty == api.text_type => {
                let mut len = 0;
                let text = api.PyUnicode_AsUTF8AndSize(returned.as_ptr(), &raw mut len);
                if text.is_null() {
                    api.PyErr_Clear();
                    return false;
                }
                let bytes = core::slice::from_raw_parts(text.cast::<u8>(), len.cast_unsigned());
                // SAFETY: UTF-8 is what was asked for.
                let text = core::str::from_utf8_unchecked(bytes);
                place.cast::<Buffer>().write(text.to_owned().give());
            }
            _ => return false,
        }
    }
    true
}
