//! How well chunks fit the passages that questions need, without an embedding model.
//!
//! A perfect retriever takes the chunks that touch a question's passages. What it then gets too much is the
//! chunker's doing: `IoU` is the length of the passages over that of the chunks that touch them. A lexical retriever
//! (BM25, five chunks) shows whether chunks can be found, too. Both are compared with pieces of a fixed number of
//! tokens of the same mean size.

mod retriever;
mod texts;

use std::fmt::{self, Display};
use std::ops::Range;
use std::path::Path;

use rad_core::chunk::{ChunkLimits, chunk};
use serde::Serialize;

use super::ExtractError;
use super::progress;
use super::score::share;
use retriever::Retriever;
use texts::{Question, Text};

/// Chunks that are retrieved for a question.
const RETRIEVED: usize = 5;

/// Sizes that are compared: target and most tokens.
const SIZES: [(u32, u32); 3] = [(200, 256), (350, 512), (700, 800)];

/// How ours and fixed-size chunks do.
#[derive(Clone, Debug, Serialize)]
pub struct Chunking {
    /// One row for each size, ours and fixed.
    pub rows: Vec<Row>,
}

/// How chunks of one kind do, means over all questions.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `rad` or `fixed`.
    pub chunker: String,
    /// Target and most tokens of ours; the others are as large in the mean.
    pub limits: (u32, u32),
    /// Mean size of a chunk in characters.
    pub mean_chars: f64,
    /// `IoU` with a perfect retriever.
    pub iou_perfect: f64,
    /// Token recall of the lexical retriever.
    pub recall: f64,
    /// Token `IoU` of the lexical retriever.
    pub iou: f64,
}

/// A piece of a text, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    text: usize,
    range: Range<usize>,
}

/// Measures on the texts of a folder.
pub(super) fn measure(folder: &Path) -> Result<Chunking, ExtractError> {
    let texts = texts::texts(folder)?;
    let questions = texts::questions(folder, &texts)?;
    let bar = progress::bar(SIZES.len() * 2, "chunkers");
    let mut rows = Vec::new();
    for (target, most) in SIZES {
        let limits = ChunkLimits { target_tokens: target, max_tokens: most, ..ChunkLimits::default() };
        let ours = ours(&texts, &limits);
        let length: usize = ours.iter().map(|piece| piece.range.len()).sum();
        let fixed = fixed(&texts, length.div_ceil(ours.len().max(1)));
        for (name, pieces) in [("rad", ours), ("fixed", fixed)] {
            rows.push(row(name, (target, most), &texts, &pieces, &questions));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(Chunking { rows })
}

fn ours(texts: &[Text], limits: &ChunkLimits) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        for chunk in chunk(&text.content, limits) {
            let range = text.characters(chunk.start as usize)..text.characters(chunk.end as usize);
            pieces.push(Piece { text: at, range });
        }
    }
    pieces
}

/// Pieces of the same number of characters, wherever that cuts.
fn fixed(texts: &[Text], length: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let all = text.length();
        let starts = (0..all).step_by(length.max(1));
        pieces.extend(starts.map(|start| Piece { text: at, range: start..(start + length).min(all) }));
    }
    pieces
}

fn row(name: &str, limits: (u32, u32), texts: &[Text], pieces: &[Piece], questions: &[Question]) -> Row {
    let retriever = Retriever::new(texts, pieces);
    let (mut perfect, mut recall, mut iou) = (0.0, 0.0, 0.0);
    for question in questions {
        let touching: Vec<_> = pieces.iter().filter(|piece| question.touches(piece)).collect();
        perfect += question.judge(&touching).1;
        let best: Vec<_> =
            retriever.best(&question.text, RETRIEVED).into_iter().map(|at| &pieces[at]).collect();
        let found = question.judge(&best);
        recall += found.0;
        iou += found.1;
    }
    let length: usize = pieces.iter().map(|piece| piece.range.len()).sum();
    let count = share(questions.len(), 1);
    Row {
        chunker: name.to_owned(),
        limits,
        mean_chars: share(length, pieces.len()),
        iou_perfect: perfect / count,
        recall: recall / count,
        iou: iou / count,
    }
}

impl Display for Chunking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "chunks  tokens     mean chars  IoU, perfect  recall@{RETRIEVED}  IoU@{RETRIEVED}")?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<7} {:<10} {:>10.0} {:>13.3} {:>9.3} {:>6.3}",
                row.chunker,
                format!("{}-{}", row.limits.0, row.limits.1),
                row.mean_chars,
                row.iou_perfect,
                row.recall,
                row.iou
            )?;
        }
        Ok(())
    }
}
