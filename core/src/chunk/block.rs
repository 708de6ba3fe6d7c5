//! The blocks of a Markdown text, found line by line.

use std::ops::Range;

use super::heading;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading of level 1 to 6.
    Heading(u8),
    Fence,
    Table,
    List,
    Paragraph,
}

/// A block with the byte ranges of its lines that are not blank, without their ends.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) lines: Vec<Range<usize>>,
}

/// An open code fence: the character and how often it stands there.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

/// Groups the lines of a page into blocks. Every line that is not blank is in exactly one.
pub(super) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<Fence> = None;
    let mut after_blank = true;
    for range in lines(markdown) {
        let line = &markdown[range.clone()];
        if line.trim().is_empty() {
            after_blank = true;
            continue;
        }
        let opening = fence.is_none().then(|| fence_of(line)).flatten();
        let joins = match (fence, blocks.last()) {
            (Some(_), _) => true,
            (None, Some(last)) => opening.is_none() && joins(last, line, after_blank),
            (None, None) => false,
        };
        match blocks.last_mut().filter(|_| joins) {
            Some(last) => {
                last.lines.push(range);
                last.kind = heading::underline(line, last).unwrap_or(last.kind);
            }
            None => blocks.push(Block {
                kind: opening.map_or_else(|| kind_of(line), |_| Kind::Fence),
                lines: vec![range],
            }),
        }
        fence = match fence {
            Some(open) => Some(open).filter(|open| !closes(line, *open)),
            None => opening,
        };
        after_blank = false;
    }
    blocks
}

/// Lines end at LF, CR or CRLF. A lone CR has to count: the tokenizer takes it for a line break, too.
fn lines(markdown: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = markdown.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let end_length = if rest[length..].starts_with("\r\n") { 2 } else { 1 };
        let range = start..start + length;
        start = (range.end + end_length).min(markdown.len());
        Some(range)
    })
}

/// Whether a line goes on with the block above it.
fn joins(last: &Block, line: &str, after_blank: bool) -> bool {
    let kind = kind_of(line);
    match last.kind {
        Kind::Heading(_) | Kind::Fence => false,
        // A list goes on with its next item, with what is indented, and with a line that was wrapped.
        Kind::List if after_blank => kind == Kind::List || line.starts_with([' ', '\t']),
        Kind::List => !matches!(kind, Kind::Heading(_)),
        Kind::Table => !after_blank && kind == Kind::Table,
        Kind::Paragraph => !after_blank && kind == Kind::Paragraph,
    }
}

fn kind_of(line: &str) -> Kind {
    let text = line.trim_start();
    if let Some(level) = heading::level(line) {
        Kind::Heading(level)
    } else if text.starts_with('|') {
        Kind::Table
    } else if is_item(text) {
        Kind::List
    } else {
        Kind::Paragraph
    }
}

fn is_item(text: &str) -> bool {
    let number = text.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match &text[number..] {
        rest if number == 0 => rest.starts_with(['-', '*', '+']),
        rest => number <= 9 && rest.starts_with(['.', ')']),
    };
    marker && text[number + 1..].starts_with([' ', '\t'])
}

fn fence_of(line: &str) -> Option<Fence> {
    let text = line.trim_start();
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = text.chars().take_while(|c| *c == mark).count();
    let inline_code = mark == '`' && text[length..].contains('`');
    (length >= 3 && !inline_code).then_some(Fence { mark, length })
}

fn closes(line: &str, fence: Fence) -> bool {
    let text = line.trim();
    text.len() >= fence.length && text.chars().all(|c| c == fence.mark)
}
