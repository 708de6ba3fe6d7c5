//! Ready-made pieces of documentation that pages are put together from.
//!
//! Writing 24 KiB of random words for each request would cost more than the HTTP around it. Pages share
//! a few hundred blocks instead and pick from them by their own seed, which is a copy per block.

use std::fmt::Write as _;

use crate::web::seeded::{Purpose, Seeded};
use crate::web::vocabulary::Vocabulary;

/// Enough that no two pages look alike, few enough (about 300 KiB) to stay in the processor's cache.
const BLOCKS: u32 = 256;

/// The blocks of the site with this seed.
pub(crate) fn blocks(seed: u64, vocabulary: &Vocabulary) -> Vec<String> {
    (0..BLOCKS).map(|number| block(vocabulary, &mut Seeded::new(seed, Purpose::Blocks, number))).collect()
}

fn block(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    let level = if seeded.percent(40) { "h2" } else { "h3" };
    let heading = vocabulary.title(seeded);
    let paragraph = vocabulary.paragraph(seeded);
    let anchor = heading.to_ascii_lowercase().replace(' ', "-");
    let mut html = format!("<{level} id=\"{anchor}\">{heading}</{level}>\n<p>{paragraph}</p>\n");
    html += &match seeded.below(6) {
        0 => list(vocabulary, seeded),
        1 => code(vocabulary, seeded),
        2 => table(vocabulary, seeded),
        3 => quote(vocabulary, seeded),
        _ => inline(vocabulary, seeded),
    };
    html
}

fn list(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    let tag = if seeded.percent(30) { "ol" } else { "ul" };
    let mut html = format!("<{tag}>\n");
    for _ in 0..seeded.between(3, 7) {
        let (term, sentence) = (vocabulary.word(seeded), vocabulary.sentence(seeded));
        let _ = writeln!(html, "<li><strong>{term}</strong>: {sentence}</li>");
    }
    html + &format!("</{tag}>\n")
}

fn code(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    let name = vocabulary.words(seeded, 2, "_");
    let mut html = format!("<pre><code class=\"language-rust\">fn {name}() -&gt; Result&lt;()&gt; {{\n");
    for _ in 0..seeded.between(3, 9) {
        let (variable, function) = (vocabulary.word(seeded), vocabulary.words(seeded, 2, "_"));
        let argument = seeded.below(1_000);
        let _ = writeln!(html, "    let {variable} = {function}(&amp;{argument})?;");
    }
    html + "    Ok(())\n}\n</code></pre>\n"
}

fn table(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    let mut html =
        "<table>\n<thead><tr><th>Name</th><th>Default</th><th>Meaning</th></tr></thead>\n<tbody>\n"
            .to_owned();
    for _ in 0..seeded.between(3, 8) {
        let (name, default) = (vocabulary.words(seeded, 2, "_"), seeded.below(10_000));
        let meaning = vocabulary.sentence(seeded);
        let _ = writeln!(html, "<tr><td><code>{name}</code></td><td>{default}</td><td>{meaning}</td></tr>");
    }
    html + "</tbody>\n</table>\n"
}

fn quote(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    format!("<blockquote><p>{}</p></blockquote>\n", vocabulary.paragraph(seeded))
}

fn inline(vocabulary: &Vocabulary, seeded: &mut Seeded) -> String {
    let (name, emphasis) = (vocabulary.words(seeded, 2, "_"), vocabulary.word(seeded));
    let (first, second) = (vocabulary.paragraph(seeded), vocabulary.sentence(seeded));
    format!("<p>{first} <code>{name}</code> <em>{emphasis}</em>: {second}</p>\n")
}
