//! A lexical retriever (BM25), which needs no model and so gives the same result everywhere.

use std::collections::HashMap;

use super::Piece;
use super::texts::Text;
use crate::extraction::score::share;

/// The usual settings of BM25.
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;

/// An index of pieces by their words.
pub(super) struct Retriever {
    /// Pieces with how often they have a word.
    places: HashMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
    mean: f64,
}

impl Retriever {
    pub(super) fn new(texts: &[Text], pieces: &[Piece]) -> Self {
        let mut places: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(pieces.len());
        for (at, piece) in pieces.iter().enumerate() {
            let mut length = 0;
            for word in words(texts[piece.text].slice(&piece.range)) {
                length += 1;
                let list = places.entry(word).or_default();
                match list.last_mut() {
                    Some((piece, count)) if *piece == at => *count += 1.0,
                    _ => list.push((at, 1.0)),
                }
            }
            lengths.push(share(length, 1));
        }
        let mean = lengths.iter().sum::<f64>() / share(lengths.len(), 1).max(1.0);
        Self { places, lengths, mean }
    }

    /// The best pieces for a question, by their numbers.
    pub(super) fn best(&self, question: &str, most: usize) -> Vec<usize> {
        let all = share(self.lengths.len(), 1);
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for word in words(question) {
            let Some(list) = self.places.get(&word) else { continue };
            let with = share(list.len(), 1);
            let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for (piece, count) in list {
                let longer = 1.0 - LENGTH + LENGTH * self.lengths[*piece] / self.mean;
                let gain = count * (SATURATION + 1.0) / (count + SATURATION * longer);
                *scores.entry(*piece).or_default() += rarity * gain;
            }
        }
        let mut ranked: Vec<_> = scores.into_iter().collect();
        ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        ranked.into_iter().take(most).map(|(piece, _)| piece).collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}
