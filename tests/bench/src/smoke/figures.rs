use crate::{
    contender::Kind,
    plot,
    report::{Case, Column, Figures, Of, Report, sample},
};

fn report() -> Report {
    let mut case = Case::new("some <case>");
    for (server, kind, costs) in [
        ("limit", Kind::Limit, [1.0, 2.0, 3.0]),
        // Best of all, and nobody's measure.
        ("no proxy", Kind::NoProxy, [0.5, 0.5, 0.5]),
        ("slow", Kind::Peer, [8.0, 8.0, 8.0]),
        ("socks-server", Kind::Ours, [5.0, 3.0, 4.0]),
        ("quick", Kind::Peer, [4.0, 4.0, 9.0]),
    ] {
        for cost in costs {
            let lost = f64::from(u8::from(server == "slow"));
            case.add(server, kind, Ok(sample([("cost", cost), ("lost", lost)])));
        }
    }
    case.add("broken", Kind::Peer, Err("timed out".into()));
    case.add("no cost", Kind::NoProxy, Ok(sample([("lost", 0.0)])));
    assert!(case.is_failing("broken") && !case.is_failing("slow"));
    Report {
        mode: "test".into(),
        pinned: false,
        about: "nothing".into(),
        columns: vec![
            Column::new("cost", "cost", Of::Less, 1),
            Column::new("lost", "lost", Of::Sum, 0),
            Column::new("late", "late", Of::Sum, 0),
        ],
        cases: vec![case],
    }
}

#[test]
fn tables_have_medians_and_ratios() {
    let table = report().to_string();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    // A column of what went wrong is there if anything did.
    let head = [
        "",
        "server",
        "cost",
        "to best peer",
        "to best limit",
        "lost",
        "",
    ];
    assert_eq!(rows[0], head);
    // This project's server first, the limits last.
    let ours = ["", "socks-server", "4.0 (3.0–5.0)", "1.00", "2.00", "0", ""];
    assert_eq!(rows[2], ours);
    assert_eq!(
        rows[3],
        ["", "slow", "8.0 (8.0–8.0)", "2.00", "4.00", "3", ""]
    );
    assert_eq!(rows[5], ["", "broken", "-", "-", "-", "-", ""]);
    let limit = ["", "limit", "2.0 (1.0–3.0)", "0.50", "1.00", "0", ""];
    assert_eq!(rows[6], limit);
    let no_proxy = ["", "no proxy", "0.5 (0.5–0.5)", "0.12", "0.25", "0", ""];
    assert_eq!(rows[7], no_proxy);
    assert_eq!(rows[8], ["", "no cost", "-", "-", "-", "0", ""]);
    assert!(table.contains("broken: 1 failed, the first one: timed out"));
}

#[tokio::test]
async fn a_file_is_drawn() {
    let figures = Figures::of::<()>(async { Ok(vec![report()]) })
        .await
        .unwrap();
    let folder = std::env::temp_dir().join(format!("bench-plot-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let json = folder.join("figures.json");
    std::fs::write(&json, serde_json::to_string(&figures).unwrap()).unwrap();
    plot::run(&json, &folder).unwrap();
    let svg = std::fs::read_to_string(folder.join("test.svg")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(svg.contains("some &lt;case>") && svg.ends_with("</svg>\n"));
    // The background and five bars.
    assert_eq!(svg.matches("<rect").count(), 6);
    assert_eq!(svg.matches(">-<").count(), 1);
    assert_eq!(svg.matches(">failed<").count(), 1);
}
