//! Objects and closures that Python hands over.

use std::sync::Arc;

use polyplug::Fault;
use polyplug::guest::{Call, Implementation};

use crate::file::File;
use crate::guest::answer;
use crate::interpreter::enter;
use crate::python::{Held, Object};
use crate::values::identifier;

/// Something that can be called as a closure, or anything with methods as an object.
pub(crate) struct PythonObject {
    /// Let go of before the file.
    pub(crate) object: Held<Object>,
    pub(crate) file: Arc<Held<File>>,
}

impl Implementation for PythonObject {
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault> {
        let py = enter()?;
        let (object, file) = (self.object.value(&py), self.file.value(&py));
        if call.contract().id().is_empty() {
            return answer(&py, file, object, None, call);
        }
        let name = identifier(call.method().name());
        let found = py.text(&name).and_then(|name| py.find(object, &name));
        match found.map_err(|raised| file.fault(&py, raised))? {
            Some(function) => answer(&py, file, &function, None, call),
            None if call.method().has_default() => call.leave_out(),
            None => Err(file.thrown(&format!(
                "the object has no method `{name}` of contract `{}`",
                call.contract().id()
            ))),
        }
    }
}
