//! The page of the book, written of what came of the matrix.

use std::fmt::Write as _;

use super::cases::{Cannot, Case, Cases, Role};
use super::cell::{Cell, Outcome};
use super::languages::{LANGUAGES, shown};
use crate::table::Table;

const HEAD: &str = "\
# What each language can do

This page is written by `cargo xtask conformance --bless`, of what came of running every host with every guest; `cargo xtask test` fails when it says anything
else. A cell counts the cases of the conformance kit that passed in all the pairs that the language was in.

`plugins/fixtures/conformance` holds the kit: contracts that use everything that may stand in one, the cases with their golden answers in one file,
and what guests and runners must do. `cargo xtask conformance --host rust --guest lua` runs one pair.

";

const TAIL: &str = "\
## Add a language

1. Write the guest, at `plugins/<language>/conformance`, and the runner, at `hosts/<language>/conformance`, as
   `plugins/fixtures/conformance/README.md` says. One of the two will do.
2. Add a row to `xtask/src/conformance/languages.rs`: its name, how the guest is built and which loader opens it, how the runner is
   built and started. A machine that lacks the language is told what to install.
3. `cargo xtask conformance --guest <language>` until all passes. What the language cannot do gets a row with the reason in `cannot` of
   `cases.json`: a row that is not needed fails the suite, as does a case that is left out.
4. `cargo xtask conformance --bless`.
";

/// The page.
pub(crate) fn write(cases: &Cases, cells: &[Cell]) -> String {
    let mut notes = Notes::default();
    let features = features(cases, cells, &mut notes, true);
    let mut text = format!("{HEAD}{features}");
    if !notes.0.is_empty() {
        text.push_str("\n## What cannot be done, and why\n\n");
        for (position, (row, names)) in notes.0.iter().enumerate() {
            let role = if row.role == Role::Guest {
                "guests"
            } else {
                "hosts"
            };
            let (number, language, why) = (position + 1, shown(&row.language), &row.why);
            let names = names.join("`, `");
            let others: Vec<_> = row.with.iter().map(|name| shown(name)).collect();
            let role = if others.is_empty() {
                role.to_owned()
            } else {
                format!("{role}, with {}", others.join(" and "))
            };
            let _ = writeln!(text, "{number}. {language}, {role}: {why} (`{names}`).");
        }
    }
    let pairs = pairs(cells).markdown();
    let _ = write!(
        text,
        "\n## Every host with every guest\n\nHow many of the {} cases passed, and how many cannot be done.\n\n{pairs}\n{TAIL}",
        cases.cases.len()
    );
    text
}

/// The tables, for a terminal.
pub(crate) fn tables(cases: &Cases, cells: &[Cell]) -> String {
    let features = features(cases, cells, &mut Notes::default(), false);
    format!("{features}\n{}", pairs(cells).text())
}

/// The reasons, in the order in which the table names them, with the cases that each is about. Rows with one reason share a note.
#[derive(Default)]
struct Notes<'a>(Vec<(&'a Cannot, Vec<&'a str>)>);

impl<'a> Notes<'a> {
    /// The number of the note.
    fn number(&mut self, row: &'a Cannot, case: &'a str) -> usize {
        let same = |other: &Cannot| {
            other.language == row.language && other.role == row.role && other.why == row.why
        };
        let position = self.0.iter().position(|(other, _)| same(other));
        let position = position.unwrap_or_else(|| {
            self.0.push((row, Vec::new()));
            self.0.len() - 1
        });
        let names = &mut self.0[position].1;
        if !names.contains(&case) {
            names.push(case);
        }
        position + 1
    }
}

/// A language on one side.
#[derive(Clone, Copy)]
struct Column {
    language: &'static str,
    role: Role,
}

impl Column {
    fn is_in(self, cell: &Cell) -> bool {
        let side = match self.role {
            Role::Guest => &cell.guest,
            Role::Host => &cell.host,
        };
        side == self.language
    }
}

/// Features by languages.
fn features<'a>(cases: &'a Cases, cells: &[Cell], notes: &mut Notes<'a>, markdown: bool) -> String {
    let columns: Vec<_> = [Role::Guest, Role::Host]
        .into_iter()
        .flat_map(|role| {
            LANGUAGES.iter().map(move |language| Column {
                language: language.name,
                role,
            })
        })
        .filter(|column| cells.iter().any(|cell| column.is_in(cell)))
        .collect();
    let header = columns.iter().map(|column| {
        let role = if column.role == Role::Guest {
            "guest"
        } else {
            "host"
        };
        format!("{} {role}", shown(column.language))
    });
    let mut table = Table::of(["feature".to_owned()].into_iter().chain(header).collect());
    for feature in cases.features() {
        let mut row = vec![feature.to_owned()];
        for column in &columns {
            let of = cases.cases.iter().filter(|case| case.feature == feature);
            row.push(figure(
                cases,
                cells,
                *column,
                &of.collect::<Vec<_>>(),
                notes,
                markdown,
            ));
        }
        table.add(row);
    }
    if markdown {
        table.markdown()
    } else {
        table.text()
    }
}

/// How many cases of a feature passed with a language in all its pairs; where the language is what stands in the way, with the notes that say why.
fn figure<'a>(
    cases: &'a Cases,
    cells: &[Cell],
    column: Column,
    of: &[&'a Case],
    notes: &mut Notes<'a>,
    markdown: bool,
) -> String {
    let (mut passed, mut numbers) = (0, Vec::new());
    for case in of {
        let own = cases.cannot.iter().find(|row| {
            row.language == column.language && row.role == column.role && row.is_about(case)
        });
        if let Some(row) = own {
            let number = notes.number(row, &case.name);
            if !numbers.contains(&number) {
                numbers.push(number);
            }
            continue;
        }
        let mut outcomes = cells
            .iter()
            .filter(|cell| column.is_in(cell))
            .map(|cell| cell.outcomes.get(&case.name));
        // What the other side cannot do says nothing about this one.
        if outcomes.all(|outcome| matches!(outcome, Some(Outcome::Passed | Outcome::Cannot))) {
            passed += 1;
        }
    }
    let mut text = if passed == of.len() {
        passed.to_string()
    } else {
        format!("{passed} of {}", of.len())
    };
    if markdown && !numbers.is_empty() {
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        let _ = write!(text, " <sup>{}</sup>", numbers.join(", "));
    }
    text
}

/// Hosts by guests.
fn pairs(cells: &[Cell]) -> Table {
    let mut guests: Vec<&str> = Vec::new();
    let mut hosts: Vec<&str> = Vec::new();
    for cell in cells {
        for (names, name) in [(&mut guests, &cell.guest), (&mut hosts, &cell.host)] {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let header = guests.iter().map(|guest| format!("{} guest", shown(guest)));
    let mut table = Table::of([String::new()].into_iter().chain(header).collect());
    for host in hosts {
        let mut row = vec![format!("{} host", shown(host))];
        row.extend(cells.iter().filter(|cell| cell.host == host).map(|cell| {
            let (passed, cannot) = (cell.count(Outcome::Passed), cell.count(Outcome::Cannot));
            if cannot == 0 {
                passed.to_string()
            } else {
                format!("{passed} + {cannot}")
            }
        }));
        table.add(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_page_says_what_came_of_it() {
        let cases: Cases = serde_json::from_str(
            r#"{
                "cases": [{"name": "one", "feature": "f"}, {"name": "two", "feature": "f"}, {"name": "three", "feature": "g"}],
                "cannot": [{"language": "lua", "role": "guest", "case": "two", "why": "it is so"}]
            }"#,
        )
        .expect("cases");
        let cell = |guest: &str, two, three| Cell {
            host: "rust".to_owned(),
            guest: guest.to_owned(),
            outcomes: BTreeMap::from([
                ("one".to_owned(), Outcome::Passed),
                ("two".to_owned(), two),
                ("three".to_owned(), three),
            ]),
            problems: Vec::new(),
        };
        let cells = [
            cell("rust", Outcome::Passed, Outcome::Passed),
            cell("lua", Outcome::Cannot, Outcome::Failed),
        ];
        let page = write(&cases, &cells);
        for line in [
            "| feature | Rust guest |           Lua guest | Rust host |",
            "| f       |          2 | 1 of 2 <sup>1</sup> |         2 |",
            "| g       |          1 |              0 of 1 |    0 of 1 |",
            "1. Lua, guests: it is so (`two`).",
            "| Rust host |          3 |     1 + 1 |",
        ] {
            assert!(page.contains(line), "no `{line}` in\n{page}");
        }
    }
}
