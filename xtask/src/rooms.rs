//! The arrows between the modules of `src/`, read from its code, as `docs/architecture.md` must show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::tools;

const PAGE: &str = "docs/architecture.md";
/// What the page leaves out: the front door, what is no part of the library, and what most rooms import.
const LEFT_OUT: [&str; 5] = ["lib", "fuzzing", "error", "diagnostics", "millis"];

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// By room, which others its code names.
fn of_code() -> Arrows {
    let mut arrows = Arrows::new();
    let source = tools::workspace_root().join("src");
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if LEFT_OUT.contains(&room.as_str()) {
            continue;
        }
        let mut named = BTreeSet::new();
        add_named(&path, &mut named);
        named.retain(|other| *other != room && !LEFT_OUT.contains(&other.as_str()));
        arrows.insert(room, named);
    }
    arrows
}

fn add_named(path: &Path, named: &mut BTreeSet<String>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| add_named(&entry.unwrap().path(), named));
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for rest in code.flat_map(|line| line.split("crate::").skip(1)) {
            let name = rest.split(|character: char| !character.is_alphanumeric() && character != '_').next();
            named.extend(name.map(str::to_owned));
        }
    }
}

/// Of lines like `interaction ──▶ trace, wire` and `records, sink ──▶ nothing`.
fn of_page(page: &str) -> Arrows {
    let words = |text: &str| text.split([',', ' ', '─']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let block = page.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let mut arrows = Arrows::new();
    for (rooms, others) in block.lines().filter_map(|line| line.split_once('▶')) {
        let rooms: BTreeSet<String> = words(rooms);
        let mut others: BTreeSet<String> = words(others);
        others.remove("nothing");
        arrows.extend(rooms.into_iter().map(|room| (room, others.clone())));
    }
    arrows
}

#[test]
fn the_page_of_the_architecture_shows_the_arrows_of_the_code() {
    let page = fs::read_to_string(tools::workspace_root().join(PAGE)).unwrap();
    let (code, page) = (of_code(), of_page(&page));
    for room in code.keys().chain(page.keys()) {
        assert_eq!(code.get(room), page.get(room), "what {room} imports, and {PAGE} says it imports");
    }
}

#[test]
fn arrows_run_one_way() {
    let arrows = of_code();
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(room) = open.pop() {
            for next in arrows.get(&room).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen.contains(to)
    };
    // `Client::builder()` gives a builder, and `build()` makes a client.
    let in_circles: Vec<_> = arrows.keys().filter(|room| reaches(room, room)).collect();
    assert_eq!(in_circles, ["builder", "client"], "rooms that import each other, directly or not");
}
