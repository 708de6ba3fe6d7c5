//! Feeding a page to the parser in small pieces.
//!
//! The parser compares each attribute of a tag with all before it. A tag that goes on and on is therefore
//! looked through once, and what is too much of it is not fed. Where it starts is known for certain: each
//! `<` begins a piece, and the parser has made no token since. A scan of the text alone would be led astray
//! by a `<` or a quote in a comment, a script or a value.

use std::cell::Cell;

use ego_tree::NodeId;
use html5ever::ParseOpts;
use html5ever::interface::{TokenizerResult, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::tree_builder::TreeBuilder;

use super::attributes;

/// Most bytes of a piece, and the length at which an open tag is looked at.
pub(super) const PIECE_BYTES: usize = 4_096;

/// A page that is being parsed.
pub(super) struct Feed<'a, S: TreeSink<Handle = NodeId>> {
    text: &'a str,
    fed: usize,
    tokenizer: Tokenizer<Watch<S>>,
    input: BufferQueue,
    /// Where that starts which the parser is inside of: a tag, a comment, or what may become one.
    open: Option<usize>,
    /// What is open was looked through.
    is_checked: bool,
}

impl<'a, S: TreeSink<Handle = NodeId>> Feed<'a, S> {
    pub(super) fn new(text: &'a str, sink: S, options: ParseOpts) -> Self {
        let builder = TreeBuilder::new(sink, options.tree_builder);
        let tokenizer = Tokenizer::new(Watch { builder, tokens: Cell::new(0) }, options.tokenizer);
        Self { text, fed: 0, tokenizer, input: BufferQueue::default(), open: None, is_checked: false }
    }

    /// Bytes of the page that were fed or left out.
    pub(super) fn fed(&self) -> usize {
        self.fed
    }

    /// The parser is not inside of a tag or a comment.
    pub(super) fn is_between_tags(&self) -> bool {
        self.open.is_none()
    }

    pub(super) fn sink(&self) -> &S {
        &self.tokenizer.sink.builder.sink
    }

    /// Feeds what comes next, up to the next `<`.
    pub(super) fn advance(&mut self) {
        self.leave_out_excess();
        if self.text[self.fed..].starts_with('<') {
            // Text that waited for its end, such as `&am`, or a lone `<`, becomes a token only now.
            let was_text = self.process(self.fed + 1);
            if was_text || self.open.is_none() {
                self.open = Some(self.fed - 1);
                self.is_checked = false;
            }
        }
        let most = self.text.floor_char_boundary(self.fed + PIECE_BYTES);
        let end = self.text[self.fed..most].find('<').map_or(most, |at| self.fed + at);
        if self.process(end) {
            self.open = None;
        }
    }

    pub(super) fn finish(self) -> S::Output {
        self.tokenizer.end();
        self.tokenizer.sink.builder.sink.finish()
    }

    fn leave_out_excess(&mut self) {
        let Some(start) = self.open.filter(|start| !self.is_checked && self.fed - start >= PIECE_BYTES)
        else {
            return;
        };
        self.is_checked = true;
        if let Some(excess) = attributes::excess(&self.text[start..], self.fed - start) {
            self.process(start + excess.start);
            self.fed = start + excess.end;
        }
    }

    /// Feeds up to `end`. Whether the parser made a token of it.
    fn process(&mut self, end: usize) -> bool {
        let before = self.tokenizer.sink.tokens.get();
        if end > self.fed {
            self.input.push_back(StrTendril::from(&self.text[self.fed..end]));
            self.fed = end;
            // It stops at the end of a script, which is not run here.
            while !matches!(self.tokenizer.feed(&self.input), TokenizerResult::Done) {}
        }
        self.tokenizer.sink.tokens.get() > before
    }
}

/// The tree builder, and how many tokens it was given.
struct Watch<S: TreeSink<Handle = NodeId>> {
    builder: TreeBuilder<NodeId, S>,
    tokens: Cell<usize>,
}

impl<S: TreeSink<Handle = NodeId>> TokenSink for Watch<S> {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        // An error may be told from the middle of a tag.
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
