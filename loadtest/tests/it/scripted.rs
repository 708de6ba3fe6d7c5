//! A site of a few pages that says what a test tells it to, and remembers what it was asked for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rad_loadtest::fleet::{Fleet, FleetOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a path answers, given the Cookie header.
type Answer = Arc<dyn Fn(Option<&str>) -> Response + Send + Sync>;

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Runs until it is dropped.
pub(crate) struct ScriptedSite {
    script: Script,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl ScriptedSite {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let script = Script::default();
        let router = Router::new().fallback(answer).with_state(script.clone());
        let serving = tokio::spawn(async move {
            // It is ended by an abort.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { script, address, serving })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer(
        &self,
        path: &str,
        answer: impl Fn(Option<&str>) -> Response + Send + Sync + 'static,
    ) {
        self.script
            .answers
            .lock()
            .expect("no test panics while it holds the script")
            .insert(path.to_owned(), Arc::new(answer));
    }

    /// A page with a text of its own and these links.
    pub(crate) fn page(&self, path: &str, links: &[&str]) {
        let links: Vec<_> = links.iter().map(|link| format!("<a href=\"{link}\">{link}</a>")).collect();
        let body =
            format!("<title>{path}</title><h1>Page {path}</h1><p>The words of {path}.</p>{}", links.concat());
        self.text(path, "text/html", body);
    }

    pub(crate) fn text(&self, path: &str, content_type: &'static str, body: String) {
        self.answer(path, move |_| ([(header::CONTENT_TYPE, content_type)], body.clone()).into_response());
    }

    pub(crate) fn remove(&self, path: &str) {
        self.script.answers.lock().expect("no test panics while it holds the script").remove(path);
    }

    /// The paths that were asked for since the last call, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked =
            std::mem::take(&mut *self.script.asked.lock().expect("no test panics while it holds the script"));
        asked.sort();
        asked
    }
}

impl Drop for ScriptedSite {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A site and a fleet of one worker that may crawl it.
pub(crate) async fn scripted() -> Result<(tempfile::TempDir, ScriptedSite, Fleet)> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(FleetOptions { workers: 1, ..FleetOptions::for_test(folder.path()) }).await?;
    Ok((folder, ScriptedSite::start().await?, fleet))
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let cookie = request.headers().get(header::COOKIE).and_then(|value| value.to_str().ok());
    let answer = script.answers.lock().expect("no test panics while it holds the script").get(&path).cloned();
    let response = answer.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |answer| answer(cookie));
    script.asked.lock().expect("no test panics while it holds the script").push(path);
    response
}
