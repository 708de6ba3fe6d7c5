//! The elements that mean something to the choice of content, as small numbers.

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

impl Tag {
    /// The tag of an element of HTML.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "a" => Self::Link,
            "b" | "strong" => Self::Strong,
            "span" => Self::Span,
            "br" => Self::Break,
            "img" => Self::Image,
            // Elements whose text is never shown, or is not part of what people read.
            "script" | "style" | "template" | "head" | "iframe" | "noframes" | "datalist" | "annotation"
            | "svg" | "canvas" | "audio" | "video" | "object" | "select" | "textarea" | "input" | "title" => {
                Self::Never
            }
            "div" => Self::Div,
            "section" => Self::Section,
            "article" => Self::Article,
            "main" => Self::Main,
            "header" => Self::Header,
            "footer" => Self::Footer,
            "nav" | "menu" => Self::Nav,
            "aside" => Self::Aside,
            "form" | "fieldset" => Self::Form,
            "button" => Self::Button,
            "label" | "legend" => Self::Label,
            "p" => Self::Paragraph,
            "h1" => Self::Heading(1),
            "h2" => Self::Heading(2),
            "h3" => Self::Heading(3),
            "h4" => Self::Heading(4),
            "h5" => Self::Heading(5),
            "h6" => Self::Heading(6),
            "ul" | "ol" | "dir" => Self::List,
            "li" => Self::Item,
            "dl" => Self::Definitions,
            "dt" => Self::Term,
            "dd" => Self::Description,
            "table" => Self::Table,
            "tr" => Self::Row,
            "td" | "th" => Self::Cell,
            "caption" | "figcaption" => Self::Caption,
            "pre" | "listing" | "xmp" | "plaintext" => Self::Code,
            "blockquote" => Self::Quote,
            "figure" => Self::Figure,
            "details" => Self::Details,
            "summary" => Self::Summary,
            "noscript" => Self::Unscripted,
            "dialog" => Self::Dialog,
            "address" => Self::Address,
            "html" | "body" | "center" | "hgroup" | "frameset" | "optgroup" | "option" | "thead"
            | "tbody" | "tfoot" | "hr" | "colgroup" | "search" => Self::Block,
            _ => Self::Inline,
        }
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
