//! What the program prints: what the plugins offer, the plan, and how it went.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use console::style;
use indicatif::HumanBytes;
use polyplug::{ContractInfo, Runtime};
use stage_api::StageError;

use crate::pipeline::{Report, Step};
use crate::plugins::{Absent, Ready};

/// How wide a table gets where there is no terminal to ask.
const WIDTH: u16 = 100;

/// Prints. When nobody reads any more, as in `| head`, the work goes on in silence.
pub(crate) fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Every plugin, what it offers, those that are missing, what is none, and the contracts behind the names.
pub(crate) fn offers(runtime: &Runtime, folder: &Path, absent: &Absent) -> String {
    let mut plugins = runtime.plugins();
    // What the host provides is no news.
    plugins.retain(|plugin| {
        !plugin
            .contracts()
            .iter()
            .all(ContractInfo::is_host_contract)
    });

    let mut contracts = BTreeMap::new();
    let mut table = table(["plugin", "version", "description", "contracts", "methods"]);
    for plugin in &plugins {
        let offered = plugin.contracts();
        table.add_row([
            good(plugin.name()),
            Cell::new(plugin.version()),
            Cell::new(plugin.description()),
            Cell::new(joined(offered, "\n")),
            Cell::new(method_names(offered)),
        ]);
        let all = offered.iter().chain(plugin.requires());
        contracts.extend(all.map(|contract| (contract.to_string(), contract)));
    }

    for (name, why) in &absent.missing {
        table.add_row([bad(name), bad("missing"), Cell::new(why)]);
    }

    let mut text = heading(&format!("Plugins in {}", folder.display()));
    text += &format!("{table}\n");
    for (file, why) in &absent.skipped {
        text += &format!("{} {file}: {why}\n", style("skipped").yellow());
    }
    for contract in contracts.into_values() {
        text += &signatures(contract);
    }
    text
}

/// A contract with its methods, as it would be written in Rust.
fn signatures(contract: &ContractInfo) -> String {
    let side = if contract.is_host_contract() {
        "the host provides it"
    } else {
        "plugins offer it"
    };
    let mut text = heading(&format!("{contract} ({side})"));
    for method in contract.methods() {
        text += &format!("  {}\n", style(format!("fn {method}")).cyan());
        if let Some(line) = method.docs().lines().next() {
            text += &format!("      {}\n", style(line.trim()).dim());
        }
    }
    text
}

/// What is about to happen.
pub(crate) fn plan(title: &str, input: &[u8], stages: &[Ready]) -> String {
    let size = HumanBytes(input.len() as u64);
    let mut text = heading(&format!("Pipeline for {title}, {size}"));
    for (number, ready) in (1..).zip(stages) {
        let name = style(&ready.name).bold();
        text += &format!("  {number}. {name}: {}\n", ready.description);
    }
    text
}

/// How each stage went, what all of them made, and what they noticed.
pub(crate) fn closing(report: &Report) -> String {
    let mut table = table(["stage", "outcome", "in", "out", "change", "time", "reports"]);
    for index in 2..=6 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut noticed = String::new();
    for step in &report.steps {
        let (name, outcome) = match &step.outcome {
            Ok(_) => (good(&step.name), "done"),
            Err(StageError::Broken(fault)) => (bad(&step.name), fault.code()),
            Err(_) => (bad(&step.name), "gave up"),
        };
        let first = [name, Cell::new(outcome)];
        table.add_row(first.into_iter().chain(numbers(step)));
        if let Ok(notes) = &step.outcome
            && !notes.is_empty()
        {
            let name = style(format!("{:<10}", step.name)).bold();
            noticed += &format!("  {name} {}\n", joined(notes, "; "));
        }
    }
    if let Some(sum) = report.sum() {
        let first = [Cell::new(&sum.name), Cell::new("")];
        let row = first.into_iter().chain(numbers(&sum));
        table.add_row(row.map(bold));
    }
    format!("{}{table}\n{noticed}", heading("Result"))
}

/// Who broke, where, and in which words.
pub(crate) fn survived(report: &Report) -> String {
    let mut text = String::new();
    for fault in report.survived() {
        let place = fault
            .location()
            .map_or_else(String::new, |place| format!(" at {place}"));
        let what = format!("plugin `{}` {}{place}", fault.plugin(), fault.code());
        let (contract, method, message) = (fault.contract(), fault.method(), fault.message());
        text += &format!(
            "{} {}\n  {contract}.{method}: {message}\n",
            style("survived:").yellow().bold(),
            style(what).bold(),
        );
    }
    if text.is_empty() && report.stopped_by().is_none() {
        text += "Nobody broke: none of these stages does so on demand.\n";
    }
    text
}

/// Bytes before and after, the change, the time, the reports.
fn numbers(step: &Step) -> [Cell; 5] {
    [
        Cell::new(HumanBytes(step.before)),
        Cell::new(HumanBytes(step.after)),
        Cell::new(change(step.before, step.after)),
        Cell::new(time(step.took)),
        Cell::new(step.reports),
    ]
}

/// In percent, with its sign.
fn change(before: u64, after: u64) -> String {
    if before == after {
        return "0 %".to_owned();
    }
    if before == 0 {
        return "new".to_owned();
    }
    let percent = 100.0 * (after as f64 - before as f64) / before as f64;
    format!("{percent:+.1} %")
}

/// In milliseconds, so that a column of them can be compared.
fn time(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1e3)
}

fn heading(text: &str) -> String {
    format!("\n{}\n", style(text).bold().underlined())
}

fn table<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED.with_rounded_corners())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.map(|title| bold(Cell::new(title))));
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table
}

fn bold(cell: Cell) -> Cell {
    cell.add_attribute(Attribute::Bold)
}

fn good(text: &str) -> Cell {
    Cell::new(text).fg(Color::Green)
}

fn bad(text: &str) -> Cell {
    Cell::new(text).fg(Color::Red)
}

fn method_names(contracts: &[ContractInfo]) -> String {
    let methods = contracts.iter().flat_map(ContractInfo::methods);
    let names: Vec<_> = methods.map(|method| method.name().to_owned()).collect();
    names.join(", ")
}

fn joined<T: ToString>(items: &[T], between: &str) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_a_sign() {
        assert_eq!(change(10, 10), "0 %");
        assert_eq!(change(0, 10), "new");
        assert_eq!(change(200, 100), "-50.0 %");
        assert_eq!(change(100, 250), "+150.0 %");
    }

    #[test]
    fn times_share_their_unit() {
        assert_eq!(time(Duration::from_micros(1234)), "1.23 ms");
        assert_eq!(time(Duration::from_secs(2)), "2000.00 ms");
    }
}
