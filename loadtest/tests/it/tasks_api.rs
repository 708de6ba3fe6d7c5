//! What the API answers about tasks and locks: to whom, with which codes, page by page.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::plain_http::Answer;
use crate::tasks::{Bearer, fleet};

fn code(answer: &Answer, status: u16) -> Result<String> {
    Ok(answer.expect(status)?["code"].as_str().context("a problem has a code")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_claims_and_ends_answer_as_documented() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let mine = Bearer::new(&fleet, fleet.key())?;
    let body = json!({ "task_type": "crawl", "resource": "https://example.com/", "priority": 8,
        "params": { "max_depth": 3 }, "idempotency_key": "k" });
    let pushed = mine.persist("/tasks", &body).await?;
    let task = pushed.expect(201)?;
    let id = task["task_id"].as_i64().context("a number")?;
    ensure!(pushed.header("location") == Some(format!("/api/v1/tasks/{id}").as_str()), "{pushed:?}");
    ensure!(task["state"] == "queued" && task["attempts"] == 0 && task["max_attempts"] == 3, "{task}");
    let other = json!({ "task_type": "crawl", "idempotency_key": "k" });
    ensure!(code(&mine.post("/tasks", &other).await?, 422)? == "idempotency_mismatch");
    ensure!(code(&mine.post("/tasks", &json!({ "task_type": "a b" })).await?, 422)? == "invalid_field");
    ensure!(code(&mine.post(&format!("/tasks/{id}/complete"), &json!({})).await?, 409)? == "lease_lost");

    let claim = mine.persist("/tasks/claim", &json!({ "worker_id": "w" })).await?.expect(200)?;
    ensure!(claim["task_id"] == id && claim["params"]["max_depth"] == 3, "{claim}");
    let nothing = mine.persist("/tasks/claim", &json!({ "worker_id": "v" })).await?;
    ensure!(nothing.status == 204 && nothing.text.is_empty(), "{nothing:?}");
    let renewed =
        mine.post(&format!("/tasks/{id}/renew"), &json!({ "lease_seconds": 3600 })).await?.expect(200)?;
    ensure!(renewed["expires_at"].as_str() > claim["expires_at"].as_str(), "{renewed} {claim}");
    ensure!(renewed["lease_token"] == claim["lease_token"], "{renewed}");
    let stranger = json!({ "worker_id": "v", "error": "x" });
    ensure!(code(&mine.post(&format!("/tasks/{id}/fail"), &stranger).await?, 409)? == "lease_lost");
    let done = json!({ "lease_token": claim["lease_token"], "result": { "pages": 42 } });
    for _ in 0..2 {
        let ended = mine.post(&format!("/tasks/{id}/complete"), &done).await?.expect(200)?;
        ensure!(ended["state"] == "completed" && ended["result"]["pages"] == 42, "{ended}");
    }
    ensure!(code(&mine.get("/tasks/999999").await?, 404)? == "not_found");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_and_locks_are_the_tenants_own_and_a_reader_changes_nothing() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let mine = Bearer::new(&fleet, fleet.key())?;
    let (_, key) = rad_schema::tenants::create(&fleet.owner_url(), "other", None).await?;
    let theirs = Bearer::new(&fleet, &key)?;
    let reader = fleet.operator().create_key("other", &["read".to_owned()]).await?;
    let reader = Bearer::new(&fleet, &reader.key)?;
    let id = mine.persist("/tasks", &json!({ "task_type": "a" })).await?.expect(201)?["task_id"].clone();
    ensure!(theirs.persist("/tasks/claim", &json!({ "worker_id": "w" })).await?.status == 204);
    ensure!(code(&theirs.get(&format!("/tasks/{id}")).await?, 404)? == "not_found");
    ensure!(code(&theirs.post(&format!("/tasks/{id}/complete"), &json!({})).await?, 404)? == "not_found");
    ensure!(theirs.get("/queue/stats").await?.expect(200)?["queued"] == 0);
    let lock = json!({ "resource": "report", "worker_id": "w", "ttl_seconds": 300 });
    for holder in [&mine, &theirs] {
        ensure!(holder.persist("/locks/acquire", &lock).await?.expect(200)?["acquired"] == true);
    }
    for (path, body) in [
        ("/tasks", json!({ "task_type": "a" })),
        ("/tasks/claim", json!({ "worker_id": "w" })),
        ("/tasks/1/complete", json!({})),
        ("/locks/acquire", lock.clone()),
        ("/locks/release", json!({ "resource": "report", "worker_id": "w" })),
    ] {
        ensure!(code(&reader.post(path, &body).await?, 403)? == "forbidden", "{path}");
    }
    ensure!(reader.get("/locks?resource=report").await?.expect(200)?["locked"] == true);
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_of_tasks_go_page_by_page_and_by_state_and_kind() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let mine = Bearer::new(&fleet, fleet.key())?;
    for n in 0..7 {
        mine.persist("/tasks", &json!({ "task_type": if n % 2 == 0 { "even" } else { "odd" } }))
            .await?
            .expect(201)?;
    }
    mine.persist("/tasks/claim", &json!({ "worker_id": "w", "task_types": ["odd"] })).await?.expect(200)?;
    let mut path = "/tasks?state=queued&type=even&limit=3".to_owned();
    let mut seen: Vec<i64> = Vec::new();
    loop {
        let page = mine.get(&path).await?.expect(200)?;
        let data = page["data"].as_array().context("a list")?;
        ensure!(data.iter().all(|task| task["task_type"] == "even" && task["state"] == "queued"), "{page}");
        seen.extend(data.iter().filter_map(|task| task["task_id"].as_i64()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/tasks?state=queued&type=even&limit=3&cursor={cursor}");
    }
    ensure!(seen.len() == 4 && seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    let bad = mine.get("/tasks?state=waiting&type=a%20b&kind=x").await?;
    let named: Vec<_> =
        bad.expect(422)?["errors"].as_array().into_iter().flatten().map(|e| e["field"].clone()).collect();
    ensure!(named == ["kind", "state", "type"], "{named:?}");
    let stats = mine.get("/queue/stats").await?.expect(200)?;
    ensure!(
        stats["queued"] == 6 && stats["claimed"] == 1 && stats["oldest_queued_seconds"].is_f64(),
        "{stats}"
    );
    ensure!(
        stats["types"][1]
            == json!({ "task_type": "odd", "queued": 2, "claimed": 1, "completed": 0, "failed": 0 })
    );
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_taken_renewed_and_given_back_and_its_tokens_rise_over_a_wipe() -> Result<()> {
    let (_folder, fleet) = fleet().await?;
    let mine = Bearer::new(&fleet, fleet.key())?;
    let ask = |worker: &str| json!({ "resource": "https://example.com/a", "worker_id": worker, "ttl_seconds": 300 });
    let token = |answer: &Value| answer["fencing_token"].as_str().map(str::to_owned);
    let first = mine.persist("/locks/acquire", &ask("a")).await?.expect(200)?;
    ensure!(first["acquired"] == true && first["holder"] == "a", "{first}");
    let refused = mine.persist("/locks/acquire", &ask("b")).await?.expect(200)?;
    ensure!(refused["acquired"] == false && refused["holder"] == "a", "{refused}");
    let seen = mine.get("/locks?resource=HTTPS%3A%2F%2FExample.com%3A443%2Fa").await?.expect(200)?;
    ensure!(seen["locked"] == true && token(&seen) == token(&first), "{seen}");
    let give = json!({ "resource": "https://example.com/a", "worker_id": "b" });
    ensure!(mine.persist("/locks/release", &give).await?.expect(200)?["released"] == false);
    rad_schema::window::Dispatch::connect(&fleet.redis_url()).await?.wipe().await?;
    let after = mine.persist("/locks/acquire", &ask("b")).await?.expect(200)?;
    ensure!(after["acquired"] == true && token(&after) > token(&first), "{after} after {first}");
    ensure!(mine.persist("/locks/release", &give).await?.expect(200)?["released"] == true);
    let free = mine.get("/locks?resource=https%3A%2F%2Fexample.com%2Fa").await?.expect(200)?;
    ensure!(
        free == json!({ "locked": false, "holder": null, "fencing_token": null, "expires_at": null }),
        "{free}"
    );
    ensure!(mine.get("/locks").await?.status == 422 && mine.get("/locks?resource=").await?.status == 422);
    fleet.stop().await?;
    Ok(())
}
