//! `contract_unchanged`: what it writes, what it lets pass, and its words for everything else. Each check runs in a process of
//! its own, because it asks the environment.

#![allow(unreachable_pub, reason = "as contract crates write it")]

use std::env;
use std::fs;
use std::process::Command;

use fixture_harness::Folder;

/// As it was published.
mod v1_0 {
    #[polyplug::data]
    pub struct Place {
        pub x: u32,
        pub y: u32,
    }

    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: String,
        #[data(default = 3)]
        pub width: u8,
    }

    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        Lines(Vec<String>, u8),
        Named {
            name: String,
        },
        #[data(other)]
        Other,
    }

    #[polyplug::data(flags)]
    pub struct Access(u16);

    #[polyplug::data]
    pub enum Wish {
        Nothing,
        At(Place),
    }

    #[polyplug::contract(id = "unchanged.noted", version = "3.4")]
    pub trait Noted {
        fn note(&self);
    }

    #[polyplug::contract(id = "unchanged.all", version = "1.0")]
    pub trait All {
        fn place(&self, place: &Place, styles: &[Style]) -> Option<Shape>;
        fn text<'a>(&self, text: &'a str) -> &'a str;
        fn access(&self, access: Access, work: &mut dyn FnMut(Wish, u8) -> bool) -> (u8, [u16; 3]);
        fn noted(&self, noted: Box<dyn Noted + Send>, lines: &mut Vec<String>);
        fn add(&self, a: u32, b: u32) -> u32 {
            a + b
        }
    }
}

/// A small contract.
mod s1_0 {
    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: String,
    }
    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        Full(u8),
    }
    #[polyplug::data]
    pub enum Fixed {
        One,
        Two(u8),
    }
    #[polyplug::contract(id = "unchanged.small", version = "1.0")]
    pub trait Small {
        fn style(&self, style: Style, fixed: Fixed) -> Shape;
        fn last(&self) {}
    }
}

/// Grown, but of the same version.
mod s1_0_grown {
    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: String,
        #[data(default)]
        pub width: u8,
    }
    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        Full(u8),
        More {
            a: String,
            b: u8,
        },
        #[data(other)]
        Other,
    }
    #[polyplug::data]
    pub enum Fixed {
        One,
        Two(u8),
    }
    #[polyplug::contract(id = "unchanged.small", version = "1.0")]
    pub trait Small {
        fn style(&self, style: Style, fixed: Fixed) -> Shape;
        fn last(&self) {}
        fn more(&self, a: u8) -> u8 {
            a
        }
    }
}

/// Grown, and of the next.
mod s1_1 {
    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: String,
        #[data(default)]
        pub width: u8,
    }
    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        Full(u8),
        More {
            a: String,
            b: u8,
        },
        #[data(other)]
        Other,
    }
    #[polyplug::data]
    pub enum Fixed {
        One,
        Two(u8),
    }
    #[polyplug::contract(id = "unchanged.small", version = "1.1")]
    pub trait Small {
        fn style(&self, style: Style, fixed: Fixed) -> Shape;
        fn more(&self, a: u8) -> u8 {
            a
        }
        fn last(&self) {}
    }
}

/// With another name of an argument.
mod s1_1_named {
    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: String,
        #[data(default)]
        pub width: u8,
    }
    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        Full(u8),
        More {
            a: String,
            b: u8,
        },
        #[data(other)]
        Other,
    }
    #[polyplug::data]
    pub enum Fixed {
        One,
        Two(u8),
    }
    #[polyplug::contract(id = "unchanged.small", version = "1.1")]
    pub trait Small {
        fn style(&self, style: Style, fixed: Fixed) -> Shape;
        fn more(&self, number: u8) -> u8 {
            number
        }
        fn last(&self) {}
    }
}

/// Everything that breaks.
mod s1_2_broken {
    #[polyplug::data(non_exhaustive)]
    pub struct Style {
        pub name: u64,
        pub width: u8,
        pub depth: u8,
    }
    #[polyplug::data(non_exhaustive)]
    pub enum Shape {
        Empty,
        More,
    }
    #[polyplug::data]
    pub enum Fixed {
        One,
        Two(u8),
        Three,
    }
    #[polyplug::contract(id = "unchanged.small", version = "1.2")]
    pub trait Small {
        fn style(&self, style: &Style, fixed: Fixed) -> Shape;
        fn last(&self);
        fn fresh(&self, a: u8);
    }
}

/// The name of a case, and what a child does for it in a folder.
type Case = (&'static str, fn(&str));

/// What a child checks.
const CASES: [Case; 6] = [
    ("all", |folder| {
        polyplug::testing::contract_unchanged::<dyn v1_0::All>(folder)
    }),
    ("1.0", |folder| {
        polyplug::testing::contract_unchanged::<dyn s1_0::Small>(folder)
    }),
    ("1.0 grown", |folder| {
        polyplug::testing::contract_unchanged::<dyn s1_0_grown::Small>(folder)
    }),
    ("1.1", |folder| {
        polyplug::testing::contract_unchanged::<dyn s1_1::Small>(folder)
    }),
    ("1.1 named", |folder| {
        polyplug::testing::contract_unchanged::<dyn s1_1_named::Small>(folder)
    }),
    ("1.2 broken", |folder| {
        polyplug::testing::contract_unchanged::<dyn s1_2_broken::Small>(folder)
    }),
];

#[test]
#[ignore = "run by the others, in processes of their own"]
fn child() {
    let wanted = env::var("UNCHANGED_CASE").expect("a case");
    let case = CASES.iter().find(|(name, _)| *name == wanted);
    case.expect("a case of that name").1("pinned");
}

/// A package, and what checks in it say.
struct Package(Folder);

impl Package {
    fn new(name: &str) -> Self {
        Self(Folder::new(name))
    }

    /// The note of a check that passed, or the words of one that failed.
    fn check(&self, case: &str, bless: bool) -> Result<String, String> {
        let mut command = Command::new(env::current_exe().expect("the path of this test"));
        command
            .args([
                "--exact",
                "child",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("UNCHANGED_CASE", case)
            .env("CARGO_MANIFEST_DIR", self.0.path())
            .env("RUST_BACKTRACE", "0")
            .env_remove("POLYPLUG_BLESS");
        if bless {
            command.env("POLYPLUG_BLESS", "1");
        }
        let output = command.output().expect("this test can be run");
        let text = String::from_utf8(output.stderr).expect("text");
        let text = text.replace(&self.0.path().display().to_string(), "[PACKAGE]");
        if output.status.success() {
            return Ok(text.trim().to_owned());
        }
        let (head, rest) = text
            .split_once("\ncontract ")
            .or(text.split_once("\n`"))
            .expect("a panic of ours");
        assert!(
            head.contains("unchanged.rs"),
            "the place is the caller's: {head}"
        );
        let (rest, _) = rest.split_once("\nnote: run with").unwrap_or((rest, ""));
        Err(rest.trim().to_owned())
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join("pinned").join(file))
            .expect("a file that was written")
    }
}

#[test]
fn the_first_run_writes_a_line_for_everything() {
    let package = Package::new("unchanged-all");
    let note = package.check("all", false).expect("passes");
    assert_eq!(
        note,
        "note: the contract was not pinned yet, and is now, in `[PACKAGE]/pinned/unchanged.all-1.txt`; commit it"
    );
    assert_eq!(
        package.text("unchanged.all-1.txt"),
        "\
# What others were built against. Written by a test, `polyplug::testing::contract_unchanged`; commit it.
contract unchanged.all 1.0
trait All

method place(&self, place: &Place, styles: &[Style]) -> Option<Shape>
method text(&self, text: &str) -> &str [borrows from its arguments]
method access(&self, access: Access, work: &mut dyn FnMut(Wish, u8) -> bool) -> (u8, [u16; 3])
method noted(&self, noted: Box<dyn Noted + Send>, lines: &mut Vec<String>)
method add(&self, a: u32, b: u32) -> u32 [default]

enum Shape [non_exhaustive]
  variant Empty
  variant Lines
    field 0: Vec<String>
    field 1: u8
  variant Named
    field name: String
  other Other

enum Wish
  variant Nothing
  variant At
    field 0: Place

flags Access: u16

object Noted: unchanged.noted 3

struct Place
  field x: u32
  field y: u32

struct Style [non_exhaustive]
  field name: String
  field width: u8 [default]
"
    );
    assert_eq!(package.check("all", false).as_deref(), Ok(""));
    // What was written is read back as the same.
    let file = package.0.path().join("pinned/unchanged.all-1.txt");
    fs::write(&file, package.text("unchanged.all-1.txt") + "\n").expect("written");
    assert_eq!(
        package.check("all", false).unwrap_err(),
        "`unchanged.all` changed from version 1.0 to 1.0 where it breaks nobody:\n  the order, or types that nobody had before\n\
         if that is meant, run the test again with POLYPLUG_BLESS=1, which writes `[PACKAGE]/pinned/unchanged.all-1.txt` anew"
    );
    fs::write(&file, "contract unchanged.all 1.0\nmethod\n").expect("written");
    assert_eq!(
        package.check("all", true).unwrap_err(),
        "[PACKAGE]/pinned/unchanged.all-1.txt` is not as it was written: line 2 says nothing: `method`; \
         restore it, or delete it and run the test again"
    );
}

#[test]
fn growth_needs_a_higher_minor_and_a_blessing() {
    let package = Package::new("unchanged-grown");
    package.check("1.0", false).expect("written");
    let lines = "
  method `more(&self, a: u8) -> u8` is new
  enum `Shape`: variant `More { a: String, b: u8 }` is new
  struct `Style`: field `width: u8` is new
";
    for bless in [false, true] {
        assert_eq!(
            package.check("1.0 grown", bless).unwrap_err(),
            format!(
                "`unchanged.small` grew, but still is version 1.0:{lines}\
                 write `version = \"1.1\"`, and run the test again with POLYPLUG_BLESS=1"
            )
        );
    }
    let file = "[PACKAGE]/pinned/unchanged.small-1.txt";
    assert_eq!(
        package.check("1.1", false).unwrap_err(),
        format!(
            "`unchanged.small` grew from version 1.0 to 1.1:{lines}\
             if that is meant, run the test again with POLYPLUG_BLESS=1, which writes `{file}` anew"
        )
    );
    assert_eq!(
        package.check("1.1", true).unwrap(),
        format!("note: the contract is pinned anew in `{file}`; commit it")
    );
    assert_eq!(package.check("1.1", false).as_deref(), Ok(""));
    assert!(package.check("1.1 named", false).unwrap_err().contains(
        "changed from version 1.1 to 1.1 where it breaks nobody:\n  method `more` has other names of arguments: \
         was `more(&self, a: u8) -> u8`, is `more(&self, number: u8) -> u8`"
    ));
    // Back again.
    let back = package.check("1.0", true).unwrap_err();
    assert!(
        back.contains("breaks what was built against version 1.1"),
        "{back}"
    );
}

#[test]
fn a_break_fails_with_every_difference_and_what_to_do() {
    let package = Package::new("unchanged-broken");
    package.check("1.1", false).expect("written");
    for bless in [false, true] {
        assert_eq!(
            package.check("1.2 broken", bless).unwrap_err(),
            "`unchanged.small` breaks what was built against version 1.1:
  method `style` was `style(&self, style: Style, fixed: Fixed) -> Shape`, and is `style(&self, style: &Style, fixed: Fixed) -> Shape`: put it back, and give the new one another name and a default body
  method `more` is gone: put `more(&self, a: u8) -> u8` back; others call it
  method `last` has no default body any more: put it back; others leave the method out
  method `fresh(&self, a: u8)` is new and has no default body: give it one, so that those without it can do without it
  enum `Fixed` was `{ One, Two { 0: u8 } }`, and is `{ One, Two { 0: u8 }, Three }`: it is not `non_exhaustive`, so it stays as it is; put it back, and give the new one another name
  enum `Shape`: variant number 1 was `Full { 0: u8 }`, and is `More`: put it back; variants are added at the end
  struct `Style`: field `name` was `String`, and is `u64`: put it back, and add another field for the new type
  struct `Style`: field `width` has no default any more: put `#[data(default)]` back; others do not send it
  struct `Style`: field `depth: u8` is new and has no default: write `#[data(default)]` on it
undo that, or give the contract the version 2.0, which is pinned in a file of its own; if version 1.1 was never published, delete `[PACKAGE]/pinned/unchanged.small-1.txt` and run the test again"
        );
    }
}
