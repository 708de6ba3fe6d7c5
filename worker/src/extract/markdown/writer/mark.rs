//! Emphasis and links within a line.

/// A mark around text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::extract::markdown) enum Mark {
    Strong,
    Emphasis,
    Struck,
    /// A link with its target; none for a link that is shown as text.
    Link(Option<String>),
}

/// The marks that are open. Each kind is there at most once: a second one inside changes nothing.
#[derive(Default)]
pub(super) struct Marks {
    open: Vec<Open>,
    /// How many of each kind are nested inside the one that counts.
    nested: [usize; 4],
}

struct Open {
    mark: Mark,
    /// Whether the opening mark stands in the text.
    written: bool,
}

impl Marks {
    pub(super) fn open(&mut self, mark: Mark) {
        let kind = kind(&mark);
        if self.open.iter().any(|open| self::kind(&open.mark) == kind) {
            self.nested[kind] += 1;
        } else {
            self.open.push(Open { mark, written: false });
        }
    }

    /// Closes a mark, and with it for a moment those inside, as marks must nest.
    pub(super) fn close(&mut self, mark: &Mark, out: &mut String) {
        let kind = kind(mark);
        if self.nested[kind] > 0 {
            self.nested[kind] -= 1;
            return;
        }
        let Some(at) = self.open.iter().position(|open| self::kind(&open.mark) == kind) else {
            return;
        };
        suspend(&mut self.open[at..], out);
        self.open.remove(at);
    }

    /// Writes the opening marks that are due.
    pub(super) fn open_all(&mut self, out: &mut String) {
        for open in self.open.iter_mut().filter(|open| !open.written) {
            out.push_str(opening(&open.mark));
            open.written = true;
        }
    }

    /// Closes all marks at the end of a block. They open again with the next text, but for links: a long
    /// target around many blocks would multiply the output.
    pub(super) fn suspend(&mut self, out: &mut String) {
        suspend(&mut self.open, out);
    }

    pub(super) fn close_all(&mut self, out: &mut String) {
        self.suspend(out);
        self.open.clear();
    }

    pub(super) fn in_link(&self) -> bool {
        self.open.iter().any(|open| matches!(open.mark, Mark::Link(Some(_))))
    }
}

fn suspend(marks: &mut [Open], out: &mut String) {
    for open in marks.iter_mut().rev().filter(|open| open.written) {
        push_closing(&open.mark, out);
        open.written = false;
        if let Mark::Link(target) = &mut open.mark {
            *target = None;
        }
    }
}

fn kind(mark: &Mark) -> usize {
    match mark {
        Mark::Strong => 0,
        Mark::Emphasis => 1,
        Mark::Struck => 2,
        Mark::Link(_) => 3,
    }
}

fn opening(mark: &Mark) -> &'static str {
    match mark {
        Mark::Strong => "**",
        Mark::Emphasis => "*",
        Mark::Struck => "~~",
        Mark::Link(Some(_)) => "[",
        Mark::Link(None) => "",
    }
}

/// A target with parentheses stands in angle brackets, so that its own do not end it.
fn push_closing(mark: &Mark, out: &mut String) {
    match mark {
        Mark::Link(Some(target)) if target.contains(['(', ')']) => out.extend(["](<", target, ">)"]),
        Mark::Link(Some(target)) => out.extend(["](", target, ")"]),
        other => out.push_str(opening(other)),
    }
}
