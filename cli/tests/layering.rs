//! Arrows point down only: who may depend on whom, dev-dependencies included.

use std::collections::BTreeMap;

use cargo_metadata::MetadataCommand;

/// Each crate with the crates of the workspace that it may name.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("rad-core", &[]),
    ("rad-schema", &["rad-core"]),
    ("rad-worker", &["rad-core", "rad-schema"]),
    ("rad-scheduler", &["rad-core", "rad-schema"]),
    ("rad-loadtest", &["rad-core", "rad-schema", "rad-worker"]),
    ("rad-cli", &["rad-core", "rad-schema", "rad-worker", "rad-scheduler", "rad-loadtest"]),
];

/// Packages that only some crates may name. `reqwest` crawls in the worker; the others ask the API with it, or
/// judge a crawl.
const GUARDED: [(&str, &[&str]); 3] = [
    ("sqlx", &["rad-schema"]),
    ("redis", &["rad-schema"]),
    ("reqwest", &["rad-worker", "rad-loadtest", "rad-cli"]),
];

/// Crate → what its manifest names, of any kind.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec();
    let metadata = metadata.expect("cargo, which runs this test, reads its own workspace");
    let named = |package: cargo_metadata::Package| {
        let names = package.dependencies.into_iter().map(|dependency| dependency.name).collect();
        (package.name.to_string(), names)
    };
    metadata.packages.into_iter().map(named).collect()
}

#[test]
fn every_crate_of_the_workspace_has_a_layer() {
    let found: Vec<_> = dependencies().into_keys().collect();
    let mut known: Vec<_> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn arrows_point_down_only() {
    let dependencies = dependencies();
    for (name, below) in ALLOWED {
        for dependency in dependencies[name].iter().filter(|dependency| dependency.starts_with("rad-")) {
            assert!(below.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn stores_and_http_are_named_only_where_they_belong() {
    for (name, dependencies) in dependencies() {
        for (package, users) in GUARDED {
            let names_it = dependencies.iter().any(|dependency| dependency == package);
            assert!(!names_it || users.contains(&name.as_str()), "{name} must not depend on {package}");
        }
    }
}
