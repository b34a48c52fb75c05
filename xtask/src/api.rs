//! `cargo xtask api`: the public API of the crate and of the npm package as texts, and whether they are still those in
//! `tests/api.txt` and `tests/api-npm.txt`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::api_npm;
use crate::snapshot::Mode;
use crate::step::Step;
use crate::tools;

const OF_CRATE: &str = "tests/api.txt";
const OF_PACKAGE: &str = "tests/api-npm.txt";
const TYPES: &str = "pkg-templates/index.d.ts";
/// Of rustdoc's JSON, which this reads. Another toolchain may write another one.
const FORMAT: u64 = 57;

/// Prints the APIs, compares them with the snapshots or makes them the snapshots.
///
/// # Errors
///
/// A message that names the failed command, or the lines that differ.
pub fn run(mode: Mode) -> Result<(), String> {
    apply(mode, OF_PACKAGE, &api_npm::text(&read(&tools::workspace_root().join(TYPES))?))?;

    let documentation = documentation(&tools::target_directory()?.join("api"))?;
    let format = documentation["format_version"].as_u64().unwrap_or_default();
    if format != FORMAT {
        let message = format!("this rustdoc writes JSON of format {format}, and format {FORMAT} is read here");
        return if mode == Mode::Check {
            println!("not compared: {message}");
            Ok(())
        } else {
            Err(message)
        };
    }
    apply(mode, OF_CRATE, &Api { index: &documentation["index"] }.text(&documentation["root"]))
}

fn apply(mode: Mode, snapshot: &str, api: &str) -> Result<(), String> {
    let path = tools::workspace_root().join(snapshot);
    match mode {
        Mode::Print => print!("{api}"),
        Mode::Update => fs::write(&path, api).map_err(|error| format!("cannot write {snapshot}: {error}"))?,
        Mode::Check => compare(snapshot, &read(&path)?, api)?,
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// What rustdoc knows of the crate. Its JSON is unstable, hence the variable.
fn documentation(target: &Path) -> Result<Value, String> {
    Step::cargo("document the crate", &["rustdoc", "-p", "raindrop-edge", "--lib", "--locked", "--quiet", "--"])
        .args(&["-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env_path("CARGO_TARGET_DIR", target)
        .produce()?;
    let path = target.join("doc/raindrop.json");
    serde_json::from_str(&read(&path)?).map_err(|error| format!("{} is no JSON: {error}", path.display()))
}

fn compare(snapshot: &str, known: &str, api: &str) -> Result<(), String> {
    let missing = |from: &str, sign, other: &str| {
        let lines = from.lines().filter(|line| !other.lines().any(|found| found == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    let changes = missing(known, '-', api) + &missing(api, '+', known);
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the public API is not that of {snapshot}:\n{changes}If that is meant, `cargo xtask api --update`, and say it in \
         CHANGELOG.md"
    ))
}

struct Api<'a> {
    index: &'a Value,
}

impl Api<'_> {
    /// A line for each item that a user can name.
    fn text(&self, root: &Value) -> String {
        let mut lines = Vec::new();
        for id in list(&self.item(root)["inner"]["module"]["items"]) {
            self.add(id, "raindrop", &mut lines);
        }
        // By path, whatever kind of item it is.
        lines.sort_by_cached_key(|line| line.get(line.find("raindrop::").unwrap_or_default()..).map(str::to_owned));
        lines.dedup();
        lines.join("\n") + "\n"
    }

    fn item(&self, id: &Value) -> &Value {
        &self.index[id.to_string()]
    }

    fn add(&self, id: &Value, parent: &str, lines: &mut Vec<String>) {
        let item = self.item(id);
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next()) else { return };
        if kind == "use" {
            self.add(&inner["id"], parent, lines);
            return;
        }
        let path = format!("{parent}::{}", item["name"].as_str().unwrap_or_default());
        let mut line = match kind.as_str() {
            "function" => function(&path, inner),
            "struct_field" => format!("field {path}: {}", rendered(inner)),
            "constant" | "assoc_const" => format!("const {path}: {}", rendered(&inner["type"])),
            "type_alias" => format!("type {path}{} = {}", generics(&inner["generics"]), rendered(&inner["type"])),
            "variant" => format!("variant {path}"),
            "struct" | "enum" => format!("{kind} {path}{}", generics(&inner["generics"])),
            _ => format!("{kind} {path}"),
        };
        if item["attrs"].to_string().contains("non_exhaustive") {
            line += ", not exhaustive";
        }
        lines.push(line);
        let kinds = &inner["kind"];
        for field in [&inner["variants"], &kinds["plain"]["fields"], &kinds["tuple"], &kinds["struct"]["fields"]] {
            for id in list(field) {
                self.add(id, &path, lines);
            }
        }
        for id in list(&inner["impls"]) {
            self.add_impl(&self.item(id)["inner"]["impl"], &path, lines);
        }
    }

    /// Neither what the compiler derives by itself nor what a trait gives to all.
    fn add_impl(&self, implementation: &Value, path: &str, lines: &mut Vec<String>) {
        let is_own = implementation["is_synthetic"] == false && implementation["blanket_impl"].is_null();
        match &implementation["trait"] {
            Value::Null => {
                for id in list(&implementation["items"]) {
                    self.add(id, path, lines);
                }
            }
            of if is_own => lines.push(format!("impl {path}: {}", resolved(of))),
            _ => {}
        }
    }
}

fn function(path: &str, inner: &Value) -> String {
    let header = &inner["header"];
    let word = |name, word| if header[name] == true { word } else { "" };
    let inputs = list(&inner["sig"]["inputs"]).map(|input| {
        let name = input[0].as_str().unwrap_or_default();
        if name == "self" {
            rendered(&input[1]).replace("Self", "self")
        } else {
            format!("{name}: {}", rendered(&input[1]))
        }
    });
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let output = arrow(&inner["sig"]["output"]);
    let (generics, conditions) = (generics(&inner["generics"]), conditions(&inner["generics"]));
    let prefix = format!("{}{}", word("is_const", "const "), word("is_async", "async "));
    format!("{prefix}fn {path}{generics}({inputs}){output}{conditions}")
}

/// Parameters with their bounds. What `impl` in an argument stands for is said there.
fn generics(generics: &Value) -> String {
    let params = list(&generics["params"]).filter(|param| param["kind"]["type"]["is_synthetic"] != true);
    let params = params.map(|param| {
        let kind = &param["kind"]["type"];
        let default = &kind["default"];
        let default = if default.is_null() { String::new() } else { format!(" = {}", rendered(default)) };
        format!("{}{}{default}", param["name"].as_str().unwrap_or_default(), bounds(&kind["bounds"], ": "))
    });
    let all = params.collect::<Vec<_>>().join(", ");
    if all.is_empty() { all } else { format!("<{all}>") }
}

fn conditions(generics: &Value) -> String {
    let conditions = list(&generics["where_predicates"]).map(|predicate| {
        let bound = &predicate["bound_predicate"];
        format!("{}{}", rendered(&bound["type"]), bounds(&bound["bounds"], ": "))
    });
    let all = conditions.collect::<Vec<_>>().join(", ");
    if all.is_empty() { all } else { format!(" where {all}") }
}

fn bounds(bounds: &Value, before: &str) -> String {
    let names = list(bounds).map(|bound| match &bound["trait_bound"]["trait"] {
        Value::Null => bound["outlives"].as_str().unwrap_or("use<..>").to_owned(),
        of => resolved(of),
    });
    let names = names.collect::<Vec<_>>().join(" + ");
    if names.is_empty() { names } else { format!("{before}{names}") }
}

/// A type as it is written in Rust, without the modules that it is in.
fn rendered(of: &Value) -> String {
    let Some((kind, inner)) = of.as_object().and_then(|of| of.iter().next()) else { return of.to_string() };
    let all = |types| list(types).map(rendered).collect::<Vec<_>>().join(", ");
    match kind.as_str() {
        "resolved_path" => resolved(inner),
        "generic" | "primitive" => inner.as_str().unwrap_or_default().to_owned(),
        "borrowed_ref" => {
            let lifetime = inner["lifetime"].as_str().map_or(String::new(), |lifetime| format!("{lifetime} "));
            let mutable = if inner["is_mutable"] == true { "mut " } else { "" };
            format!("&{lifetime}{mutable}{}", rendered(&inner["type"]))
        }
        "slice" => format!("[{}]", rendered(inner)),
        "array" => format!("[{}; {}]", rendered(&inner["type"]), inner["len"].as_str().unwrap_or_default()),
        "tuple" => format!("({})", all(inner)),
        "impl_trait" => bounds(inner, "impl "),
        "qualified_path" => {
            format!("{}::{}", rendered(&inner["self_type"]), inner["name"].as_str().unwrap_or_default())
        }
        "function_pointer" => {
            let inputs = list(&inner["sig"]["inputs"]).map(|input| rendered(&input[1])).collect::<Vec<_>>().join(", ");
            format!("fn({inputs}){}", arrow(&inner["sig"]["output"]))
        }
        _ => of.to_string(),
    }
}

fn arrow(output: &Value) -> String {
    if output.is_null() { String::new() } else { format!(" -> {}", rendered(output)) }
}

/// A path with its arguments.
fn resolved(path: &Value) -> String {
    let name = path["path"].as_str().unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or_default();
    let args = &path["args"];
    let angle = &args["angle_bracketed"];
    let plain = list(&angle["args"]).map(|arg| match &arg["type"] {
        Value::Null => arg["lifetime"].as_str().unwrap_or_default().to_owned(),
        of => rendered(of),
    });
    let named = list(&angle["constraints"]).map(|constraint| {
        let name = constraint["name"].as_str().unwrap_or_default();
        format!("{name} = {}", rendered(&constraint["binding"]["equality"]["type"]))
    });
    let all = plain.chain(named).collect::<Vec<_>>().join(", ");
    if !all.is_empty() {
        return format!("{name}<{all}>");
    }
    let called = &args["parenthesized"];
    if called.is_null() {
        return name.to_owned();
    }
    let inputs = list(&called["inputs"]).map(rendered).collect::<Vec<_>>().join(", ");
    format!("{name}({inputs}){}", arrow(&called["output"]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_gone_and_what_is_new_is_named() {
        let error = compare("api.txt", "fn a()\nfn b()\n", "fn b()\nfn c()\n").unwrap_err();
        assert!(error.contains("- fn a()\n+ fn c()\n") && !error.contains("fn b()"), "{error}");
        assert_eq!(compare("api.txt", "fn a()\n", "fn a()\n"), Ok(()));
    }

    #[test]
    fn a_type_is_written_as_in_rust() {
        let text = json!({ "resolved_path": { "path": "String", "args": null } });
        let optional = json!({ "resolved_path": {
            "path": "std::option::Option",
            "args": { "angle_bracketed": { "args": [{ "type": text }], "constraints": [] } },
        } });
        let reference = json!({ "borrowed_ref": { "lifetime": null, "is_mutable": true, "type": optional } });
        assert_eq!(rendered(&reference), "&mut Option<String>");
    }
}
