//! The arms: every way to make a call that is compared, for every shape.

use std::hint::black_box;

use bench_contract::{Body, Calls};
use polyplug::{Caller, Fault, Instance, Pinned, Runtime};

use crate::interleave::{Arm, COPIES};
use crate::kinds;
use crate::libraries::library;
use crate::life;
use crate::local::{Inlined, NeverInlined};
use crate::logs;
use crate::raw::{ByPointers, ByValue};
use crate::report::Target;
use crate::shapes::{self, Shape, run_copy};

/// The name of the arm that the others are compared with.
pub const RAW: &str = "raw";

/// The name of the arm that passes pointers. A struct by value in C goes through the stack and costs a multiple, so
/// there the others are compared with this one.
pub const RAW_POINTERS: &str = "raw, pointers in and out";

/// The name of the group that is measured in processes of its own, where callers protect themselves with a fence: what they
/// do on systems that have no barrier for all threads of a process.
pub const FENCED: &str = "u64 -> u64, by fences";

/// Everything that the arms call, loaded once.
#[derive(Debug)]
pub struct World {
    by_value: ByValue,
    by_pointers: ByPointers,
    caller: Caller<dyn Calls>,
    pinned: Pinned<dyn Calls>,
    instance: Instance<dyn Calls>,
    looked_up: LookedUp,
    kinds: kinds::World,
    life: life::World,
    logs: logs::World,
}

/// The arms of one shape.
#[derive(Debug)]
pub struct Group<'a> {
    /// What the table calls the shape.
    pub name: &'static str,
    /// The arm that the others are compared with.
    pub base: &'static str,
    /// The arms, in the table's order.
    pub arms: Vec<Arm<'a>>,
}

impl World {
    /// Loads both libraries.
    ///
    /// # Errors
    ///
    /// What the runtime says about the plugin.
    ///
    /// # Panics
    ///
    /// When a library is not where it should be, or the hand-written one does not open.
    pub fn open() -> polyplug::Result<Self> {
        let raw = library("raw");
        let runtime = Runtime::new();
        let plugin = library("plugin");
        runtime.load(&plugin)?;
        let caller = runtime.get::<dyn Calls>()?;
        Ok(Self {
            by_value: ByValue::open(&raw),
            by_pointers: ByPointers::open(&raw),
            pinned: Caller::pin(&caller)?,
            instance: runtime.create::<dyn Calls>()?,
            kinds: kinds::World::open(&runtime, &raw)?,
            life: life::World::open(plugin)?,
            logs: logs::World::open(&runtime)?,
            caller,
            looked_up: LookedUp { runtime },
        })
    }

    /// All arms of all shapes.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let calls = vec![
            self.group::<shapes::Scalar>(),
            self.group::<shapes::Guarded>(),
            self.group::<shapes::Pair>(),
            self.group::<shapes::Eight>(),
            self.group::<shapes::Text>(),
            self.group::<shapes::Bytes>(),
            self.group::<shapes::Greeting>(),
            self.group::<shapes::Numbers>(),
            self.group::<shapes::Turn>(),
            self.group::<shapes::Checked>(),
            self.fenced(),
        ];
        let calls = calls
            .into_iter()
            .chain(self.kinds.groups())
            .chain(self.life.groups());
        calls.chain(self.logs.groups()).collect()
    }

    fn fenced(&self) -> Group<'_> {
        Group {
            name: FENCED,
            base: RAW,
            arms: vec![
                arm::<shapes::Scalar, _>(RAW, &self.by_value, None),
                arm::<shapes::Scalar, _>("Pinned", &self.pinned, None),
                arm::<shapes::Scalar, _>("Caller", &self.caller, None),
            ],
        }
    }

    fn group<S: Shape>(&self) -> Group<'_> {
        let held = S::HELD.map(|at_most| Target { at_most, due: true });
        let following = S::FOLLOWING.map(|at_most| Target { at_most, due: true });
        let object: &'static dyn Calls = black_box(&NeverInlined);
        let mut arms = vec![
            arm::<S, _>("inlined", &Inlined, None),
            arm::<S, _>("inline(never)", &NeverInlined, None),
            arm::<S, _>("dyn Trait", object, None),
            arm::<S, _>(RAW, &self.by_value, None),
            arm::<S, _>(RAW_POINTERS, &self.by_pointers, None),
            arm::<S, _>("Pinned", &self.pinned, held),
            arm::<S, _>("Instance", &self.instance, held),
            arm::<S, _>("Caller", &self.caller, following),
        ];
        if S::LOOKED_UP {
            let target = Target {
                at_most: 8.0,
                due: true,
            };
            arms.push(arm::<S, _>(
                "get + call, nothing cached",
                &self.looked_up,
                Some(target),
            ));
        }
        Group {
            name: S::NAME,
            base: S::BASE,
            arms,
        }
    }
}

fn arm<'a, S: Shape, C: Calls + ?Sized>(
    name: &'static str,
    calls: &'a C,
    target: Option<Target>,
) -> Arm<'a> {
    let copies: [fn(&C, u64) -> u64; COPIES as usize] = [
        run_copy::<S, C, 0>,
        run_copy::<S, C, 1>,
        run_copy::<S, C, 2>,
        run_copy::<S, C, 3>,
    ];
    Arm {
        name,
        target,
        run: Box::new(move |count| {
            let results = copies.iter().map(|run| run(calls, count));
            results.fold(0, |sum: u64, result| sum.rotate_left(8) ^ result)
        }),
    }
}

/// Finds the plugin anew for each call.
#[derive(Debug)]
struct LookedUp {
    runtime: Runtime,
}

impl LookedUp {
    fn get(&self) -> Caller<dyn Calls> {
        self.runtime
            .get::<dyn Calls>()
            .expect("the plugin stays loaded")
    }
}

impl Calls for LookedUp {
    fn scalar(&self, x: u64) -> u64 {
        self.get().scalar(x)
    }

    fn guarded(&self, x: u64) -> u64 {
        self.get().guarded(x)
    }

    fn pair(&self, a: u64, b: u64) -> u64 {
        self.get().pair(a, b)
    }

    fn eight(&self, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
        self.get().eight(a, b, c, d, e, f, g, h)
    }

    fn text(&self, text: &str) -> u64 {
        self.get().text(text)
    }

    fn bytes(&self, bytes: &[u8]) -> u64 {
        self.get().bytes(bytes)
    }

    fn greeting(&self, seed: u64) -> String {
        self.get().greeting(seed)
    }

    fn numbers(&self, seed: u32) -> Vec<u32> {
        self.get().numbers(seed)
    }

    fn turn(&self, body: &Body) -> Body {
        self.get().turn(body)
    }

    fn checked(&self, x: u64) -> Result<u64, Fault> {
        self.get().checked(x)
    }
}
