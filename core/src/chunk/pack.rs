//! Units gathered into chunks up to the target size.

use super::ChunkLimits;
use super::unit::{Header, Unit};

/// The extent of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tokens: u32,
    pub(super) heading_path: &'a [String],
    /// What stands in front of it.
    pub(super) header: Option<Header>,
}

/// Gathers units into chunks, in order.
pub(super) fn pack(units: &[Unit], limits: ChunkLimits) -> Vec<Packed<'_>> {
    let mut chunks = Vec::new();
    let mut open = 0;
    for next in 1..=units.len() {
        let current = &units[open..next];
        let end = match units.get(next) {
            None => next,
            Some(unit) if fits(current, unit, limits) => continue,
            Some(unit) => keep_headings(current, unit, limits).map_or(next, |kept| next - kept),
        };
        chunks.push(close(&units[overlap(units, open, end, limits)..end]));
        open = end;
    }
    chunks
}

fn fits(current: &[Unit], unit: &Unit, limits: ChunkLimits) -> bool {
    let before = header_tokens(current) + current.iter().map(|unit| unit.full_tokens).sum::<u32>();
    let total = before + unit.tokens;
    if unit.mid_line || total > limits.max_tokens {
        return false;
    }
    let above = current.last().and_then(|unit| unit.heading);
    let only_headings = current.iter().all(|unit| unit.heading.is_some());
    match (unit.heading, above) {
        // A heading right below a higher one opens the same section.
        (Some(level), Some(above)) if only_headings => level > above,
        (Some(1 | 2), _) => false,
        // A section starts a chunk unless the one above is short.
        (Some(_), None) => before <= limits.target_tokens / 2,
        // A heading is not the end of a chunk.
        (None, Some(_)) => true,
        _ => total <= limits.target_tokens || before < limits.target_tokens / 2,
    }
}

fn header_tokens(units: &[Unit]) -> u32 {
    units.first().and_then(|unit| unit.header).map_or(0, |header| header.tokens)
}

/// Where a chunk starts that has the end of the one above again: at a whole block of the same section.
fn overlap(units: &[Unit], open: usize, end: usize, limits: ChunkLimits) -> usize {
    let own: u32 = units[open..end].iter().map(|unit| unit.full_tokens).sum();
    if units[open].mid_line || units[open].heading.is_some() || units[open].header.is_some() {
        return open;
    }
    let (mut start, mut again) = (open, 0);
    while let Some(unit) = start.checked_sub(1).map(|above| &units[above]) {
        again += unit.full_tokens;
        let whole = unit.heading.is_none() && !unit.mid_line && unit.header.is_none();
        if !whole || again > limits.overlap_tokens || own + again > limits.max_tokens {
            break;
        }
        start -= 1;
    }
    start
}

/// How many headings at the end of a full chunk go over to the next one: a heading belongs to what is
/// below it. None where they would not fit there, or are all that the chunk has.
fn keep_headings(current: &[Unit], unit: &Unit, limits: ChunkLimits) -> Option<usize> {
    let headings = current.iter().rev().take_while(|unit| unit.heading.is_some());
    let kept = headings.count();
    let moved = &current[current.len() - kept..];
    let total: u32 = moved.iter().map(|unit| unit.full_tokens).sum::<u32>() + unit.tokens;
    let below = match (unit.heading, moved.last().and_then(|unit| unit.heading)) {
        (Some(level), Some(above)) => level > above,
        _ => !unit.mid_line,
    };
    let possible = kept < current.len() && total <= limits.max_tokens && below;
    possible.then_some(kept)
}

/// The path of a chunk is that of its text; headings that it starts with are part of it.
fn close(units: &[Unit]) -> Packed<'_> {
    let (first, last) = (&units[0], &units[units.len() - 1]);
    let before: u32 = units[..units.len() - 1].iter().map(|unit| unit.full_tokens).sum();
    let text = units.iter().find(|unit| unit.heading.is_none());
    Packed {
        start: first.start,
        end: last.end,
        tokens: header_tokens(units) + before + last.tokens,
        heading_path: &text.unwrap_or(last).path,
        header: first.header,
    }
}
