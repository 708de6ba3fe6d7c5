//! A crawl as text: what became of its URLs, and why.

use std::fmt::Write as _;

use rad_loadtest::client::{CrawlStatus, ExcludedLinks, Pause};

use crate::amount;
use crate::clean;
use crate::paint::Paint;

/// State and counts of a crawl, some lines with an empty one before them.
pub(crate) fn crawl(status: &CrawlStatus, paint: Paint) -> String {
    let seconds = seconds(status.running_ms);
    let url = clean::line(&status.url);
    let title = format!("Crawl {} of {url}: {} after {seconds} s", status.id, end(status));
    let mut text = format!("\n{}\n\n", paint.bold(title));
    text.push_str(&counts(status, paint));
    if let Some(left_out) = left_out(status.excluded_links) {
        line(&mut text, &paint.dim(format_args!("  Links that the scope left out: {left_out}")));
    }
    if let Some(pause) = &status.pause {
        line(&mut text, &format!("  Paused: {}", quota(pause)));
    }
    text
}

/// URLs by state with the reasons of each, a line a state.
pub(crate) fn counts(status: &CrawlStatus, paint: Paint) -> String {
    let mut text = String::new();
    for (state, urls) in status.counts.by_state().into_iter().filter(|(_, urls)| *urls > 0) {
        let reasons = status.reasons.iter().filter(|reason| reason.state == state);
        let reasons: Vec<_> = reasons.map(|reason| format!("{} {}", reason.urls, reason.verdict)).collect();
        // Padded before it is painted: codes would count as columns.
        let row = format!("  {state:<12}{urls:>9}   {}", reasons.join(", "));
        let row = row.trim_end();
        let row = if state == "failed" { paint.red(row) } else { row.to_owned() };
        line(&mut text, &row);
    }
    line(&mut text, &format!("  {:<12}{:>9}", "URLs in all", status.counts.discovered));
    text
}

/// State of a crawl in words.
pub(crate) fn end(status: &CrawlStatus) -> &str {
    match status.end_reason.as_deref() {
        Some("page_limit") => "completed at its page limit",
        _ => &status.state,
    }
}

/// Which limit stops a crawl, and what to do.
pub(crate) fn quota(pause: &Pause) -> String {
    let show = if pause.limit == "storage_bytes" { amount::bytes } else { amount::plain };
    let used = format!("{} is reached ({} of {})", pause.limit, show(pause.used), show(pause.allowed));
    let resumes = pause.resumes_at.as_ref().map(|at| format!(" It goes on by itself at {at}."));
    clean::line(&format!("the tenant's limit {used}. {}{}", pause.next_step, resumes.unwrap_or_default()))
}

fn left_out(links: ExcludedLinks) -> Option<String> {
    let parts = [
        (links.other_host, "to other hosts"),
        (links.outside_path, "out of the folder"),
        (links.too_deep, "too deep"),
        (links.by_pattern, "by a pattern"),
        (links.trap, "endless"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(links, _)| *links > 0).map(|(links, why)| format!("{links} {why}")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Seconds with one digit.
fn seconds(milliseconds: i64) -> String {
    format!("{}.{}", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all writes");
}

#[cfg(test)]
pub(crate) mod tests;
