//! The source of a crate with random contracts, a plugin for each, and a host that calls every method once.

use std::fmt::Write as _;

use property_tests::Rng;

use crate::draw::{Bits, Data, Draw, Known};
use crate::types::Ty;

/// How many types with `#[polyplug::data]`.
const DATA: usize = 40;

/// What stands at the start of every file.
const HEAD: &str = "//! Written by a test; see its seed.
#![allow(warnings, clippy::all)]
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use polyplug::{Caller, Fault, Runtime};
use property_tests::{Digest, Job, Look, Make, Peer, PeerOf, Rng, Stream, StreamOf, part, part_of};
";

/// What kind of contract it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shared,
    Exclusive,
    Pinned,
}

/// A source, and what is called in it.
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) methods: usize,
}

/// The whole crate, as a library with one function `run`.
pub(crate) fn source(seed: u64, contracts: usize) -> Source {
    let mut draw = Draw {
        rng: Rng::new(seed),
        data: Vec::new(),
        known: vec![
            Known {
                contract: "Peer".to_owned(),
                maker: "rng.make::<PeerOf>()".to_owned(),
                user: "digest.look(&object.ask(\"text\", rng.number()));".to_owned(),
                exclusive: false,
            },
            Known {
                contract: "Stream".to_owned(),
                maker: "rng.make::<StreamOf>()".to_owned(),
                user: "while let Some(number) = object.next() { digest.number(number); } digest.number(object.left().into());"
                    .to_owned(),
                exclusive: true,
            },
        ],
    };
    let mut text = HEAD.to_owned();
    for index in 0..DATA {
        data(&mut draw, index, &mut text);
    }
    let mut run = String::new();
    let mut methods = 0;
    for index in 0..contracts {
        methods += contract(&mut draw, seed, index, &mut text, &mut run);
    }
    write!(
        text,
        "
/// Calls every method once, directly and through the plugin; answers where the two differ.
pub fn run(runtime: &Runtime) -> Vec<String> {{
    let mut wrong = Vec::new();
{run}    wrong
}}

fn compare(what: &str, direct: impl FnOnce() -> u64, through: impl FnOnce() -> u64, wrong: &mut Vec<String>) {{
    let direct = direct();
    match polyplug::catch(through) {{
        Ok(through) if through == direct => {{}}
        Ok(_) => wrong.push(format!(\"another answer: {{what}}\")),
        Err(fault) => wrong.push(format!(\"{{fault}}: {{what}}\")),
    }}
}}
"
    )
    .expect("a text grows");
    Source { text, methods }
}

/// Writes a type with `#[polyplug::data]`.
fn data(draw: &mut Draw, index: usize, text: &mut String) {
    let name = format!("D{index}");
    let kind = draw.rng.below(6);
    let (mut bits, mut key) = (Bits::None, false);
    let mut fields = Vec::new();
    let count = 1 + draw.rng.below(4);
    match kind {
        0 => {
            bits = Bits::Any;
            fields.extend((0..count).map(|_| draw.plain(true)));
        }
        1 => {
            bits = Bits::Some;
            fields.push(Ty::Word("bool"));
            fields.extend((0..count).map(|_| draw.plain(false)));
        }
        2 => {
            key = true;
            fields.extend((0..count).map(|_| draw.key(2)));
        }
        _ => fields.extend((0..count).map(|_| draw.value(2))),
    }
    let keyed = if key {
        ", PartialEq, Eq, PartialOrd, Ord, Hash"
    } else {
        ""
    };
    let copied = if bits == Bits::None { "" } else { ", Copy" };
    let derive = format!("#[derive(Clone, Debug{copied}{keyed})]");
    match draw.rng.below(8) {
        // Recursive.
        0 if kind > 2 => {
            let field = fields[0].spelled("");
            write!(
                text,
                "
#[polyplug::data]
{derive}
pub struct {name} {{ value: {field}, next: Option<Box<{name}>>, more: Vec<{name}> }}
impl Make for {name} {{
    fn make(rng: &mut Rng) -> Self {{
        let next = rng.chance(40).then(|| Box::new(Self::make(rng)));
        let more = if rng.chance(30) {{ vec![Self::make(rng)] }} else {{ Vec::new() }};
        Self {{ value: rng.make(), next, more }}
    }}
}}
impl Look for {name} {{
    fn look(&self, digest: &mut Digest) {{ digest.look(&self.value).look(&self.next).look(&self.more); }}
}}
"
            )
        }
        // Several variants.
        1..4 if kind > 1 => {
            let of = |ty: &Ty| ty.spelled("");
            let all: Vec<_> = fields.iter().map(of).collect();
            let names: Vec<_> = (0..all.len()).map(|index| format!("f{index}")).collect();
            let looks: String = names.iter().map(|name| format!(".look({name})")).collect();
            let made = vec!["rng.make()"; all.len()].join(", ");
            write!(
                text,
                "
#[polyplug::data]
{derive}
pub enum {name} {{ Nothing, One({first}), All({all}), Named {{ first: {first}, tail: u8 }} }}
impl Make for {name} {{
    fn make(rng: &mut Rng) -> Self {{
        match rng.below(4) {{
            0 => Self::Nothing,
            1 => Self::One(rng.make()),
            2 => Self::All({made}),
            _ => Self::Named {{ first: rng.make(), tail: rng.make() }},
        }}
    }}
}}
impl Look for {name} {{
    fn look(&self, digest: &mut Digest) {{
        match self {{
            Self::Nothing => digest.look(&0_u8),
            Self::One(first) => digest.look(&1_u8).look(first),
            Self::All({names}) => digest.look(&2_u8){looks},
            Self::Named {{ first, tail }} => digest.look(&3_u8).look(first).look(tail),
        }};
    }}
}}
",
                first = all[0],
                all = all.join(", "),
                names = names.join(", "),
            )
        }
        4 if kind > 1 => {
            key = true;
            write!(
                text,
                "
#[polyplug::data]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum {name} {{ First, Second, Third }}
impl Make for {name} {{
    fn make(rng: &mut Rng) -> Self {{ [Self::First, Self::Second, Self::Third][rng.below(3)] }}
}}
impl Look for {name} {{
    fn look(&self, digest: &mut Digest) {{ digest.number(*self as u64) }}
}}
"
            )
        }
        5 if kind > 1 => {
            key = true;
            let integer = draw.rng.pick(&["u8", "u16", "u32", "u64"]);
            write!(
                text,
                "
#[polyplug::data(flags)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct {name}(pub {integer});
impl Make for {name} {{
    fn make(rng: &mut Rng) -> Self {{ Self(rng.make()) }}
}}
impl Look for {name} {{
    fn look(&self, digest: &mut Digest) {{ digest.look(&self.0); }}
}}
"
            )
        }
        shape => {
            let named = shape % 2 == 0;
            let names: Vec<_> = (0..fields.len())
                .map(|index| if named { format!("f{index}") } else { index.to_string() })
                .collect();
            let spelled: Vec<_> = fields
                .iter()
                .zip(&names)
                .map(|(ty, name)| {
                    let ty = ty.spelled("");
                    if named { format!("{name}: {ty}") } else { ty }
                })
                .collect();
            let made: Vec<_> = names.iter().map(|name| format!("{name}: rng.make()")).collect();
            let looks: String = names.iter().map(|name| format!(".look(&self.{name})")).collect();
            let (spelled, made) = (spelled.join(", "), made.join(", "));
            let body = if named { format!(" {{ {spelled} }}") } else { format!("({spelled});") };
            write!(
                text,
                "
#[polyplug::data]
{derive}
pub struct {name}{body}
impl Make for {name} {{
    fn make(rng: &mut Rng) -> Self {{ Self {{ {made} }} }}
}}
impl Look for {name} {{
    fn look(&self, digest: &mut Digest) {{ digest{looks}; }}
}}
"
            )
        }
    }
    .expect("a text grows");
    draw.data.push(Data { name, bits, key });
}

/// A method that is drawn.
struct Method {
    signature: String,
    body: String,
    default: bool,
    /// The function that calls it on a `&dyn` contract and answers a digest of all that came back.
    check: String,
}

/// Writes a contract, its plugin and its checks. Answers how many methods it has.
fn contract(
    draw: &mut Draw,
    seed: u64,
    index: usize,
    text: &mut String,
    run: &mut String,
) -> usize {
    let kind = draw.rng.pick(&[
        Kind::Shared,
        Kind::Shared,
        Kind::Shared,
        Kind::Exclusive,
        Kind::Pinned,
    ]);
    let simple = draw.chance_of_simple();
    let lent = draw.plain(false);
    let count = 1 + draw.rng.below(4);
    let methods: Vec<_> = (0..count)
        .map(|at| {
            let salt = seed ^ (index * 100 + at) as u64;
            method(draw, kind, simple, &lent, (index, at), salt)
        })
        .collect();
    let (name, plugin) = (format!("C{index}"), format!("P{index}"));
    let pinned = if kind == Kind::Pinned { ", pinned" } else { "" };
    let above = draw.rng.pick(&["", "", ": Send", ": Send + Sync"]);
    let above = if simple { "" } else { above };
    let declared: String = methods
        .iter()
        .map(|method| match method.default {
            true => format!("    {} {{ {} }}\n", method.signature, method.body),
            false => format!("    {};\n", method.signature),
        })
        .collect();
    let implemented: String = methods
        .iter()
        .filter(|method| !method.default)
        .map(|method| format!("    {} {{ {} }}\n", method.signature, method.body))
        .collect();
    let checks: String = methods.iter().map(|method| method.check.as_str()).collect();
    let reference = if kind == Kind::Exclusive { "&mut" } else { "&" };
    write!(
        text,
        "
#[polyplug::contract(id = \"property.c{index}\", version = \"1.0\"{pinned})]
pub trait {name}{above} {{
{declared}}}
pub struct {plugin} {{ text: String, list: Vec<{lent}>, one: {lent}, calls: u64 }}
impl Default for {plugin} {{
    fn default() -> Self {{
        let mut rng = Rng::new({index});
        Self {{ text: rng.make(), list: rng.make(), one: rng.make(), calls: 0 }}
    }}
}}
#[polyplug::plugin(name = \"p{index}\")]
impl {name} for {plugin} {{
{implemented}}}
{checks}",
        lent = lent.spelled(""),
    )
    .expect("a text grows");
    if simple {
        let calls: String = (0..count)
            .map(|at| format!(" digest.number(check_{index}_{at}(object));"))
            .collect();
        writeln!(
            text,
            "fn probe_{index}(object: {reference} dyn {name}, digest: &mut Digest) {{{calls} }}"
        )
        .expect("a text grows");
        draw.known.push(Known {
            contract: name.clone(),
            maker: format!("{plugin}::default()"),
            user: format!("probe_{index}(object, &mut digest);"),
            exclusive: kind == Kind::Exclusive,
        });
    }
    let handle = match kind {
        Kind::Shared => format!("runtime.get::<dyn {name}>().unwrap()"),
        Kind::Exclusive => format!("runtime.create::<dyn {name}>().unwrap()"),
        Kind::Pinned => {
            format!("Caller::pin(&runtime.get::<dyn {name}>().unwrap()).unwrap()")
        }
    };
    writeln!(
        run,
        "    {{\n        let (mut direct, mut handle) = ({plugin}::default(), {handle});"
    )
    .expect("a text grows");
    for (at, method) in methods.iter().enumerate() {
        let what = format!("{name}: {}", method.signature)
            .escape_debug()
            .to_string();
        writeln!(
            run,
            "        compare(\"{what}\", || check_{index}_{at}({reference} direct), || check_{index}_{at}({reference} handle), &mut wrong);"
        )
        .expect("a text grows");
    }
    writeln!(run, "    }}").expect("a text grows");
    count
}

impl Draw {
    /// Whether a contract shall be passed as an object by later ones; it takes no objects itself.
    fn chance_of_simple(&mut self) -> bool {
        self.known.len() < 20 && self.rng.chance(30)
    }

    fn argument_of(&mut self, simple: bool) -> Ty {
        loop {
            let ty = self.argument();
            if !simple || !ty.has_object() {
                return ty;
            }
        }
    }

    fn result_of(&mut self, simple: bool) -> Ty {
        loop {
            let ty = self.result();
            if !simple || !ty.has_object() {
                return ty;
            }
        }
    }
}

/// A result that borrows: its type, and the expression that makes it from `from`.
fn borrowed(draw: &mut Draw, from: &Ty, place: &str, lifetime: &str) -> (String, String) {
    let ty = from.spelled(lifetime);
    let (part, of) = match from {
        Ty::Unsized(_) => (format!("part({place}, &mut rng)"), None),
        Ty::Slice(item) => (
            format!("part_of({place}, &mut rng)"),
            Some(item.spelled("")),
        ),
        _ => (place.to_owned(), None),
    };
    match (draw.rng.below(7), of) {
        (0, Some(item)) => (
            format!("Option<&{lifetime}{item}>"),
            format!("{place}.get(rng.below(3))"),
        ),
        (1, _) => (
            format!("Option<{ty}>"),
            format!("if rng.chance(70) {{ Some({part}) }} else {{ None }}"),
        ),
        (2, _) => (
            format!("Result<{ty}, String>"),
            format!("if rng.chance(70) {{ Ok({part}) }} else {{ Err(rng.make()) }}"),
        ),
        (3, _) => (format!("Vec<{ty}>"), format!("vec![{part}, {part}]")),
        (4, _) => (
            format!("({ty}, String, Option<{ty}>, u8)"),
            format!("({part}, rng.make(), Some({part}), rng.make())"),
        ),
        _ => (ty, part),
    }
}

fn method(
    draw: &mut Draw,
    kind: Kind,
    simple: bool,
    lent: &Ty,
    (index, at): (usize, usize),
    salt: u64,
) -> Method {
    let mutable = kind == Kind::Exclusive && (at == 0 || draw.rng.chance(60));
    let lends = draw.rng.chance(match kind {
        Kind::Pinned => 60,
        _ => 15,
    });
    let from_self = lends && kind == Kind::Pinned && draw.rng.chance(70);
    // Arguments: how each is written, made, lent, used by the callee, and looked at afterwards.
    let (mut spelled, mut makes, mut lents, mut uses, mut after) = (
        String::new(),
        String::new(),
        Vec::new(),
        String::new(),
        String::new(),
    );
    let mut generics = "";
    let mut result = None;
    if lends && !from_self {
        generics = "<'a>";
        let from = match draw.rng.below(3) {
            0 => Ty::Unsized("str"),
            1 => Ty::Slice(draw.plain(false).boxed()),
            _ => Ty::Ref(draw.plain(false).boxed()),
        };
        write!(spelled, ", lent: {}", from.spelled("'a ")).expect("a text grows");
        write!(makes, " let lent = {};", from.made()).expect("a text grows");
        lents.push(from.lent("lent", true));
        uses.push_str(&from.used("lent"));
        result = Some(borrowed(draw, &from, "lent", "'a "));
    }
    if from_self {
        let (from, place) = match draw.rng.below(3) {
            0 => (Ty::Unsized("str"), "self.text.as_str()"),
            1 => (Ty::Slice(lent.clone().boxed()), "self.list.as_slice()"),
            _ => (Ty::Ref(lent.clone().boxed()), "&self.one"),
        };
        result = Some(borrowed(draw, &from, place, ""));
    }
    for number in 0..draw.rng.below(4) {
        let name = format!("a{number}");
        let sink = draw.rng.below(8);
        let (ty, mut_of) = match sink {
            0 => (
                Ty::Word("String"),
                Some(format!(
                    " {name}.push('+'); {name}.push_str(&rng.make::<String>());"
                )),
            ),
            1 => {
                let item = draw.value(2);
                let push = format!(" {name}.reverse(); {name}.push(rng.make());");
                (Ty::Vec(item.boxed()), Some(push))
            }
            2 => {
                let item = draw.plain(true);
                let fill = format!(
                    " for item in {name}.iter_mut().skip(1) {{ *item = rng.make(); }} {name}.reverse();"
                );
                (Ty::Vec(item.boxed()), Some(fill))
            }
            _ => (draw.argument_of(simple), None),
        };
        write!(makes, " let mut {name}: {} = {};", ty.kept(), ty.made()).expect("a text grows");
        let Some(change) = mut_of else {
            write!(spelled, ", {name}: {}", ty.spelled("")).expect("a text grows");
            lents.push(ty.lent(&name, true));
            uses.push_str(&ty.used(&name));
            continue;
        };
        let written = match &ty {
            Ty::Vec(item) if sink == 2 => format!("[{}]", item.spelled("")),
            ty => ty.spelled(""),
        };
        write!(spelled, ", {name}: &mut {written}").expect("a text grows");
        lents.push(format!("&mut {name}"));
        write!(uses, "digest.look(&*{name});{change}").expect("a text grows");
        write!(after, " digest.look(&{name});").expect("a text grows");
    }
    let (result, made, used) = match result {
        Some((ty, made)) => (ty, made, "digest.look(&result);".to_owned()),
        None => {
            let ty = if draw.rng.chance(5) {
                Ty::Cow
            } else {
                draw.result_of(simple)
            };
            let cow = matches!(ty, Ty::Cow) && kind == Kind::Shared;
            let ty = if matches!(ty, Ty::Cow) && !cow {
                Ty::Word("u64")
            } else {
                ty
            };
            let made = if cow {
                "Cow::Owned(rng.make())".to_owned()
            } else {
                ty.made()
            };
            (ty.spelled(""), made, ty.used("result"))
        }
    };
    let state = if mutable {
        "self.calls += 1; digest.number(self.calls);"
    } else {
        ""
    };
    let default = !from_self && !mutable && draw.rng.chance(25);
    let receiver = if mutable { "&mut self" } else { "&self" };
    let reference = if kind == Kind::Exclusive { "&mut" } else { "&" };
    Method {
        signature: format!("fn m{at}{generics}({receiver}{spelled}) -> {result}"),
        body: format!(
            "let mut digest = Digest::new({salt}); let mut rng = digest.rng(); {uses} {state} let mut rng = digest.rng(); {made}"
        ),
        default,
        check: format!(
            "fn check_{index}_{at}(contract: {reference} dyn C{index}) -> u64 {{ let mut rng = Rng::new({salt});{makes} \
             let result = contract.m{at}({}); let mut digest = Digest::new(1); {used}{after} digest.value() }}\n",
            lents.join(", ")
        ),
    }
}
