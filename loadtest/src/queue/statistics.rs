//! Numbers that stand for many.

use std::time::Duration;

use serde::Serialize;

/// Where half, and where all but a hundredth of the samples lie, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The hundredth from the top.
    pub p99: f64,
}

impl Percentiles {
    /// Of `samples`; zeros when there are none.
    pub(super) fn of(samples: &mut [Duration]) -> Self {
        samples.sort_unstable();
        Self { p50: at(samples, 50), p99: at(samples, 99) }
    }

    /// The median of each number over several rounds: one round that was disturbed changes nothing.
    pub(super) fn typical(rounds: &[Self]) -> Self {
        let middle = |number: fn(&Self) -> f64| median(rounds.iter().map(number).collect());
        Self { p50: middle(|round| round.p50), p99: middle(|round| round.p99) }
    }
}

/// Nearest rank, in milliseconds.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |sample| sample.as_secs_f64() * 1_000.0)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

/// Jain's index: 1 when all have the same, 1/n when one has everything.
pub(super) fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    if squares > 0.0 { sum * sum / (count(shares.len()) * squares) } else { 1.0 }
}

/// A count as a number to calculate with.
pub(super) fn count(items: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
    let number = items as f64;
    number
}

/// The same for the counters of a server.
pub(super) fn whole(number: u64) -> f64 {
    count(usize::try_from(number).unwrap_or(usize::MAX))
}

/// `a` for each `b`; nothing for none.
pub(super) fn per(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jain_is_one_for_equals_and_one_nth_for_a_monopoly() {
        assert!((jain(&[5.0; 10]) - 1.0).abs() < 1e-12);
        assert!((jain(&[100.0, 0.0, 0.0, 0.0]) - 0.25).abs() < 1e-12);
        assert!((jain(&[1.0, 3.0]) - 0.8).abs() < 1e-12);
        assert!((jain(&[]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        let mut samples: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(Percentiles::of(&mut samples), Percentiles { p50: 100.0, p99: 198.0 });
        assert_eq!(Percentiles::of(&mut [Duration::from_millis(7)]), Percentiles { p50: 7.0, p99: 7.0 });
        assert_eq!(Percentiles::of(&mut []), Percentiles::default());
    }

    #[test]
    fn a_disturbed_round_does_not_count() {
        let calm = Percentiles { p50: 1.0, p99: 2.0 };
        let disturbed = Percentiles { p50: 1.5, p99: 90.0 };
        assert_eq!(Percentiles::typical(&[calm, disturbed, calm]), calm);
    }
}
