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
    /// The header of the table that this is a row of, where the table was cut.
    pub(super) header: Option<Header>,
    /// The headings above, with itself where this is one.
    pub(super) path: Rc<[String]>,
}

/// The first lines of a table, up to the start of the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tokens: u32,
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
        } else if let Some(header) = self.header(block) {
            self.cut_table(block, header, next);
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

    /// The header of a table, where there is room for rows below it.
    fn header(&self, block: &Block) -> Option<Header> {
        let [names, rule, row, ..] = block.lines.as_slice() else { return None };
        let is_rule = self.markdown[rule.clone()].bytes().all(|byte| b"|-: \t".contains(&byte));
        if block.kind != Kind::Table || !is_rule {
            return None;
        }
        let whole = self.measure(&[names.clone(), rule.clone()], row.start);
        let header = Header { start: whole.start, end: row.start, tokens: whole.full_tokens };
        (header.tokens <= self.max / 2).then_some(header)
    }

    /// Rows one by one, each below the header; the first stands below it anyway.
    fn cut_table(&mut self, block: &Block, header: Header, next: usize) {
        let room = self.max - header.tokens;
        for (at, line) in block.lines.iter().enumerate().skip(2) {
            let next = block.lines.get(at + 1).map_or(next, |line| line.start);
            let lines = if at == 2 { &block.lines[..3] } else { std::slice::from_ref(line) };
            let mut row = self.measure(lines, next);
            let most = if at == 2 { self.max } else { room };
            if row.tokens <= most {
                row.header = (at > 2).then_some(header);
                self.units.push(row);
            } else if at == 2 {
                for line in lines {
                    self.cut_line(line, end_of(line, block, next));
                }
            } else {
                self.cut_line(line, next);
            }
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
            header: None,
            path: Rc::clone(&self.path),
        }
    }
}

/// Where the line behind `line` starts.
fn end_of(line: &Range<usize>, block: &Block, next: usize) -> usize {
    block.lines.iter().map(|other| other.start).find(|start| *start > line.start).unwrap_or(next)
}
