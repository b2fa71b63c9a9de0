//! Arguments that are changed (`&mut`): what Lua returns for them when it answers, and what it gets when it calls. Both are
//! the same: the result unless it is `()`, then what was changed.

mod support;

use greeter_api::Greeter;
use polyplug::{Caller, Runtime};
use support::{load, runtime};

/// Changes texts and lists.
#[polyplug::contract(id = "test.changing", version = "1.0")]
pub trait Changing: Send + Sync {
    /// Changes both.
    fn change(&self, text: &mut String, list: &mut Vec<u32>);
    /// Changes it and counts.
    fn count(&self, text: &mut String) -> u32;
    /// Changes it, and refuses numbers that are not 0.
    fn perhaps(&self, text: &mut String, number: u32) -> Result<(), u32>;
    /// Changes nothing.
    fn nothing(&self);
}

/// What the host offers.
#[polyplug::host_contract(id = "test.office", version = "1.0")]
pub trait Office: Send + Sync {
    /// As of [`Changing`].
    fn change(&self, text: &mut String, list: &mut Vec<u32>);
    /// As of [`Changing`].
    fn count(&self, text: &mut String) -> u32;
    /// As of [`Changing`].
    fn perhaps(&self, text: &mut String, number: u32) -> Result<(), u32>;
    /// As of [`Changing`].
    fn nothing(&self);
    /// Tells what an object makes of a text and a list.
    fn look(&self, object: &dyn Changing) -> String;
}

struct Host;

impl Office for Host {
    fn change(&self, text: &mut String, list: &mut Vec<u32>) {
        text.push('!');
        list.push(7);
    }
    fn count(&self, text: &mut String) -> u32 {
        text.push('?');
        text.len() as u32
    }
    fn perhaps(&self, text: &mut String, number: u32) -> Result<(), u32> {
        text.push('.');
        if number == 0 { Ok(()) } else { Err(number) }
    }
    fn nothing(&self) {}
    fn look(&self, object: &dyn Changing) -> String {
        let (mut text, mut list) = ("text".to_owned(), vec![1]);
        object.change(&mut text, &mut list);
        let count = object.count(&mut text);
        let good = object.perhaps(&mut text, 0);
        let bad = object.perhaps(&mut text, 5);
        object.nothing();
        format!("{text} {list:?} {count} {good:?} {bad:?}")
    }
}

const PLUGIN: &str = r##"
local plugin = polyplug.plugin {
  name = "changing", version = "1.0.0", implements = { "demo.greeter" }, requires = { "test.office" },
  new = function(context) return { office = context:host("test.office") } end,
}
local own = {}
function own:change(text, list)
  list[#list + 1] = 7
  return text .. "!"
end
function own:count(text) return #text + 1, text .. "?" end
function own:perhaps(text, number)
  return number == 0 and polyplug.ok(nil) or polyplug.err(number), text .. "."
end
function own:nothing() end

function plugin:greet(what)
  local office = self.office
  if what == "own" then return office:look(own) end
  if what == "passed on" then
    return office:look {
      change = function(_, ...) return office:change(...) end,
      count = function(_, ...) return office:count(...) end,
      perhaps = function(_, ...) return office:perhaps(...) end,
      nothing = function(_, ...) return office:nothing(...) end,
    }
  end
  local text, list, beyond = office:change("text", { 1 })
  local count, counted = office:count("text")
  local good, kept = office:perhaps("text", 0)
  local bad = office:perhaps("text", 5)
  return ("%s %s %s, %s %s, %s %s %s, %d"):format(
    text, table.concat(list, " "), tostring(beyond), count, counted, tostring(good.err), kept, bad.err,
    select("#", office:nothing())
  )
end
return plugin
"##;

fn changing(runtime: &Runtime) -> Caller<dyn Greeter> {
    runtime.provide::<dyn Office>(Host).expect("provided");
    load(runtime, PLUGIN).expect("it loads");
    runtime
        .get_from::<dyn Greeter>("changing")
        .expect("a caller")
}

#[test]
fn what_a_call_changed_comes_alone_where_there_is_no_result() {
    let runtime = runtime();
    assert_eq!(
        changing(&runtime).greet("calls"),
        "text! 1 7 nil, 5 text?, nil text. 5, 0"
    );
}

#[test]
fn an_object_of_lua_answers_with_what_it_changed() {
    let runtime = runtime();
    assert_eq!(
        changing(&runtime).greet("own"),
        "text!?.. [1, 7] 6 Ok(()) Err(5)"
    );
}

#[test]
fn what_a_call_returned_can_be_returned_as_it_is() {
    let runtime = runtime();
    assert_eq!(
        changing(&runtime).greet("passed on"),
        "text!?.. [1, 7] 6 Ok(()) Err(5)"
    );
}
