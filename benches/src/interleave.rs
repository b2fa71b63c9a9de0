//! Comparing arms on a machine that drifts: short blocks, arm after arm, round after round.
//!
//! A machine that gets faster or slower between two long measurements changes their ratio; between two blocks of the
//! same round it hardly can. So every round runs every arm for one block, each round begins with another arm and
//! every second one goes backwards, and an arm's ratio is the median over the rounds of its time divided by the raw
//! arm's time *of the same round*.
//!
//! Where code lies decides how fast the processor predicts its jumps, and a call is not much more than two jumps. So
//! each block is made of several copies of the arm's loop, one after the other, and the rounds are spread over many
//! processes, each of which the system places anew.

use std::cell::Cell;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::report::Target;

/// How many copies of its loop an arm has.
pub const COPIES: u32 = 4;

thread_local! {
    /// What an arm has said that it took, since it was started.
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Says how long the part took that is to be measured: for arms of which only a part is. What is said adds up, and is taken
/// instead of the time of the whole.
pub fn spend(took: Duration) {
    SPENT.set(SPENT.get() + took);
}

/// One way to make the calls.
pub struct Arm<'a> {
    /// What the table calls it.
    pub name: &'static str,
    /// What it may cost.
    pub target: Option<Target>,
    /// Makes so many calls by each copy of its loop. All arms of a comparison return the same for the same number.
    pub run: Box<dyn Fn(u64) -> u64 + 'a>,
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often every arm gets a block.
    pub rounds: usize,
    /// How long a block is, about.
    pub block: Duration,
}

/// What was measured: for each arm, for each round, the nanoseconds of one call.
pub type Samples = Vec<Vec<f64>>;

impl Arm<'_> {
    /// How long `count` calls take, as the mean of the copies.
    pub fn time(&self, count: u64) -> Duration {
        SPENT.set(Duration::ZERO);
        let start = Instant::now();
        black_box((self.run)(black_box(count)));
        let whole = start.elapsed();
        let spent = SPENT.get();
        (if spent.is_zero() { whole } else { spent }) / COPIES
    }

    /// How many calls by each copy take about as long as `block`, together.
    fn calibrate(&self, block: Duration) -> u64 {
        let block = block / COPIES;
        let mut count = 1;
        loop {
            let start = Instant::now();
            let took = self.time(count);
            // One that says itself how long it took is worth no more than its whole turn.
            let took = took.max(start.elapsed() / COPIES);
            if took >= block / 2 {
                let scaled = count as f64 * block.as_secs_f64() / took.as_secs_f64();
                return (scaled as u64).max(1);
            }
            count *= 2;
        }
    }
}

impl fmt::Debug for Arm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arm")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Measures `arms`, of which there is at least one.
///
/// # Panics
///
/// When an arm computes something else than the first one.
pub fn sample(arms: &[Arm<'_>], plan: Plan) -> Samples {
    agree(arms);
    let counts: Vec<_> = arms.iter().map(|arm| arm.calibrate(plan.block)).collect();
    let mut samples = vec![Vec::with_capacity(plan.rounds); arms.len()];
    for round in 0..plan.rounds {
        for index in order(round, arms.len()) {
            let took = arms[index].time(counts[index]);
            samples[index].push(took.as_secs_f64() * 1e9 / counts[index] as f64);
        }
    }
    samples
}

/// Whether they do the same work is not a matter of trust.
fn agree(arms: &[Arm<'_>]) {
    // A load takes as long as a hundred thousand calls.
    let start = Instant::now();
    black_box((arms[0].run)(1));
    let slow = start.elapsed() / COPIES > Duration::from_micros(20);
    let count = if slow { 3 } else { 1000 };
    let expected = (arms[0].run)(count);
    for arm in arms {
        let (name, first) = (arm.name, arms[0].name);
        assert_eq!(
            (arm.run)(count),
            expected,
            "`{name}` computes something else than `{first}`"
        );
    }
}

/// The order of the arms in a round.
fn order(round: usize, arms: usize) -> impl Iterator<Item = usize> {
    (0..arms).map(move |position| {
        let position = if round.is_multiple_of(2) {
            position
        } else {
            arms - 1 - position
        };
        (position + round / 2) % arms
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        rounds: 5,
        block: Duration::from_micros(20),
    };

    fn arm(name: &'static str, run: fn(u64) -> u64) -> Arm<'static> {
        Arm {
            name,
            target: None,
            run: Box::new(run),
        }
    }

    #[test]
    fn every_round_has_every_arm_and_each_arm_comes_first() {
        let mut first = [0; 3];
        for round in 0..6 {
            let mut indices: Vec<_> = order(round, 3).collect();
            first[indices[0]] += 1;
            indices.sort_unstable();
            assert_eq!(indices, [0, 1, 2]);
        }
        assert_eq!(first, [2, 2, 2]);
    }

    #[test]
    fn every_arm_is_measured_in_every_round() {
        let arm = || arm("a", |count| (0..count).map(black_box).sum());
        let samples = sample(&[arm(), arm()], PLAN);
        assert_eq!(samples.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5]);
        assert!(
            samples
                .iter()
                .flatten()
                .all(|&nanoseconds| nanoseconds > 0.0)
        );
    }

    #[test]
    #[should_panic(expected = "`b` computes something else than `a`")]
    fn arms_that_do_other_work_are_not_compared() {
        sample(
            &[arm("a", |count| count), arm("b", |count| count + 1)],
            PLAN,
        );
    }
}
