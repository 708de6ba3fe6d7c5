//! A part of a page as Markdown (`CommonMark` with the tables of GitHub).

mod code;
mod escape;
mod list;
mod notes;
mod table;
mod writer;

use ego_tree::NodeId;
use rad_core::url::CanonicalUrl;

pub(super) use escape::escaped;
pub(super) use writer::Writer;

use super::content::{Fallen, is_left_out};
use super::head::without_breaks;
use super::lexicon::Lexicon;
use super::walk::{Place, Step, Walk, element, is_note_mark, name};
use list::Lists;
use notes::Notes;
use writer::Mark;

/// Elements that start and end a block of their own.
static BLOCKS: Lexicon<()> = Lexicon::new(&[(
    (),
    "address article aside body center details dialog div dl fieldset figcaption figure footer form \
     frameset header hgroup html legend main nav optgroup option p section summary caption td",
)]);

/// Renders what is inside of `root`. Links are resolved against `base`; `marks` are those of footnotes.
pub(super) fn render(root: Place<'_>, fallen: &Fallen, base: &CanonicalUrl, marks: &[NodeId]) -> String {
    let page = Page { fallen, base, notes: &Notes::of(root, marks, fallen) };
    page.render(root, Writer::default())
}

/// What holds for a whole page.
#[derive(Clone, Copy)]
struct Page<'a> {
    fallen: &'a Fallen,
    base: &'a CanonicalUrl,
    notes: &'a Notes,
}

impl Page<'_> {
    /// Renders a place into one line, for the cell of a table.
    fn render_line(self, root: Place<'_>) -> String {
        self.render(root, Writer::one_line())
    }

    fn render(self, root: Place<'_>, out: Writer) -> String {
        let mut renderer = Renderer { page: self, out, lists: Lists::default() };
        renderer.run(root);
        renderer.out.finish()
    }
}

struct Renderer<'a> {
    page: Page<'a>,
    out: Writer,
    lists: Lists,
}

impl Renderer<'_> {
    fn run(&mut self, root: Place<'_>) {
        let mut walk = Walk::new(root);
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(place) if place.id() != root.id() && self.is_passed_over(place) => {
                    walk.pass_over();
                }
                Step::Enter(place) => {
                    if let Some(text) = place.value().as_text() {
                        self.out.text(text);
                    } else if self.enter(place) {
                        walk.pass_over();
                    }
                }
                Step::Leave(place) => self.leave(place),
            }
        }
    }

    fn is_passed_over(&self, place: Place<'_>) -> bool {
        is_left_out(place, self.page.fallen) || notes::is_anchor(place) || self.page.notes.is_furniture(place)
    }

    /// Opens an element; true if it is rendered as a whole, so that nothing inside is walked.
    fn enter(&mut self, place: Place<'_>) -> bool {
        if let Some(label) = self.page.notes.of_mark(place) {
            self.out.note_mark(label);
            return true;
        }
        if let Some(label) = self.page.notes.of_note(place) {
            self.out.open_note(label);
            return false;
        }
        match name(place) {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.out.open_heading(level(place)),
            "ul" | "ol" | "menu" | "dir" | "li" | "dl" | "dt" | "dd" => {
                self.lists.enter(place, &mut self.out);
            }
            "blockquote" => self.out.open_quote(),
            "strong" | "b" => self.out.open_mark(Mark::Strong),
            "em" | "i" => self.out.open_mark(Mark::Emphasis),
            "del" | "s" | "strike" => self.out.open_mark(Mark::Struck),
            "a" => self.out.open_mark(Mark::Link(self.target(place))),
            "br" => self.out.line_break(),
            "hr" => self.out.rule(),
            "img" => self.image(place),
            "pre" | "listing" | "xmp" | "plaintext" => {
                self.out.fence(&code::language(place), &code::text(place, self.page.fallen));
                return true;
            }
            "code" | "kbd" | "samp" | "tt" => {
                self.out.code(&code::text(place, self.page.fallen));
                return true;
            }
            "table" if !self.out.is_one_line() => {
                return match table::read(place, self.page) {
                    Some(rows) => {
                        self.out.line(&table::caption(place, self.page));
                        self.out.table(&rows);
                        true
                    }
                    None => false,
                };
            }
            "tr" | "th" => self.out.block(),
            "sup" if is_note_mark(place) => self.out.text(" "),
            other if BLOCKS.get(other.as_bytes()).is_some() => self.out.block(),
            _ => {}
        }
        false
    }

    fn leave(&mut self, place: Place<'_>) {
        if self.page.notes.of_note(place).is_some() {
            self.out.close_note();
            return;
        }
        match name(place) {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.out.close_heading(),
            "ul" | "ol" | "menu" | "dir" | "li" | "dl" | "dt" | "dd" => {
                self.lists.leave(place, &mut self.out);
            }
            "blockquote" => self.out.close_quote(),
            "strong" | "b" => self.out.close_mark(&Mark::Strong),
            "em" | "i" => self.out.close_mark(&Mark::Emphasis),
            "del" | "s" | "strike" => self.out.close_mark(&Mark::Struck),
            "a" => self.out.close_mark(&Mark::Link(None)),
            "tr" | "th" => self.out.block(),
            other if BLOCKS.get(other.as_bytes()).is_some() => self.out.block(),
            _ => {}
        }
    }

    /// Where a link leads; none for one that stays on the page or leads to something that is no page.
    fn target(&self, place: Place<'_>) -> Option<String> {
        let href = element(place)?.attr("href")?;
        let href = without_breaks(href);
        if href.trim_start().starts_with('#') {
            return None;
        }
        self.page.base.join(&href).ok().map(String::from)
    }

    fn image(&mut self, place: Place<'_>) {
        if let Some(text) = element(place).and_then(|image| image.attr("alt")) {
            self.out.text(text);
        }
    }
}

fn level(place: Place<'_>) -> usize {
    let digit = name(place).chars().last().and_then(|digit| digit.to_digit(10));
    digit.map_or(1, |digit| digit as usize)
}
