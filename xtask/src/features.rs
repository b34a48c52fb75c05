//! The feature sets in which a package is checked, found from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::tools;

/// Each feature of a package with what it enables, as in the manifest's `[features]`.
pub type Declared = BTreeMap<String, Vec<String>>;

/// One combination of features.
#[derive(Debug)]
pub struct FeatureSet {
    /// What selects the combination on cargo's command line; nothing for the default features.
    pub flags: Vec<String>,
    enabled: BTreeSet<String>,
}

impl FeatureSet {
    pub fn is_default(&self) -> bool {
        self.flags.is_empty()
    }

    /// Whether the set turns on `native-tls`, here or in a dependency.
    pub fn uses_native_tls(&self) -> bool {
        self.enabled.iter().any(|name| name.rsplit('/').next() == Some("native-tls"))
    }
}

/// The features that `package`, a member of the workspace, declares.
pub fn of_package(package: &str) -> Result<Declared, String> {
    let metadata = tools::cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    declared(&metadata, package)
}

fn declared(metadata: &str, package: &str) -> Result<Declared, String> {
    let metadata: Value =
        serde_json::from_str(metadata).map_err(|error| format!("`cargo metadata` printed no JSON: {error}"))?;
    let features = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|found| found["name"] == package)
        .ok_or_else(|| format!("`cargo metadata` lists no package `{package}`"))?["features"]
        .clone();
    serde_json::from_value(features)
        .map_err(|error| format!("the features of `{package}` are not as expected: {error}"))
}

/// No feature, each feature alone, and all together. A set that enables the same as an earlier
/// one is left out.
pub fn combinations(declared: &Declared) -> Vec<FeatureSet> {
    let mut sets: Vec<FeatureSet> = Vec::new();
    let mut add = |flags: &[&str], features: &[&String]| {
        let enabled = closure(declared, features);
        if sets.iter().all(|set| set.enabled != enabled) {
            let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
            sets.push(FeatureSet { flags, enabled });
        }
    };

    add(&["--no-default-features"], &[]);
    if let Some((default, _)) = declared.get_key_value("default") {
        add(&[], &[default]);
    }
    for feature in declared.keys() {
        add(&["--no-default-features", "--features", feature], &[feature]);
    }
    add(&["--all-features"], &declared.keys().collect::<Vec<_>>());
    sets
}

/// Everything that `features` enable, except the name `default`, which means nothing by itself.
fn closure(declared: &Declared, features: &[&String]) -> BTreeSet<String> {
    let mut enabled = BTreeSet::new();
    let mut open = features.to_vec();
    while let Some(feature) = open.pop() {
        if enabled.insert(feature.clone()) {
            open.extend(declared.get(feature).into_iter().flatten());
        }
    }
    enabled.remove("default");
    enabled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(features: &[(&str, &[&str])]) -> Declared {
        features
            .iter()
            .map(|(name, enables)| {
                let enables = enables.iter().map(|&enabled| enabled.to_owned()).collect();
                ((*name).to_owned(), enables)
            })
            .collect()
    }

    fn flags(declared: &Declared) -> Vec<String> {
        combinations(declared).iter().map(|set| set.flags.join(" ")).collect()
    }

    #[test]
    fn features_are_checked_absent_alone_and_together() {
        let declared = declare(&[("default", &["a"]), ("a", &["x/a"]), ("b", &[]), ("c", &[])]);
        assert_eq!(
            flags(&declared),
            [
                "--no-default-features",
                "",
                "--no-default-features --features b",
                "--no-default-features --features c",
                "--all-features",
            ]
        );
    }

    #[test]
    fn a_package_without_features_has_one_set() {
        assert_eq!(flags(&Declared::new()), ["--no-default-features"]);
    }

    #[test]
    fn an_only_feature_is_not_checked_again_as_all_features() {
        assert_eq!(flags(&declare(&[("a", &[])])), ["--no-default-features", "--no-default-features --features a"]);
    }

    #[test]
    fn features_that_enable_each_other_end_the_search() {
        let declared = declare(&[("a", &["b"]), ("b", &["a"])]);
        assert_eq!(flags(&declared).len(), 2);
    }

    #[test]
    fn native_tls_is_seen_through_other_features() {
        let declared = declare(&[("none", &[]), ("indirect", &["tls"]), ("tls", &["http?/native-tls"])]);
        let using: Vec<String> =
            combinations(&declared).iter().filter(|set| set.uses_native_tls()).map(|set| set.flags.join(" ")).collect();
        assert_eq!(
            using,
            ["--no-default-features --features indirect", "--no-default-features --features tls", "--all-features",]
        );
    }

    #[test]
    fn features_are_read_from_the_named_package() {
        let metadata = r#"{"packages": [
            {"name": "other", "features": {}},
            {"name": "wanted", "features": {"default": ["a"], "a": []}}
        ]}"#;
        assert_eq!(declared(metadata, "wanted"), Ok(declare(&[("default", &["a"]), ("a", &[])])));
        assert_eq!(declared(metadata, "absent"), Err("`cargo metadata` lists no package `absent`".to_owned()));
    }
}
