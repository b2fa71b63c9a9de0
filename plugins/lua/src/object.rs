//! Objects and closures that Lua hands over.

use mlua::Value;
use polyplug::Fault;
use polyplug::guest::{Call, Implementation};

use crate::guest::answer;
use crate::vm::Held;

/// A function as a closure, or a table as an object.
pub(crate) struct LuaObject(pub(crate) Held<Value>);

impl Implementation for LuaObject {
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault> {
        let inner = self.0.vm().enter()?;
        match self.0.value(&inner) {
            Value::Function(function) => answer(&inner, function, None, call),
            Value::Table(table) => {
                let name = call.method().name();
                let found = table.get::<Value>(name);
                match found.map_err(|error| inner.failed(&error))? {
                    Value::Function(function) => {
                        answer(&inner, &function, Some(Value::Table(table.clone())), call)
                    }
                    _ if call.method().has_default() => call.leave_out(),
                    _ => Err(Fault::thrown(
                        &inner.name(),
                        &format!(
                            "the object has no method `{name}` of contract `{}`",
                            call.contract().id()
                        ),
                        None,
                        "",
                    )),
                }
            }
            _ => unreachable!("made from these two only"),
        }
    }
}
