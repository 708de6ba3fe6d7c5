//! Fetching and content: requests, politeness, extraction, documents.

use super::Kind::{Counter, Gauge, Histogram};
use super::{buckets, table};

table! {
    /// Requests that a host answered, robots.txt included. Revalidated are those that said "not modified".
    FETCHES = "rad_fetches_total", Counter, Worker, {
        status_class: ["2xx", "3xx", "4xx", "5xx"],
        protocol: ["http/1.1", "http/2"],
        cache: ["miss", "revalidated"]
    };
    /// Time of a request for a page: to its headers, for its body, and in all.
    FETCH_DURATION = "rad_fetch_duration_seconds", Histogram(buckets::FETCH), Worker,
        { phase: ["ttfb", "body", "total"] };
    /// Bytes of bodies after decompression, robots.txt included.
    FETCH_BYTES = "rad_fetch_bytes_total", Counter, Worker, { direction: ["in"] };
    /// Fetches without a page, by what went wrong.
    FETCH_ERRORS = "rad_fetch_errors_total", Counter, Worker, {
        class: [
            "dns", "connect", "tls", "timeout", "http_4xx", "http_5xx", "robots", "blocked", "too_large", "parse",
            "protocol", "redirects", "encoding", "type"
        ]
    };
    /// Requests to hosts being made now, robots.txt included.
    FETCH_IN_FLIGHT = "rad_fetch_in_flight", Gauge, Worker, {};
    /// Pages that robots.txt kept from being fetched.
    ROBOTS_DENIED = "rad_robots_denied_total", Counter, Worker, {};
    /// Links found on pages, before scope and known links are looked at.
    LINKS_DISCOVERED = "rad_links_discovered_total", Counter, Worker, {};
    /// Pauses that a task made for its host's delay.
    POLITENESS_WAIT = "rad_politeness_wait_seconds", Histogram(buckets::POLITENESS), Worker, {};
    /// Requests of this worker to a host that takes one at a time which came before its delay had passed.
    POLITENESS_VIOLATIONS = "rad_politeness_violations_total", Counter, Worker, {};
    /// Time to read one page: parse, extract, chunk, compress.
    EXTRACT_DURATION = "rad_extract_duration_seconds", Histogram(buckets::EXTRACT), Worker, {};
    /// Processor time by stage: of a page for those that work on one (fetch, extract, chunk, compress), of a batch for
    /// the others (commit; dispatch: claim, hydrate, lock, complete). What the runtime and its connections take is in
    /// the process's whole.
    STAGE_CPU = "rad_stage_cpu_seconds", Histogram(buckets::STAGE), Worker,
        { stage: ["fetch", "extract", "chunk", "compress", "commit", "dispatch"] };
    /// Documents stored, new and changed ones, by the format they came in.
    DOCUMENTS_STORED = "rad_documents_stored_total", Counter, Worker,
        { format: ["html", "markdown", "text", "other"] };
}
