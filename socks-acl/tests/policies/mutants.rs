use toml::{Table, Value};

use super::boundaries;

/// The file without each of its keys, values and rules in turn, with each verdict turned round, and with each
/// boundary of a port range, a network or a time moved.
pub(crate) fn of(text: &str) -> Vec<(String, String)> {
    let file: Table = text.parse().unwrap();
    let mut paths = Vec::new();
    let root = Value::Table(file.clone());
    collect(&root, &mut Vec::new(), &mut paths);
    let removable = || {
        paths
            .iter()
            .filter(|(_, removable)| *removable)
            .map(|(path, _)| path)
    };
    let without = removable().map(|path| {
        let mut file = root.clone();
        remove(&mut file, path);
        (format!("without {}", shown(path)), file)
    });
    let verdicts = removable().filter_map(|path| match path.split_last() {
        Some((Step::Key(key), rule)) if key == "verdict" => Some(rule),
        _ => None,
    });
    let turned = verdicts.map(|rule| {
        let mut file = root.clone();
        let table = rule.iter().fold(&mut file, |value, step| step.into(value));
        turn(table.as_table_mut().unwrap());
        (format!("{}.verdict turned round", shown(rule)), file)
    });
    let moved = paths.iter().flat_map(|(path, _)| {
        let value = path
            .iter()
            .fold(&mut root.clone(), |value, step| step.into(value))
            .clone();
        let file = |value: &Value| {
            let mut file = root.clone();
            *path.iter().fold(&mut file, |value, step| step.into(value)) = value.clone();
            (format!("{} as {value}", shown(path)), file)
        };
        boundaries::moved(&value)
            .iter()
            .map(file)
            .collect::<Vec<_>>()
    });
    let mutants = without
        .chain(turned)
        .chain(moved)
        .map(|(what, file)| match file {
            Value::Table(file) => (what, file.to_string()),
            _ => unreachable!("a file is a table"),
        });
    mutants.collect()
}

/// With what belongs to the verdict left out.
fn turn(rule: &mut Table) {
    let verdict = match rule["verdict"].as_str() {
        Some("allow") => "deny",
        _ => "allow",
    };
    rule.insert("verdict".to_owned(), verdict.into());
    for key in [
        "any_peer", "conceal", "egress", "limits", "reply", "rewrite", "route",
    ] {
        rule.remove(key);
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn into<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        match self {
            Self::Key(key) => &mut value[key.as_str()],
            Self::Index(index) => &mut value[*index],
        }
    }
}

/// Each part, and whether it can be left out. The only value of a list goes with its key.
fn collect(value: &Value, path: &mut Vec<Step>, paths: &mut Vec<(Vec<Step>, bool)>) {
    let (parts, removable): (Vec<_>, _) = match value {
        Value::Table(table) => (
            table
                .iter()
                .map(|(key, part)| (Step::Key(key.clone()), part))
                .collect(),
            true,
        ),
        Value::Array(items) => (
            items
                .iter()
                .enumerate()
                .map(|(index, part)| (Step::Index(index), part))
                .collect(),
            items.len() > 1,
        ),
        _ => return,
    };
    for (step, part) in parts {
        path.push(step);
        paths.push((path.clone(), removable));
        collect(part, path, paths);
        path.pop();
    }
}

fn remove(file: &mut Value, path: &[Step]) {
    let (last, above) = path.split_last().unwrap();
    let parent = above.iter().fold(file, |value, step| step.into(value));
    match (last, parent) {
        (Step::Key(key), Value::Table(table)) => drop(table.remove(key)),
        (Step::Index(index), Value::Array(items)) => drop(items.remove(*index)),
        _ => unreachable!("a step into a value without parts"),
    }
}

fn shown(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => format!(".{key}"),
        Step::Index(index) => format!("[{}]", index + 1),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}

/// Both kinds, at every depth.
#[test]
fn every_part_once() {
    let text = "a = 1\nb = [1, 2]\n[[rule]]\nverdict = \"deny\"\nnot.c = [3]\n";
    let what: Vec<_> = of(text).into_iter().map(|(what, _)| what).collect();
    assert_eq!(
        what,
        [
            "without a",
            "without b",
            "without b[1]",
            "without b[2]",
            "without rule",
            "without rule[1].not",
            "without rule[1].not.c",
            "without rule[1].verdict",
            "rule[1].verdict turned round",
            "a as \"0-1\"",
            "a as \"1-2\"",
            "b[1] as \"0-1\"",
            "b[1] as \"1-2\"",
            "b[2] as \"1-2\"",
            "b[2] as \"2-3\"",
            "rule[1].not.c[1] as \"2-3\"",
            "rule[1].not.c[1] as \"3-4\"",
        ]
    );
    let (_, mutant) = &of(text)[3];
    assert_eq!(mutant.parse::<Table>().unwrap()["b"], Value::from(vec![1]));
}
