//! How a tenant's tasks at once are divided among the shards, by what each could use.

use rad_schema::window::ShareUse;

/// Tasks at once that a shard could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// So many.
    Some(i64),
    /// More than it has: nobody knows how many.
    More,
}

impl Need {
    fn of(seen: &ShareUse) -> Self {
        let share = seen.share.unwrap_or(0);
        match (seen.running >= share, seen.offered > 0, seen.fell_short) {
            (true, true, _) => Self::More,
            // Its work waits for hosts that others use now: one at a time is enough to take them in turn.
            (true, false, true) => Self::Some(seen.running + 1),
            (true, false, false) => Self::Some(seen.running),
            (false, _, late) => {
                Self::Some(seen.running + seen.offered.max(i64::from(late)).min(share - seen.running))
            }
        }
    }

    fn at_most(self, most: i64) -> i64 {
        match self {
            Self::Some(tasks) => tasks.min(most),
            Self::More => most,
        }
    }
}

/// Whether the shard could use more than its share.
pub(super) fn is_short(seen: &ShareUse) -> bool {
    seen.running >= seen.share.unwrap_or(0) && (seen.offered > 0 || seen.fell_short)
}

/// Divides `pool` among the shards that are `seen`; the others get nothing. Who needs less than an equal part leaves the
/// rest to those who need more, and what nobody needs is spread evenly. Where there are fewer than shards that need
/// some, those get one each that come first in `order`.
pub(super) fn divide(pool: i64, seen: &[Option<ShareUse>], order: &[usize]) -> Vec<i64> {
    let mut shares = vec![0; seen.len()];
    let needs: Vec<_> = seen.iter().map(|seen| seen.as_ref().map(Need::of)).collect();
    let short_ones: Vec<_> = order
        .iter()
        .copied()
        .filter(|shard| needs[*shard].is_some_and(|need| need != Need::Some(0)))
        .collect();
    let mut left = pool.max(0);
    if left < count(short_ones.len()) {
        short_ones.iter().zip(0..left).for_each(|(shard, _)| shares[*shard] = 1);
        return shares;
    }
    let mut waiting: Vec<_> =
        short_ones.into_iter().filter_map(|shard| Some((shard, needs[shard]?))).collect();
    // Those that need least first: what they leave is for the others.
    waiting.sort_by_key(|(shard, need)| (need.at_most(i64::MAX), *shard));
    for (at, (shard, need)) in waiting.iter().enumerate() {
        let equal_part = left / count(waiting.len() - at);
        shares[*shard] = need.at_most(equal_part);
        left -= shares[*shard];
    }
    spread(left, seen, &mut shares);
    shares
}

/// Gives what is left to those that have least.
fn spread(mut left: i64, seen: &[Option<ShareUse>], shares: &mut [i64]) {
    let mut by_share: Vec<_> = (0..seen.len()).filter(|shard| seen[*shard].is_some()).collect();
    by_share.sort_by_key(|shard| (shares[*shard], *shard));
    // With so many of the least, all of them have the same in the end.
    let Some(most) = (1..=by_share.len()).rev().find(|most| {
        let among = &by_share[..*most];
        let top = shares[among[most - 1]];
        among.iter().map(|shard| top - shares[*shard]).sum::<i64>() <= left
    }) else {
        return;
    };
    let total: i64 = left + by_share[..most].iter().map(|shard| shares[*shard]).sum::<i64>();
    for (at, shard) in by_share[..most].iter().enumerate() {
        let even = (total / count(most) + i64::from(count(at) < total % count(most))).max(shares[*shard]);
        let given = (even - shares[*shard]).min(left);
        shares[*shard] += given;
        left -= given;
    }
}

fn count(shards: usize) -> i64 {
    i64::try_from(shards).expect("a small number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a shard of the list is seen or not")]
    fn seen(share: i64, running: i64, offered: i64) -> Option<ShareUse> {
        Some(ShareUse { share: Some(share), running, offered, fell_short: false })
    }

    #[expect(clippy::unnecessary_wraps, reason = "a shard of the list is seen or not")]
    fn late(share: i64, running: i64) -> Option<ShareUse> {
        Some(ShareUse { share: Some(share), running, offered: 0, fell_short: true })
    }

    fn in_turn(pool: i64, seen: &[Option<ShareUse>]) -> Vec<i64> {
        divide(pool, seen, &(0..seen.len()).collect::<Vec<_>>())
    }

    #[test]
    fn what_nobody_needs_is_spread_evenly() {
        assert_eq!(in_turn(256, &[seen(0, 0, 0), seen(0, 0, 0), seen(0, 0, 0)]), [86, 85, 85]);
        assert_eq!(in_turn(10, &[seen(9, 6, 0), seen(1, 0, 0)]), [6, 4]);
        assert_eq!(in_turn(10, &[seen(9, 2, 0), None, seen(1, 0, 0)]), [5, 0, 5]);
    }

    #[test]
    fn a_shard_that_is_short_gets_what_the_others_leave() {
        assert_eq!(in_turn(10, &[seen(5, 5, 3), seen(5, 0, 0)]), [10, 0]);
        assert_eq!(in_turn(10, &[seen(5, 5, 3), seen(5, 2, 1)]), [7, 3]);
        assert_eq!(in_turn(90, &[seen(80, 80, 0), seen(10, 10, 9)]), [45, 45]);
        assert_eq!(in_turn(10, &[seen(5, 5, 3), late(5, 5), seen(0, 0, 0)]), [5, 5, 0]);
        assert_eq!(in_turn(10, &[seen(5, 5, 3), late(0, 0)]), [9, 1]);
    }

    #[test]
    fn the_first_in_order_get_one_each_where_there_is_not_one_for_all() {
        let all_short = [seen(1, 1, 5), seen(0, 0, 5), seen(0, 0, 5)];
        assert_eq!(divide(1, &all_short, &[1, 2, 0]), [0, 1, 0]);
        assert_eq!(divide(2, &all_short, &[2, 0, 1]), [1, 0, 1]);
        assert_eq!(divide(1, &[seen(1, 0, 0), seen(0, 0, 2)], &[0, 1]), [0, 1]);
        assert_eq!(divide(0, &all_short, &[0, 1, 2]), [0, 0, 0]);
        assert_eq!(divide(-3, &all_short, &[0, 1, 2]), [0, 0, 0]);
    }

    #[test]
    fn nothing_is_given_twice_and_nothing_is_left_over() {
        let mut numbers = 0x2545_f491_u64;
        let mut roll = |below: u64| {
            numbers ^= numbers << 13;
            numbers ^= numbers >> 7;
            numbers ^= numbers << 17;
            i64::try_from(numbers % below).expect("small")
        };
        for _ in 0..20_000 {
            let pool = roll(12);
            let seen: Vec<_> = (0..=roll(4))
                .map(|_| {
                    let share = roll(8);
                    let late = roll(2) == 1;
                    let (running, offered) = (roll(8), roll(3));
                    (roll(6) > 0).then_some(ShareUse {
                        share: Some(share),
                        running,
                        offered,
                        fell_short: late,
                    })
                })
                .collect();
            let shares = in_turn(pool, &seen);
            let given: i64 = shares.iter().sum();
            assert!(shares.iter().all(|share| *share >= 0), "{pool} {seen:?} {shares:?}");
            assert!(given <= pool, "{pool} {seen:?} {shares:?}");
            let some = seen.iter().any(Option::is_some);
            assert!(given == pool || !some, "{pool} {seen:?} {shares:?}");
        }
    }
}
