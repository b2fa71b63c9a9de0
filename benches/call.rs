//! What does a call cost? Every arm of every shape, compared block by block, then measured one by one by criterion
//! for its history.
//!
//! The comparison is the answer: `cargo xtask bench` prints it. Run by `cargo test` instead of `cargo bench` this
//! only makes sure that all arms compute the same.

use std::env;
use std::path::Path;
use std::time::Duration;

use benches::arms::{self, World};
use benches::interleave::{self, Plan};
use benches::report::{self, Report, Shape};
use criterion::Criterion;

/// Set to anything: fewer rounds, shorter measurements.
const QUICK_VARIABLE: &str = "POLYPLUG_BENCH_QUICK";

fn main() -> polyplug::Result<()> {
    let world = World::open()?;
    // Cargo passes it to benches that are to measure; otherwise they are being tested.
    if !env::args().any(|arg| arg == "--bench") {
        compare(
            &world,
            Plan {
                rounds: 1,
                block: Duration::from_micros(1),
            },
        );
        return Ok(());
    }

    let quick = env::var_os(QUICK_VARIABLE).is_some();
    let plan = Plan {
        rounds: if quick { 100 } else { 1000 },
        block: Duration::from_micros(75),
    };
    let report = compare(&world, plan);
    for shape in &report.shapes {
        println!("{shape}");
    }
    if let Some(path) = env::var_os(report::PATH_VARIABLE) {
        let path = Path::new(&path);
        report
            .write(path)
            .unwrap_or_else(|error| panic!("cannot write `{}`: {error}", path.display()));
    }

    remember(&world, quick);
    Ok(())
}

fn compare(world: &World, plan: Plan) -> Report {
    Report {
        rounds: plan.rounds,
        block_microseconds: plan.block.as_micros() as u64,
        shapes: world
            .groups()
            .into_iter()
            .map(|group| Shape {
                name: group.name,
                arms: interleave::compare(&group.arms, arms::RAW, plan),
            })
            .collect(),
    }
}

/// Criterion keeps the history of each arm, and says when one has changed.
fn remember(world: &World, quick: bool) {
    let (warm_up, measurement) = if quick { (50, 100) } else { (200, 500) };
    let mut criterion = Criterion::default()
        .sample_size(if quick { 10 } else { 30 })
        .warm_up_time(Duration::from_millis(warm_up))
        .measurement_time(Duration::from_millis(measurement))
        .configure_from_args();
    for group in world.groups() {
        let mut benches = criterion.benchmark_group(format!("call/native/{}", group.name));
        for arm in &group.arms {
            benches.bench_function(arm.name, |bencher| {
                bencher.iter_custom(|count| arm.time(count))
            });
        }
        benches.finish();
    }
    criterion.final_summary();
}
