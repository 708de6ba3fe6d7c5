//! Two small forests of decision trees that tell content from what stands around it.
//!
//! The first judges a block by its features, the second again with what the first thinks of its surroundings.
//! They were trained on pages of all kinds; docs/adr/0009 says how, and why not by rules.
//! A tree asks the same question of all blocks on each of its levels, so that many are compared at once.
//!
//! File format: trees one after the other, each with its [`LEVELS`] questions of two bytes (feature, most that
//! counts as no) and the little-endian 16-bit scores of its leaves, in 1/4096 of the logarithm of the odds.

use super::features::Features;

const LEVELS: usize = 6;
const LEAVES: usize = 1 << LEVELS;
const TREE_BYTES: usize = 2 * LEVELS + 2 * LEAVES;

/// Scores are stored as whole numbers of this part.
const UNIT: f32 = 4_096.0;

/// Judges blocks by themselves and by where they stand.
const FIRST: &[u8] = include_bytes!("forest/first.bin");

/// Judges blocks with what the first forest says around them.
const SECOND: &[u8] = include_bytes!("forest/second.bin");

/// One of the two forests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Forest {
    First,
    Second,
}

impl Forest {
    /// How likely it is that each block belongs to the content.
    pub(super) fn chances(self, features: &Features) -> Vec<f32> {
        let bytes = match self {
            Self::First => FIRST,
            Self::Second => SECOND,
        };
        let mut scores = vec![0_i32; features.rows()];
        let mut leaves = vec![0_u8; features.rows()];
        for tree in bytes.chunks_exact(TREE_BYTES) {
            let (questions, values) = tree.split_at(2 * LEVELS);
            let mut scores_of = [0_i16; LEAVES];
            for (score, bytes) in scores_of.iter_mut().zip(values.as_chunks::<2>().0) {
                *score = i16::from_le_bytes(*bytes);
            }
            leaves.fill(0);
            for (level, question) in questions.chunks_exact(2).enumerate() {
                let (feature, most) = (usize::from(question[0]), question[1]);
                for (leaf, value) in leaves.iter_mut().zip(features.column(feature)) {
                    *leaf |= u8::from(*value > most) << level;
                }
            }
            for (score, leaf) in scores.iter_mut().zip(&leaves) {
                *score += i32::from(scores_of[usize::from(*leaf) % LEAVES]);
            }
        }
        scores.into_iter().map(chance).collect()
    }
}

fn chance(score: i32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "sums of a few hundred 16-bit numbers")]
    let odds = score as f32 / UNIT;
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forests_are_whole_trees() {
        for bytes in [FIRST, SECOND] {
            assert!(!bytes.is_empty() && bytes.len() % TREE_BYTES == 0);
        }
    }
}
