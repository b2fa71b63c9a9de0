//! What a comparison found, as it is written for `cargo xtask bench` to print.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use crate::interleave::{Arm, Samples};

/// Where to write the report, as JSON. Without it none is written.
pub const PATH_VARIABLE: &str = "POLYPLUG_BENCH_REPORT";

/// Everything one run found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In how many processes the rounds were run.
    pub processes: usize,
    /// How many rounds each shape ran, in all of them.
    pub rounds: usize,
    /// How long each arm ran in each round.
    pub block_microseconds: u64,
    /// In the table's order.
    pub shapes: Vec<Shape>,
}

/// What was found about one shape.
#[derive(Debug, Serialize)]
pub struct Shape {
    /// What the table calls it.
    pub name: &'static str,
    /// In the table's order.
    pub arms: Vec<Measured>,
}

/// What was found about one arm.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// What the table calls it.
    pub name: &'static str,
    /// The median of the rounds, for one call.
    pub nanoseconds: f64,
    /// How many times the time of the arm it is compared with, in the same round.
    pub ratio: Quartiles,
    /// What the ratio may be.
    pub target: Option<Target>,
}

/// What a ratio may be.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Target {
    /// The limit.
    pub at_most: f64,
    /// Whether it is to be met now; otherwise it is only printed.
    pub due: bool,
}

/// The middle of a set of numbers, and the middles of its halves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quartiles {
    /// A quarter is below.
    pub lower: f64,
    /// Half is below.
    pub median: f64,
    /// Three quarters are below.
    pub upper: f64,
}

impl Quartiles {
    /// Those of `numbers`, of which there is at least one.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |quarter: usize| numbers[(numbers.len() - 1) * quarter / 4];
        Self {
            lower: at(1),
            median: at(2),
            upper: at(3),
        }
    }
}

impl Shape {
    /// What `samples` say about `arms`, compared with the one called `base`.
    ///
    /// # Panics
    ///
    /// When none has that name.
    pub fn of(name: &'static str, arms: &[Arm<'_>], base: &str, samples: &Samples) -> Self {
        let base = arms.iter().position(|arm| arm.name == base);
        let base = &samples[base.expect("an arm to compare with")];
        let measured = arms.iter().zip(samples).map(|(arm, times)| Measured {
            name: arm.name,
            nanoseconds: Quartiles::of(times.clone()).median,
            ratio: Quartiles::of(
                times
                    .iter()
                    .zip(base)
                    .map(|(time, base)| time / base)
                    .collect(),
            ),
            target: arm.target,
        });
        Self {
            name,
            arms: measured.collect(),
        }
    }
}

impl Report {
    /// Writes it to `path`.
    ///
    /// # Errors
    ///
    /// What the system says about the file.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec_pretty(self)?)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for Measured {
            name,
            nanoseconds,
            ratio:
                Quartiles {
                    lower,
                    median,
                    upper,
                },
            ..
        } in &self.arms
        {
            writeln!(
                f,
                "  {name:<28}{nanoseconds:>10.2} ns {median:>8.3}x   ({lower:.3} - {upper:.3})"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let arm = |name| Arm {
            name,
            target: None,
            run: Box::new(|count| count),
        };
        let samples = vec![vec![1.0, 100.0, 10.0], vec![2.0, 300.0, 20.0]];
        let shape = Shape::of("shape", &[arm("raw"), arm("other")], "raw", &samples);
        assert_eq!(
            (shape.arms[0].ratio.median, shape.arms[1].ratio.median),
            (1.0, 2.0)
        );
        assert_eq!(
            (shape.arms[0].nanoseconds, shape.arms[1].nanoseconds),
            (10.0, 20.0)
        );
    }

    #[test]
    fn quartiles_do_not_depend_on_the_order() {
        let expected = Quartiles {
            lower: 2.0,
            median: 3.0,
            upper: 4.0,
        };
        assert_eq!(Quartiles::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]), expected);
        assert_eq!(
            Quartiles::of(vec![7.0]),
            Quartiles {
                lower: 7.0,
                median: 7.0,
                upper: 7.0
            }
        );
    }
}
