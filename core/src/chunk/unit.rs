//! The pieces that chunks are made of: blocks, or parts of blocks that are too large.

use std::ops::Range;
use std::rc::Rc;

use super::block::{self, Block, Kind};
use super::heading::Path;
use super::split;
use super::tokens::Counter;

/// A piece that is never cut, of at most the maximal number of tokens.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) start: usize,
    /// Where the text ends; white space up to the next unit is not part of it.
    pub(super) end: usize,
    /// Tokens of `start..end`.
    pub(super) tokens: u32,
    /// Tokens up to the start of the next unit: what this one costs when another follows in its chunk.
    pub(super) full_tokens: u32,
    /// The level, where this is a heading.
    pub(super) heading: Option<u8>,
    /// Whether it goes on in the middle of a line. Counts do not add up there, so a chunk starts here.
    pub(super) mid_line: bool,
    /// The headings above, with itself where this is one.
    pub(super) path: Rc<[String]>,
}

/// Cuts a page into units of at most `max` tokens.
pub(super) fn units(markdown: &str, max: u32) -> Vec<Unit> {
    let blocks = block::blocks(markdown);
    let mut cutter = Cutter {
        markdown,
        counter: Counter::new(markdown),
        max,
        path: Rc::new([]),
        units: Vec::with_capacity(blocks.len()),
    };
    let mut path = Path::default();
    for (at, block) in blocks.iter().enumerate() {
        let next = blocks.get(at + 1).map_or(markdown.len(), |next| next.lines[0].start);
        if let Kind::Heading(level) = block.kind {
            cutter.path = path.enter(level, &markdown[block.lines[0].clone()]).into();
        }
        cutter.cut(block, next);
    }
    cutter.units
}

struct Cutter<'a> {
    markdown: &'a str,
    counter: Counter<'a>,
    max: u32,
    path: Rc<[String]>,
    units: Vec<Unit>,
}

impl Cutter<'_> {
    fn cut(&mut self, block: &Block, next: usize) {
        let first = self.units.len();
        let whole = self.measure(&block.lines, next);
        if whole.tokens <= self.max {
            self.units.push(whole);
        } else {
            for (at, line) in block.lines.iter().enumerate() {
                let next = block.lines.get(at + 1).map_or(next, |line| line.start);
                self.cut_line(line, next);
            }
        }
        if let (Kind::Heading(level), Some(unit)) = (block.kind, self.units.get_mut(first)) {
            unit.heading = Some(level);
        }
    }

    fn cut_line(&mut self, line: &Range<usize>, next: usize) {
        let whole = self.measure(std::slice::from_ref(line), next);
        if whole.tokens <= self.max {
            self.units.push(whole);
            return;
        }
        let pieces = split::pieces(self.markdown, line.clone(), self.max);
        for piece in pieces {
            let mid_line = piece.start != line.start;
            let end = if piece.end == whole.end { next } else { piece.end };
            let mut unit = self.measure(&[piece], end);
            unit.mid_line = mid_line;
            self.units.push(unit);
        }
    }

    /// Counts some lines, without and with the white space behind them.
    fn measure(&self, lines: &[Range<usize>], next: usize) -> Unit {
        let (first, last) = (&lines[0], &lines[lines.len() - 1]);
        let end = last.start + self.markdown[last.clone()].trim_end().len();
        let (tokens, full_tokens) = self.counter.with_and_without_tail(first.start, end, next);
        Unit {
            start: first.start,
            end,
            tokens,
            full_tokens,
            heading: None,
            mid_line: false,
            path: Rc::clone(&self.path),
        }
    }
}
