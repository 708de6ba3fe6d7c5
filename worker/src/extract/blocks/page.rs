//! The walk that collects the blocks.

use super::{Block, Container, Layout, Names, Place, Step, Tag, Walk, cues, is_hidden, names};
use crate::extract::walk::{element, is_note_mark};

/// Roles that say more than the element.
const ROLES: [(&str, Tag); 6] = [
    ("navigation", Tag::Nav),
    ("main", Tag::Main),
    ("contentinfo", Tag::Footer),
    ("banner", Tag::Header),
    ("complementary", Tag::Aside),
    ("dialog", Tag::Dialog),
];

pub(super) struct Collector {
    page: Layout,
    /// The innermost open container.
    at: usize,
    block: Block,
    links: u32,
    strong: u32,
    inline: Vec<Names>,
    /// Whether white space stands between the last word and the next.
    space: bool,
    breaks: u32,
}

impl Collector {
    pub(super) fn new(root: Place<'_>) -> Self {
        let outermost = Container {
            id: root.id(),
            parent: 0,
            depth: 0,
            tag: Tag::Block,
            names: 0,
            near: 0,
            chain: 0,
            tags: 0,
            hidden: false,
            run: 0,
            blocks: 0..0,
            words: 0,
            link_words: 0,
            last_child: None,
            parent_names: 0,
        };
        let page = Layout { containers: vec![outermost], runs: vec![1], ..Layout::default() };
        Self {
            page,
            at: 0,
            block: Block::default(),
            links: 0,
            strong: 0,
            inline: Vec::new(),
            space: false,
            breaks: 0,
        }
    }

    pub(super) fn collect(mut self, root: Place<'_>) -> Layout {
        let mut walk = Walk::new(root);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(place) if place.id() == root.id() => {}
                Step::Enter(place) => {
                    if let Some(text) = place.value().as_text() {
                        self.text(place, text);
                    } else if self.enter(place) {
                        walk.pass_over();
                    }
                }
                Step::Leave(place) if place.id() == root.id() => {}
                Step::Leave(place) => self.leave(place),
            }
        }
        self.flush();
        self.page.containers[0].blocks.end = self.page.blocks.len();
        self.page
    }

    /// Opens an element; true if nothing inside is looked at.
    fn enter(&mut self, place: Place<'_>) -> bool {
        let Some(element) = element(place) else { return false };
        let tag = Tag::of(element.name());
        match tag {
            tag if tag == Tag::Never || (!tag.is_block() && is_hidden(element)) => {
                self.page.unseen.push(place.id());
                return true;
            }
            Tag::Break => self.line_break(),
            Tag::Image => self.block.images += 1,
            Tag::Link => {
                self.links += 1;
                self.block.links += 1;
            }
            Tag::Strong => self.strong += 1,
            Tag::Inline if is_note_mark(place) => {
                self.space = true;
                self.page.note_marks.push(place.id());
            }
            Tag::Inline | Tag::Span => {}
            _ => {
                self.flush();
                self.open(place, tag, element);
                return false;
            }
        }
        if place.has_children() {
            let names = names::of(element);
            self.inline.push(names);
        }
        false
    }

    fn leave(&mut self, place: Place<'_>) {
        let Some(element) = element(place) else { return };
        match Tag::of(element.name()) {
            tag if tag.is_block() => {
                self.flush();
                self.close();
                return;
            }
            Tag::Link => self.links = self.links.saturating_sub(1),
            Tag::Strong => self.strong = self.strong.saturating_sub(1),
            _ => {}
        }
        if place.has_children() {
            self.inline.pop();
        }
    }

    fn open(&mut self, place: Place<'_>, tag: Tag, element: &scraper::node::Element) {
        let role = element.attr("role").and_then(|role| ROLES.iter().find(|(name, _)| *name == role));
        let tag = role.map_or(tag, |(_, tag)| *tag);
        let names = names::of(element);
        let next = self.page.containers.len();
        let blocks = self.page.blocks.len();
        let shape = names.wrapping_mul(64).wrapping_add(u64::from(tag.number()));
        let run = self.run(shape);
        let hides = is_hidden(element);
        if hides {
            self.page.unseen.push(place.id());
        }
        let parent = &self.page.containers[self.at];
        let container = Container {
            id: place.id(),
            parent: self.at,
            depth: parent.depth + 1,
            tag,
            names,
            near: names | parent.names | parent.parent_names,
            chain: names | parent.chain,
            tags: parent.tags | 1 << tag.number(),
            hidden: parent.hidden || hides,
            run,
            blocks: blocks..blocks,
            words: 0,
            link_words: 0,
            last_child: None,
            parent_names: parent.names,
        };
        self.page.containers.push(container);
        self.at = next;
    }

    /// The run that the next child of this shape belongs to.
    fn run(&mut self, shape: u64) -> usize {
        let runs = &mut self.page.runs;
        let parent = &mut self.page.containers[self.at];
        let run = match parent.last_child {
            Some((last, run)) if last == shape => {
                runs[run] += 1;
                run
            }
            _ => {
                runs.push(1);
                runs.len() - 1
            }
        };
        parent.last_child = Some((shape, run));
        run
    }

    fn close(&mut self) {
        let end = self.page.blocks.len();
        let container = &mut self.page.containers[self.at];
        container.blocks.end = end;
        let (words, link_words, parent) = (container.words, container.link_words, container.parent);
        self.at = parent;
        let parent = &mut self.page.containers[parent];
        parent.words += words;
        parent.link_words += link_words;
    }

    /// A second line break in a row ends the block.
    fn line_break(&mut self) {
        self.space = true;
        self.breaks += 1;
        if self.breaks > 1 {
            self.flush();
        }
    }

    fn text(&mut self, place: Place<'_>, text: &str) {
        let before = self.block.words;
        let mut words = text.split(|c: char| c.is_ascii_whitespace() || c == '\u{a0}');
        if let Some(word) = words.next().filter(|word| !word.is_empty()) {
            self.word(word);
        }
        for word in words {
            self.space = true;
            if !word.is_empty() {
                self.word(word);
            }
        }
        if self.block.words > before || !text.bytes().all(|byte| byte.is_ascii_whitespace()) {
            self.page.nodes.push(place.id());
            self.breaks = 0;
            self.block.inline_names |= self.inline.iter().fold(0, |all, names| all | names);
        }
    }

    fn word(&mut self, word: &str) {
        let start = self.page.text.len();
        let is_first = self.block.words == 0;
        if is_first {
            self.block.text.start = start;
        } else if self.space {
            self.page.text.push(' ');
        }
        // Text that goes on in the next node without white space is the same word.
        let goes_on = !is_first && !self.space;
        self.space = false;
        self.page.text.push_str(word);
        if !goes_on {
            self.count(word);
        }
    }

    fn count(&mut self, word: &str) {
        let block = &mut self.block;
        let words = if word.is_ascii() { 1 } else { 1 + wide(word) / 2 };
        block.words += words;
        block.link_words += if self.links > 0 { words } else { 0 };
        block.strong_words += if self.strong > 0 { words } else { 0 };
        let (first, last) = (word.as_bytes()[0], word.as_bytes()[word.len() - 1]);
        block.digit_words += u32::from(first.is_ascii_digit());
        block.capital_words += u32::from(first.is_ascii_uppercase());
        block.commas += u32::from(last == b',' || word.ends_with(['，', '、']));
        block.sentences += u32::from(matches!(last, b'.' | b'!' | b'?') || word.ends_with('。'));
        match cues::of(word) {
            Some(cues::STOP) => block.stop_words += 1,
            Some(cue) => block.cues |= 1 << cue,
            None => {}
        }
    }

    fn flush(&mut self) {
        self.space = false;
        self.breaks = 0;
        let images = std::mem::take(&mut self.block.images);
        if self.block.words == 0 {
            self.block = Block::default();
            return;
        }
        let mut block = std::mem::take(&mut self.block);
        block.images = images;
        block.container = self.at;
        block.text.end = self.page.text.len();
        let start = self.page.blocks.last().map_or(0, |block| block.nodes.end);
        block.nodes = start..self.page.nodes.len();
        let container = &mut self.page.containers[self.at];
        container.words += block.words;
        container.link_words += block.link_words;
        self.page.blocks.push(block);
    }
}

/// Characters of scripts that are written without spaces.
fn wide(word: &str) -> u32 {
    let wide = word.chars().filter(|c| matches!(*c, '\u{e00}'..='\u{e7f}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'));
    u32::try_from(wide.count()).unwrap_or(u32::MAX)
}
