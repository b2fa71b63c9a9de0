//! What does a call cost? Every arm of every shape, compared block by block, then measured one by one by criterion
//! for its history.
//!
//! The comparison is the answer: `cargo xtask bench` prints it. Run by `cargo test` instead of `cargo bench` this
//! only makes sure that all arms compute the same.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use benches::arms::{self, Group, World};
use benches::interleave::{self, Plan, Samples};
use benches::report::{self, Report, Shape};
use criterion::Criterion;

/// Set to anything: fewer rounds, shorter measurements.
const QUICK_VARIABLE: &str = "POLYPLUG_BENCH_QUICK";

/// Makes the program take samples, print them as JSON and end: one of the processes of a comparison.
const SAMPLE_ARGUMENT: &str = "--sample-rounds";

/// Set to `fence`, it makes callers do without the barrier of the system.
const BARRIER_VARIABLE: &str = "POLYPLUG_BARRIER";

/// How long an arm runs at a time.
const BLOCK: Duration = Duration::from_micros(75);

fn main() -> polyplug::Result<()> {
    let world = World::open()?;
    let args: Vec<_> = env::args().collect();
    if let [_, argument, rounds] = args.as_slice()
        && argument == SAMPLE_ARGUMENT
    {
        let rounds = rounds.parse().expect("a number of rounds");
        let plan = Plan {
            rounds,
            block: BLOCK,
        };
        let fenced = env::var_os(BARRIER_VARIABLE).is_some();
        let samples = sample(&world, plan, |group| (group.name == arms::FENCED) == fenced);
        println!(
            "{}",
            serde_json::to_string(&samples).expect("numbers are JSON")
        );
        return Ok(());
    }
    // Cargo passes it to benches that are to measure; otherwise they are being tested.
    if !args.iter().any(|argument| argument == "--bench") {
        let block = Duration::from_micros(1);
        sample(&world, Plan { rounds: 1, block }, |_| true);
        return Ok(());
    }

    let quick = env::var_os(QUICK_VARIABLE).is_some();
    let report = compare(&world, if quick { 10 } else { 40 }, 25);
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

/// Measures all arms of the shapes that are asked for, here; nothing of the others.
fn sample(world: &World, plan: Plan, asked: impl Fn(&Group<'_>) -> bool) -> Vec<Samples> {
    let groups = world.groups().into_iter();
    groups
        .map(|group| {
            if asked(&group) {
                interleave::sample(&group.arms, plan)
            } else {
                vec![Vec::new(); group.arms.len()]
            }
        })
        .collect()
}

/// Measures in so many processes, one after the other.
fn compare(world: &World, processes: usize, rounds: usize) -> Report {
    let groups = world.groups();
    let mut samples: Vec<Samples> = groups
        .iter()
        .map(|group| vec![Vec::new(); group.arms.len()])
        .collect();
    for _ in 0..processes {
        for fenced in [false, true] {
            let sampled = elsewhere(rounds, fenced);
            for (all, new) in samples
                .iter_mut()
                .flatten()
                .zip(sampled.into_iter().flatten())
            {
                all.extend(new);
            }
        }
    }
    let shapes = groups.iter().zip(&samples);
    Report {
        processes,
        rounds: processes * rounds,
        block_microseconds: BLOCK.as_micros() as u64,
        shapes: shapes
            .map(|(group, samples)| Shape::of(group.name, &group.arms, group.base, samples))
            .collect(),
    }
}

/// Measures in a process of its own: what is fenced, or the rest.
fn elsewhere(rounds: usize, fenced: bool) -> Vec<Samples> {
    let program = env::current_exe().expect("the path of the running program");
    let mut command = Command::new(program);
    if fenced {
        command.env(BARRIER_VARIABLE, "fence");
    } else {
        command.env_remove(BARRIER_VARIABLE);
    }
    let output = command
        .args([SAMPLE_ARGUMENT, &rounds.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the running program runs again");
    assert!(
        output.status.success(),
        "a process of the comparison failed"
    );
    serde_json::from_slice(&output.stdout).expect("samples as JSON")
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
