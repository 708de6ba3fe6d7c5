//! What stands around every request: its name, its deadline, and the promise that it is answered.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::problem::Problem;
use super::request_id::{self, RequestId};

/// The API answers from counters and short queries; this only ends what hangs with a store.
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) async fn serve(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let span = tracing::info_span!("request", request_id = id.as_str());
    let mut response = answered(next.run(request), DEADLINE).instrument(span).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut told = problem.answer(id.as_str());
        // Such as `Allow`.
        for (name, value) in response.headers() {
            if !told.headers().contains_key(name) {
                told.headers_mut().insert(name.clone(), value.clone());
            }
        }
        response = told;
    }
    response.headers_mut().insert(request_id::HEADER, id.header());
    response
}

/// The handler's answer, or a problem where it takes too long or panics.
async fn answered(handler: impl Future<Output = Response>, within: Duration) -> Response {
    match tokio::time::timeout(within, unwound(handler)).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = message(panic.as_ref()), "request handler panicked");
            Problem::internal().into_response()
        }
        Err(_) => {
            tracing::warn!(seconds = within.as_secs(), "request took too long");
            Problem::unavailable().into_response()
        }
    }
}

/// Runs a future; a panic in it is an error here. Nothing of the handler is used afterwards, so what it left half
/// done is seen by nobody.
async fn unwound(handler: impl Future<Output = Response>) -> Result<Response, Box<dyn Any + Send>> {
    let mut handler = pin!(handler);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(response)) => Poll::Ready(Ok(response)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_problem() {
        let response = answered(async { panic!("broken") }, DEADLINE).await;
        assert_eq!(response.status(), 500);
        assert!(response.extensions().get::<Problem>().is_some());
    }

    #[tokio::test]
    async fn a_handler_that_hangs_is_answered_for() {
        let response = answered(std::future::pending(), Duration::ZERO).await;
        assert_eq!(response.status(), 503);
    }

    #[tokio::test]
    async fn an_answer_is_passed_on() {
        let response = answered(async { "ok".into_response() }, DEADLINE).await;
        assert_eq!(response.status(), 200);
    }
}
