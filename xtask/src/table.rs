//! A table of text, printed in columns for people or as Markdown for a page.

/// Rows of cells under a header. The first column is text, the others are figures.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with nothing but its header.
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        Self::of(header.map(str::to_owned).to_vec())
    }

    /// As `new`, with as many columns as it turns out.
    pub(crate) fn of(header: Vec<String>) -> Self {
        Self { rows: vec![header] }
    }

    /// Adds a row; it has as many cells as the header.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.add(cells.to_vec());
    }

    /// As `row`, with as many columns as it turns out.
    pub(crate) fn add(&mut self, cells: Vec<String>) {
        debug_assert_eq!(
            self.rows[0].len(),
            cells.len(),
            "a row has as many cells as the header"
        );
        self.rows.push(cells);
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let rule = self
            .widths()
            .iter()
            .map(|width| "-".repeat(*width))
            .collect::<Vec<_>>()
            .join("  ");
        self.lines(&rule, |cells| cells.join("  ").trim_end().to_owned())
    }

    /// For a page.
    pub(crate) fn markdown(&self) -> String {
        let rule: Vec<_> = self
            .widths()
            .iter()
            .enumerate()
            .map(|(column, width)| {
                if column == 0 {
                    "-".repeat(*width)
                } else {
                    format!("{}:", "-".repeat(width - 1))
                }
            })
            .collect();
        self.lines(&format!("| {} |", rule.join(" | ")), |cells| {
            format!("| {} |", cells.join(" | "))
        })
    }

    fn lines(&self, rule: &str, line: impl Fn(&[String]) -> String) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (position, row) in self.rows.iter().enumerate() {
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| {
                    if column == 0 {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            text.push_str(&line(&cells));
            text.push('\n');
            if position == 0 {
                text.push_str(rule);
                text.push('\n');
            }
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        (0..self.rows[0].len())
            .map(|column| {
                self.rows
                    .iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
                    .max(3)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_both_forms() {
        let mut table = Table::new(["arm", "ns"]);
        table.row(["raw".to_owned(), "2.50".to_owned()]);
        assert_eq!(table.text(), "arm    ns\n---  ----\nraw  2.50\n");
        assert_eq!(
            table.markdown(),
            "| arm |   ns |\n| --- | ---: |\n| raw | 2.50 |\n"
        );
    }
}
