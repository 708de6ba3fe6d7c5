//! What a worker would make of a task.

use rad_core::chunk::{ChunkLimits, chunk};
use rad_core::ids::{Fence, Hash128};
use rad_core::likeness::Likeness;
use rad_core::url::CanonicalUrl;
use rad_core::verdict::State;
use rad_schema::commit::{Applied, Committed, End, Excluded, Outcome, PageContent};
use rad_schema::documents::compress;
use rad_schema::ledger::Hydrated;

/// A hydrated task and the token it was claimed with.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) hydrated: Hydrated,
    pub(crate) fence: Fence,
}

/// A URL of the site.
pub(crate) fn url(path: &str) -> CanonicalUrl {
    CanonicalUrl::parse(&format!("http://site.test{path}")).expect("a plain URL")
}

pub(crate) fn outcome(task: &Task, end: End) -> Outcome {
    Outcome {
        task: task.hydrated.task,
        job: task.hydrated.job,
        fence: task.fence,
        hydrated_us: task.hydrated.hydrated_us,
        end,
        links: Vec::new(),
        settled: Vec::new(),
        excluded: Excluded::default(),
    }
}

/// The content of a page with this Markdown at this URL.
pub(crate) fn content(at: &CanonicalUrl, markdown: &str) -> PageContent {
    PageContent {
        url: at.as_str().to_owned(),
        url_hash: at.hash(),
        redirect_target: None,
        content_hash: Hash128::of(markdown.as_bytes()),
        raw_bytes: markdown.len() as u64,
        body: compress(markdown.as_bytes()),
        title: Some("A title".to_owned()),
        language: Some("en".to_owned()),
        canonical: None,
        metadata: serde_json::json!({"author": "A. Uthor"}),
        likeness: Likeness::of(markdown),
        content_type: Some("text/html".to_owned()),
        etag: Some("\"1\"".to_owned()),
        last_modified: None,
        outlinks: compress(b"http://site.test/0\nhttp://site.test/1"),
        markdown: compress(markdown.as_bytes()),
        chunks: chunk(markdown, &ChunkLimits::default()),
        notes: None,
    }
}

/// The task's page with this Markdown.
pub(crate) fn page(task: &Task, markdown: &str) -> Outcome {
    let at = CanonicalUrl::parse(&task.hydrated.url).expect("the ledger holds canonical URLs");
    outcome(task, End::Page(Box::new(content(&at, markdown))))
}

/// The task's page with a text of its own.
pub(crate) fn own_page(task: &Task) -> Outcome {
    page(task, &format!("# Page\n\nThe text of {}.", task.hydrated.url))
}

/// What a commit did with its outcomes, in their order.
pub(crate) fn answers(committed: &Committed, tasks: &[Task]) -> Vec<Applied> {
    tasks
        .iter()
        .map(|task| {
            let mut of = committed.applied.iter().filter(|(id, _)| *id == task.hydrated.task);
            let (Some((_, applied)), None) = (of.next(), of.next()) else {
                panic!("not one answer for {}: {:?}", task.hydrated.url, committed.applied)
            };
            *applied
        })
        .collect()
}

pub(crate) const STORED: Applied = Applied::Ended(State::Stored);
