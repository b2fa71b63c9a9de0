//! The page of types holds every type that may stand in a contract, and uses each in the example below its table.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../src/types.md");

/// The sections, and the types in each: the list that the page must hold.
const TYPES: [(&str, &[&str]); 10] = [
    (
        "Numbers and text",
        &[
            "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64",
            "bool", "char", "i128", "u128", "()", "&str", "String", "Cow<str>",
        ],
    ),
    ("Lists", &["&[T]", "&mut [T]", "Vec<T>", "[T; N]"]),
    (
        "Options, results, tuples, boxes",
        &["Option<T>", "Result<T, E>", "(A, B)", "Box<T>", "Fault"],
    ),
    (
        "Maps and sets",
        &[
            "HashMap<K, V>",
            "BTreeMap<K, V>",
            "HashSet<T>",
            "BTreeSet<T>",
        ],
    ),
    (
        "Times and paths",
        &["Duration", "SystemTime", "&Path", "PathBuf"],
    ),
    (
        "Your own data",
        &["#[polyplug::data]", "#[polyplug::data(flags)]"],
    ),
    (
        "By reference, and changed",
        &["&T", "&mut String", "&mut Vec<T>"],
    ),
    (
        "Closures",
        &[
            "&dyn Fn(A) -> R",
            "&mut dyn FnMut(A) -> R",
            "Box<dyn Fn(A) -> R>",
            "Box<dyn FnMut(A) -> R>",
            "Box<dyn FnOnce(A) -> R>",
            "Arc<dyn Fn(A) -> R>",
        ],
    ),
    (
        "Objects",
        &["&dyn C", "&mut dyn C", "Box<dyn C>", "Arc<dyn C>"],
    ),
    (
        "Borrowed results",
        &[
            "&'a str", "&'a [T]", "&'a T", "&str", "&[T]", "&T", "&self", "T",
        ],
    ),
];

/// A section of the page, from its heading to the next.
fn section(heading: &str) -> &'static str {
    let start = format!("\n## {heading}\n");
    let (_, rest) = PAGE
        .split_once(&start)
        .unwrap_or_else(|| panic!("no section `{heading}`"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// What stands in backquotes in the first cells of the table.
fn rows(section: &str) -> BTreeSet<&str> {
    let cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let cells = cells.filter(|cell| !cell.starts_with("---"));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// The code of the blocks that are compiled and run.
fn code(section: &str) -> String {
    let blocks = section.split("```rust\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

/// What must stand in the code when a type is used: the type, up to what stands for any other.
fn traces(ty: &str) -> &str {
    match ty {
        "Cow<str>" => "Cow<'_, str>",
        "[T; N]" => "; 3]",
        "&T" => "&u32",
        "&'a T" => "&'a f32",
        "(A, B)" => "(String, Vec<u8>)",
        "&mut dyn C" => "&mut dyn Lines",
        "&dyn C" => "&dyn Listener",
        "Box<dyn C>" => "Box<dyn Lines",
        "Arc<dyn C>" => "Arc<dyn Listener",
        "T" => "",
        ty => {
            let end = ty
                .find("T]")
                .or_else(|| ty.find("T>"))
                .or_else(|| ty.find("T,"))
                .or_else(|| ty.find("K,"));
            ty[..end.unwrap_or(ty.len())]
                .trim_end_matches("(A) -> R>")
                .trim_end_matches("(A) -> R")
        }
    }
}

#[test]
fn every_type_has_a_row_and_every_row_an_example() {
    for (heading, types) in TYPES {
        let section = section(heading);
        let expected: BTreeSet<_> = types.iter().copied().collect();
        assert_eq!(rows(section), expected, "the rows of `{heading}`");
        let code = code(section);
        for ty in types {
            let trace = traces(ty);
            assert!(
                code.contains(trace),
                "`{heading}` has no example with `{ty}`: no `{trace}`"
            );
        }
    }
}

#[test]
fn what_cannot_cross_has_an_example_and_a_better_one() {
    let section = section("What cannot cross, and what to write instead");
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| `") || line.starts_with("| a "))
        .count();
    let failing = section.matches("```compile_fail").count();
    assert_eq!((rows, failing), (16, 16));
    assert_eq!(section.matches("```rust\n").count(), 1);
}
