use std::path::Path;
use std::time::{Duration, Instant};

use rad_core::url::CanonicalUrl;

use super::{HostMemory, MAX_LINKS, Metadata, Page, page, page_of_host};

fn read(html: &str) -> Page {
    let url = CanonicalUrl::parse("https://example.com/docs/page.html").unwrap();
    page(html.as_bytes(), None, &url)
}

fn markdown(body: &str) -> String {
    read(&format!("<!doctype html><title>t</title><body>{body}")).markdown
}

/// Copies of a text, each with its number for `#`.
fn numbered(count: usize, text: &str) -> String {
    let copies: Vec<_> = (0..count).map(|at| text.replace('#', &at.to_string())).collect();
    copies.concat()
}

fn urls(page: &Page) -> Vec<&str> {
    page.links.iter().map(CanonicalUrl::as_str).collect()
}

#[test]
fn pages_of_all_kinds_become_their_golden_markdown() {
    let pairs = [
        (include_str!("golden/changelog.html"), include_str!("golden/changelog.md")),
        (include_str!("golden/encyclopedia.html"), include_str!("golden/encyclopedia.md")),
        (include_str!("golden/glossary.html"), include_str!("golden/glossary.md")),
        (include_str!("golden/pricing.html"), include_str!("golden/pricing.md")),
        (include_str!("golden/recipe.html"), include_str!("golden/recipe.md")),
        (include_str!("golden/manual.html"), include_str!("golden/manual.md")),
        (include_str!("golden/blog.html"), include_str!("golden/blog.md")),
        (include_str!("golden/forum.html"), include_str!("golden/forum.md")),
        (include_str!("golden/listing.html"), include_str!("golden/listing.md")),
        (include_str!("golden/product.html"), include_str!("golden/product.md")),
        (include_str!("golden/reference.html"), include_str!("golden/reference.md")),
        (include_str!("golden/service.html"), include_str!("golden/service.md")),
    ];
    let found = pairs.map(|(html, expected)| (read(html).markdown, expected.trim_end()));
    let wrong: Vec<_> = found.iter().filter(|(found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_the_head_declares_is_read() {
    let page = read(
        "<html lang=en-GB><head><title> The \n title </title><link rel='Canonical' href='/c#x'>
         <meta name=ROBOTS content='NoIndex, nofollow'><h1>Heading</h1>",
    );
    assert_eq!(page.title.as_deref(), Some("The title"));
    assert_eq!(page.language.as_deref(), Some("en-GB"));
    assert_eq!(page.canonical.unwrap().as_str(), "https://example.com/c");
    assert!(page.noindex && page.nofollow);
    let none = read("<meta name=robots content=none><svg><title>x</title></svg><h1>First ¶</h1>");
    assert!(none.noindex && none.nofollow);
    assert_eq!(none.title.as_deref(), Some("First"));
    let plain = read("<meta name=robots content='index, follow, max-snippet:-1'>");
    assert!(!plain.noindex && !plain.nofollow);
    assert_eq!((plain.title, plain.language, plain.canonical), (None, None, None));
}

#[test]
fn links_are_absolute_unique_and_in_order() {
    let page = read(
        "<a href=b.html#x>1</a><nav><a href='/a'>2</a></nav><a href='b.html'>3</a><map><area href=c></map>
         <a href='mailto:a@example.com'>4</a><a href='http://u:p@example.com'>5</a><a>6</a>
         <a rel=nofollow href='\n//other.example/\t d '>7</a><iframe src=e></iframe><template><a href=f>8</a></template>",
    );
    let expected = [
        "https://example.com/docs/b.html",
        "https://example.com/a",
        "https://example.com/docs/c",
        "https://other.example/%20d",
        "https://example.com/docs/e",
    ];
    assert_eq!(urls(&page), expected);
    let based = read("<a href=x>1</a><base href='/base/'><base href='/other/'>");
    assert_eq!(urls(&based), ["https://example.com/base/x"]);
    let bad_base = read("<base href='data:x'><a href=x>1</a>");
    assert_eq!(urls(&bad_base), ["https://example.com/docs/x"]);
}

#[test]
fn links_are_limited() {
    let many = numbered(MAX_LINKS + 10, "<a href=#>x</a>");
    assert_eq!(read(&many).links.len(), MAX_LINKS);
}

#[test]
fn inline_markup_nests_and_leaves_no_empty_marks() {
    for (html, expected) in [
        ("<p>a<b> b </b>c <i></i><em>d</em>.", "a **b** c *d*."),
        ("<b><p>a<p>b</b>c", "**a**\n\n**b**c"),
        ("<b>a<strong>b</strong>c</b>", "**abc**"),
        ("<a href=x><b>a</b></a> <a href=#y>b</a>", "[**a**](https://example.com/docs/x) b"),
        ("<a href='a_(b)'>[c]</a>", "[\\[c\\]](<https://example.com/docs/a_(b)>)"),
        ("<code>a `b`</code><code> </code>", "`` a `b` ``"),
        ("a<br>b<br><br>c<br>", "a  \nb\n\nc"),
        ("<img src=x alt='a  picture'><img src=y>", "a picture"),
        ("<p># a<p>1. b<p>+ c<p>*d*", "\\# a\n\n1\\. b\n\n\\+ c\n\n\\*d\\*"),
        ("<a href=x>a<div>b</div></a>", "[a](https://example.com/docs/x)\n\nb"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("<del>a</del>&nbsp;b", "~~a~~ b"),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
}

#[test]
fn blocks_keep_their_structure() {
    for (html, expected) in [
        ("<ul><li>a<ul><li>b</ul><li><p>c<p>d</ul>e", "- a\n  - b\n- c\n\n  d\n\ne"),
        ("<ol start=9><li>a<li>b<pre>c\n\nd</pre></ol>", "9. a\n10. b\n\n    ```\n    c\n\n    d\n    ```"),
        ("<blockquote><p>a<p>b</blockquote><blockquote>c</blockquote>", "> a\n>\n> b\n\n> c"),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n: b\n\nc\n: d"),
        ("<h2>a <code>b</code><br>c</h2><h3></h3>d", "## a `b` c\n\nd"),
        (
            "<pre class=x><code class='y language-rust'>fn a() {}\n```\n</code></pre>",
            "````rust\nfn a() {}\n```\n````",
        ),
        ("<div class='highlight-python3'><pre>a<span>b</span></pre></div>", "```python3\nab\n```"),
        (
            "<table><caption>T</caption><tr><th>a<th>b<tr><td>c|d<td colspan=2><p>e<p>f</table>",
            "T\n\n| a | b |  |\n| --- | --- | --- |\n| c\\|d | e f |  |",
        ),
        ("<table><tr><td>a<td><table><tr><td>b</table></table>", "a\n\nb"),
        ("<ul><li></ul>a", "a"),
    ] {
        assert_eq!(markdown(html), expected, "{html}");
    }
}

#[test]
fn the_main_content_is_found_and_the_rest_dropped() {
    let text = "Some text that is long enough to be taken for the content of this page. ".repeat(4);
    let sides = "<header>banner</header><nav>menu</nav><aside>side</aside><footer>foot</footer>";
    for content in [
        format!("<main><p>{text}</main>"),
        format!("<div><div role=main><nav>x</nav><p>{text}</div></div>"),
        format!("<article><p>{text}</article>"),
        format!("<div><div><p>{text}</div><p hidden>x<p style='DISPLAY: none'>y</div>"),
        format!("<div hidden id='S:0'><p>{text}</div><div hidden>x</div>"),
        format!("<div hidden role=tabpanel><p>{text}</div>"),
    ] {
        assert_eq!(markdown(&format!("{sides}{content}")), text.trim_end(), "{content}");
    }
    let headed = format!("<nav><h1>Not me</h1></nav><main><h1>Head</h1><p>{text}</main>");
    assert_eq!(markdown(&headed), format!("# Head\n\n{}", text.trim_end()));
}

#[test]
fn the_plain_text_has_no_marks_and_comes_with_a_description_where_it_is_short() {
    let page = read("<h2>A <b>b</b></h2><ul><li><a href=x>c</a><li>d</ul><pre>e\nf</pre><img alt=g>");
    assert_eq!(page.text, "A b\n\nc\nd\n\ne f");
    let described = read("<meta name=description content='What it is.'><p>Loading");
    assert_eq!(described.text, "What it is.\n\nLoading");
}

#[test]
fn what_repeats_on_a_host_is_dropped_where_it_is_doubtful_only() {
    let url = |at: usize| CanonicalUrl::parse(&format!("https://example.com/{at}")).unwrap();
    let html = include_str!("golden/product.html");
    let (sure, doubtful) = ("desk lamp with an arm of solid oak", "The bulb is part of the box");
    let memory = HostMemory::default();
    let read_next = |at| page_of_host(html.as_bytes(), None, &url(at), &memory);
    let first = read_next(0);
    assert!(first.text.contains(sure) && first.text.contains(doubtful));
    (1..30).for_each(|at| drop(read_next(at)));
    let last = read_next(30);
    assert!(last.text.contains(sure) && !last.text.contains(doubtful), "{}", last.text);
    assert!(last.markdown.contains(sure) && !last.markdown.contains(doubtful), "{}", last.markdown);
    assert_eq!(page(html.as_bytes(), None, &url(0)), first, "without a memory nothing repeats");
}

#[test]
fn metadata_comes_from_meta_elements_and_json_ld() {
    let page = read(
        "<meta property='og:title' content='T'><meta name=description content=' D  e '><meta name=author content=M>
         <meta property='article:published_time' content='2024-01-02'><meta property='og:site_name' content=S>
         <script type='application/ld+json'>{\"@type\": \"Article\", \"author\": {\"name\": \"J\"}}</script><p>x",
    );
    let expected = Metadata {
        title: Some("T".to_owned()),
        description: Some("D e".to_owned()),
        author: Some("J".to_owned()),
        published: Some("2024-01-02".to_owned()),
        site: Some("S".to_owned()),
        ..Metadata::default()
    };
    assert_eq!(page.metadata, expected);
    let stored = serde_json::json!({
        "title": "T", "description": "D e", "author": "J", "published": "2024-01-02", "site": "S"
    });
    assert_eq!(page.metadata.to_json(), stored);
}

#[test]
fn a_page_with_visible_text_is_never_empty() {
    for body in [
        "<nav>seen</nav>",
        "<main></main><footer>seen</footer>",
        "<div hidden>seen</div>",
        "<noscript>seen</noscript><script>x</script>",
        "<button>seen</button>",
        "<div class=sidebar>seen</div>",
        "seen",
    ] {
        assert_eq!(markdown(body), "seen", "{body}");
    }
    assert_eq!(markdown("<script>x</script><style>y</style>"), "");
    assert_eq!(read("").markdown, "");
}

#[test]
fn control_characters_do_not_come_through() {
    let page = read("<title>a\0&#1;b</title><h1>c\u{1}&#x2;d</h1><p>e\0f&#7;g<pre>h&#13;\ti</pre>");
    assert_eq!(page.title.as_deref(), Some("a b"));
    assert_eq!(page.markdown, "# cd\n\nefg\n\n```\nh\ti\n```");
}

/// Generous for an unoptimised build on a busy machine; quadratic work takes many seconds.
const HOSTILE_LIMIT: Duration = Duration::from_secs(10);

#[test]
fn hostile_nesting_is_cut_and_its_text_kept() {
    let attributes = numbered(2_000, "<b a#>");
    let shallow = numbered(300, "<b a#>");
    for html in [
        "<div>".repeat(20_000),
        "<ul><li>".repeat(16_000),
        "<table><tr><td>".repeat(10_000),
        "<blockquote>x".repeat(10_000),
        "<svg><g>".repeat(10_000),
        format!("{attributes}{}", "<p>x</p>".repeat(5_000)),
        format!("{shallow}{}", "<p>x</p>".repeat(20_000)),
    ] {
        let start = Instant::now();
        let page = read(&format!("{html}<p>last"));
        let name = &html[..24];
        assert!(start.elapsed() < HOSTILE_LIMIT, "{name}: {:?}", start.elapsed());
        assert!(page.too_deep, "{name}");
        assert!(page.markdown.ends_with("last"), "{name}");
        assert!(page.markdown.len() < 10 * html.len(), "{name}: {}", page.markdown.len());
    }
}

#[test]
fn of_very_many_attributes_the_first_are_read() {
    let many = numbered(100_000, " a#=b");
    let quotes = numbered(100_000, " a#='<p>'");
    let bare = numbered(100_000, "/<a#");
    let words = numbered(20_000, " w#");
    for html in [
        format!("<p {many}>seen</p>"),
        format!("<p {quotes}>seen</p>"),
        format!("<p {bare}>seen</p>"),
        format!("<p>seen</p {many}>"),
        format!("<p>seen &am<b {many}></b>"),
        format!("<!-- <a b='--><p {many}>seen</p>"),
        format!("<p title='<a {words}>'>seen</p>"),
        format!("<script>a<b '</script><p {many}>seen</p>"),
        format!("<title>a</tit</title {many}><p>seen</p>"),
        format!("<!-- <p {words} --><p>seen</p>"),
    ] {
        let start = Instant::now();
        let page = read(&format!("{html}<p>and <a href='/next'>more</a></p>"));
        let name = &html[..24];
        assert!(start.elapsed() < HOSTILE_LIMIT, "{name}: {:?}", start.elapsed());
        assert!(page.markdown.starts_with("seen") && page.markdown.contains("and"), "{name}");
        assert!(page.markdown.len() < 100 && !page.too_deep, "{name}: {}", page.markdown.len());
        assert_eq!(page.links.len(), 1, "{name}");
    }
}

#[test]
fn output_does_not_grow_out_of_proportion() {
    let deep_list = format!("{}{}", "<ul><li>".repeat(200), "<li>x".repeat(20_000));
    let long_link = format!("<a href='/{}'>{}", "y".repeat(2_000), "<div>x</div>".repeat(20_000));
    let wide_row = "<td>x".repeat(5_000);
    let wide = format!("<table><tr>{wide_row}{}</table>", "<tr><td>y".repeat(5_000));
    for html in [deep_list, long_link, wide] {
        let out = markdown(&html);
        assert!(out.len() < 8 * html.len(), "{} from {}", out.len(), html.len());
    }
}

#[test]
fn a_large_flat_page_is_not_cut() {
    let page = read(&"<p>Some <b>text</b> with <a href=x>links</a>.</p>\n".repeat(20_000));
    assert!(!page.too_deep);
}

/// The manuals are there where the distribution's documentation packages are installed.
#[test]
fn installed_manuals_have_title_text_and_headings() {
    let folder = Path::new("/usr/share/doc/postgresql-doc-15/html");
    let Ok(entries) = std::fs::read_dir(folder) else {
        eprintln!("skipped: no installed manual");
        return;
    };
    for entry in
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "html")).take(40)
    {
        let url = CanonicalUrl::parse("https://example.com/docs/x.html").unwrap();
        let page = page(&std::fs::read(entry.path()).unwrap(), None, &url);
        let path = entry.path();
        assert!(page.title.is_some() && !page.too_deep, "{path:?}");
        assert!(page.markdown.contains("# "), "{path:?}");
        assert!(!page.markdown.contains("</"), "{path:?}");
    }
}
