//! The items and quotes that a line stands in, as the marks and the indentation at its start.

/// Deepest nesting that is shown. Each level costs some bytes per line, so hostile nesting would
/// otherwise multiply the output.
const MAX_SHOWN: usize = 8;

#[derive(Default)]
pub(super) struct Containers {
    shown: Vec<Container>,
    /// How many more are open.
    hidden: usize,
}

struct Container {
    marker: Marker,
    /// Whether a line has been written in it.
    used: bool,
}

enum Marker {
    Quote,
    /// The first line has the marker, the others as much space.
    Item(String),
}

impl Containers {
    pub(super) fn open_item(&mut self, marker: String) {
        self.open(Marker::Item(marker));
    }

    pub(super) fn open_quote(&mut self) {
        self.open(Marker::Quote);
    }

    fn open(&mut self, marker: Marker) {
        if self.shown.len() < MAX_SHOWN {
            self.shown.push(Container { marker, used: false });
        } else {
            self.hidden += 1;
        }
    }

    pub(super) fn close(&mut self) {
        if self.hidden > 0 {
            self.hidden -= 1;
        } else {
            self.shown.pop();
        }
    }

    /// Whether nothing has been written in the innermost one.
    pub(super) fn is_fresh(&self) -> bool {
        self.hidden == 0 && self.shown.last().is_some_and(|container| !container.used)
    }

    pub(super) fn start_line(&mut self, out: &mut String) {
        for container in &mut self.shown {
            match &container.marker {
                Marker::Quote => out.push_str("> "),
                Marker::Item(marker) if container.used => out.extend(marker.chars().map(|_| ' ')),
                Marker::Item(marker) => out.push_str(marker),
            }
            container.used = true;
        }
    }

    /// Writes a blank line, which stays in the quotes that go on.
    pub(super) fn blank_line(&self, out: &mut String) {
        let mut start = String::new();
        for container in self.shown.iter().take_while(|container| container.used) {
            match &container.marker {
                Marker::Quote => start.push_str("> "),
                Marker::Item(marker) => start.extend(marker.chars().map(|_| ' ')),
            }
        }
        out.push_str(start.trim_end());
        out.push('\n');
    }
}
