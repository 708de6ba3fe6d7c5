//! The elements that mean something to the choice of content, as small numbers.

use super::lexicon::Lexicon;

/// An element's name, where it tells something; [`Tag::Inline`] for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub(super) enum Tag {
    #[default]
    Inline,
    Link,
    Strong,
    Span,
    Break,
    Image,
    Never,
    Block,
    Div,
    Section,
    Article,
    Main,
    Header,
    Footer,
    Nav,
    Aside,
    Form,
    Button,
    Label,
    Paragraph,
    Heading(u8),
    List,
    Item,
    Definitions,
    Term,
    Description,
    Table,
    Row,
    Cell,
    Caption,
    Code,
    Quote,
    Figure,
    Details,
    Summary,
    Unscripted,
    Dialog,
    Address,
}

/// The names of elements. Text in those that are [`Tag::Never`] is not shown, or is not part of what people read.
static NAMES: Lexicon<Tag> = Lexicon::new(&[
    (Tag::Link, "a"),
    (Tag::Strong, "b strong"),
    (Tag::Span, "span"),
    (Tag::Break, "br"),
    (Tag::Image, "img"),
    (
        Tag::Never,
        "script style template head iframe noframes datalist annotation svg canvas audio video object select \
         textarea input title",
    ),
    (Tag::Div, "div"),
    (Tag::Section, "section"),
    (Tag::Article, "article"),
    (Tag::Main, "main"),
    (Tag::Header, "header"),
    (Tag::Footer, "footer"),
    (Tag::Nav, "nav menu"),
    (Tag::Aside, "aside"),
    (Tag::Form, "form fieldset"),
    (Tag::Button, "button"),
    (Tag::Label, "label legend"),
    (Tag::Paragraph, "p"),
    (Tag::Heading(1), "h1"),
    (Tag::Heading(2), "h2"),
    (Tag::Heading(3), "h3"),
    (Tag::Heading(4), "h4"),
    (Tag::Heading(5), "h5"),
    (Tag::Heading(6), "h6"),
    (Tag::List, "ul ol dir"),
    (Tag::Item, "li"),
    (Tag::Definitions, "dl"),
    (Tag::Term, "dt"),
    (Tag::Description, "dd"),
    (Tag::Table, "table"),
    (Tag::Row, "tr"),
    (Tag::Cell, "td th"),
    (Tag::Caption, "caption figcaption"),
    (Tag::Code, "pre listing xmp plaintext"),
    (Tag::Quote, "blockquote"),
    (Tag::Figure, "figure"),
    (Tag::Details, "details"),
    (Tag::Summary, "summary"),
    (Tag::Unscripted, "noscript"),
    (Tag::Dialog, "dialog"),
    (Tag::Address, "address"),
    (Tag::Block, "html body center hgroup frameset optgroup option thead tbody tfoot hr colgroup search"),
]);

impl Tag {
    /// The tag of an element of HTML.
    pub(super) fn of(name: &str) -> Self {
        NAMES.get(name.as_bytes()).unwrap_or(Self::Inline)
    }

    /// Whether it starts and ends a block of text.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Inline | Self::Link | Self::Strong | Self::Span | Self::Break | Self::Image | Self::Never
        )
    }

    /// A number for each tag; headings are told apart by their level elsewhere.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Inline | Self::Link | Self::Strong | Self::Span | Self::Break | Self::Image => 0,
            Self::Never | Self::Block => 1,
            Self::Div => 2,
            Self::Section => 3,
            Self::Article => 4,
            Self::Main => 5,
            Self::Header => 6,
            Self::Footer => 7,
            Self::Nav => 8,
            Self::Aside => 9,
            Self::Form => 10,
            Self::Button => 11,
            Self::Label => 12,
            Self::Paragraph => 13,
            Self::Heading(level) => 14 + level.min(6),
            Self::List => 21,
            Self::Item => 22,
            Self::Definitions => 23,
            Self::Term => 24,
            Self::Description => 25,
            Self::Table => 26,
            Self::Row => 27,
            Self::Cell => 28,
            Self::Caption => 29,
            Self::Code => 30,
            Self::Quote => 31,
            Self::Figure => 32,
            Self::Details => 33,
            Self::Summary => 34,
            Self::Unscripted => 35,
            Self::Dialog => 36,
            Self::Address => 37,
        }
    }
}
