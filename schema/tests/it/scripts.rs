//! The Lua files: headers, lints, and that none reaches out of its slot.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::Done;
use crate::own_redis::TestRedis;

/// What stands before scripts, in its order.
const SHARED: [&str; 3] = ["prelude.lua", "records.lua", "moves.lua"];

/// All scripts by name, and what stands before them, the prelude first.
fn scripts() -> anyhow::Result<(String, BTreeMap<String, String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lua");
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        scripts.insert(name, std::fs::read_to_string(path)?);
    }
    let shared = SHARED.map(|name| scripts.remove(name).expect("it is there"));
    Ok((shared.concat(), scripts))
}

#[test]
fn every_script_says_what_it_takes_and_returns() -> Done {
    let (prelude, scripts) = scripts()?;
    assert!(prelude.contains("-- KEYS[1]") && prelude.contains("-- ARGV[1]"));
    assert!(scripts.len() >= 12);
    for (name, text) in scripts {
        let (header, code): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("-- "));
        let header = header.join("\n");
        assert!(text.starts_with("-- ") && header.contains("-- returns "), "{name} has no header");
        let code = code.join("\n");
        for number in 2..20 {
            if code.contains(&format!("ARGV[{number}]")) {
                let named = [']', '.'].iter().any(|end| header.contains(&format!("ARGV[{number}{end}")));
                assert!(named, "{name} uses ARGV[{number}], which its header does not name");
            }
        }
        assert!(!code.contains("KEYS["), "{name} names a key of its own");
    }
    Ok(())
}

#[tokio::test]
async fn a_cluster_refuses_every_script_that_leaves_its_slot() -> Done {
    let (prelude, scripts) = scripts()?;
    assert!(prelude.starts_with("#!lua\n"), "without it a cluster of one node would let the script through");
    let redis = TestRedis::start_cluster().await?;
    let mut connection = redis.connect().await?;
    for (name, text) in scripts {
        let trespass = format!("{prelude}\nredis.call('SET', 'elsewhere', '1')\n{text}");
        let refused = redis::cmd("EVAL")
            .arg(trespass)
            .arg(1)
            .arg("{q0}:meta")
            .arg(1)
            .exec_async(&mut connection)
            .await
            .expect_err(&name)
            .to_string();
        assert!(refused.contains("same slot"), "{name}: {refused}");
    }
    Ok(())
}

#[test]
fn the_scripts_are_lint_free_where_the_linter_is_installed() -> Done {
    if Command::new("luacheck").arg("--version").output().is_err() {
        eprintln!("luacheck is not installed");
        return Ok(());
    }
    let (prelude, scripts) = scripts()?;
    let folder = tempfile::tempdir()?;
    for (name, text) in &scripts {
        std::fs::write(folder.path().join(name), format!("{prelude}{text}"))?;
    }
    let names = prelude.lines().filter_map(|line| line.strip_prefix("local ")).flat_map(|line| {
        let line = line.strip_prefix("function ").unwrap_or(line);
        line.split(['=', '(']).next().unwrap_or_default().split(',').map(str::trim).collect::<Vec<_>>()
    });
    let unused = names.flat_map(|name| ["--ignore".to_owned(), format!("211/{name}")]);
    let output = Command::new("luacheck")
        .args(["--quiet", "--std", "lua51", "--no-max-line-length"])
        .args(["--read-globals", "redis", "struct", "KEYS", "ARGV"])
        .args(unused)
        .arg("--")
        .arg(folder.path())
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}
