use super::*;

fn error(text: &str) -> String {
    match RuleFile::parse("f", text).and_then(|file| file.rules()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

/// A rule that allows, with a line more.
fn allow(line: &str) -> String {
    format!("[[request]]\nverdict = \"allow\"\n{line}")
}

#[test]
fn print() {
    let long = format!("name = \"{}\"", "x".repeat(129));
    for text in [
        "a = ".to_owned(),
        "\n[[request]]\nx = 1\nx = 1".to_owned(),
        "request = 1".to_owned(),
        "[request]\nverdict = \"allow\"".to_owned(),
        "[[requests]]".to_owned(),
        "[[request]]\nname = \"x\"".to_owned(),
        allow("dest = 1"),
        allow("not.dest = 1"),
        allow("not = 1"),
        "[[request]]\nverdict = \"perhaps\"".to_owned(),
        allow("client = \"192.0.2.1/24\""),
        allow("client = [\"192.0.2.0/24\", \"x\"]"),
        allow("client = [\"$office\"]"),
        allow("client = []"),
        allow("client = [1]"),
        allow("tls = 1"),
        allow("version = \"socks6\""),
        allow("method = 255"),
        allow("method = \"none\""),
        allow("command = [\"connect\", \"udp\"]"),
        allow("destination = \"exa mple.com\""),
        allow("destination = \"$x\""),
        allow("range = \"intern\""),
        allow("port = 65536"),
        allow("port = \"90-80\""),
        allow("time = \"mon 8-10\""),
        allow("time = \"$work\""),
        allow("reply = \"host-unreachable\""),
        "[[request]]\nverdict = \"deny\"\nroute = \"x\"".to_owned(),
        "[[request]]\nverdict = \"deny\"\nreply = \"succeeded\"".to_owned(),
        allow("rewrite = \"a:b\""),
        allow("egress = { ipv4 = \"::1\" }"),
        allow("egress = { mark = -1 }"),
        allow("any_peer = true"),
        allow(&long),
        allow("name = \"safe default\""),
        allow("name = \"x\"\n[[request]]\nname = \"x\"\nverdict = \"deny\""),
        allow("safe_default = true"),
        "[[request]]\nsafe_default = true\nport = 1".to_owned(),
        "[[request]]\nsafe_default = true\n[[request]]\nsafe_default = true".to_owned(),
        "[safe_default]\nenabled = false\n[[request]]\nsafe_default = true".to_owned(),
        "[[accept]]\nsafe_default = true".to_owned(),
        "[[accept]]\nverdict = \"allow\"\nnot.user = \"alice\"".to_owned(),
        "[[bind_peer]]\nverdict = \"allow\"\ncommand = \"bind\"".to_owned(),
        "[[udp_reply]]\nverdict = \"allow\"\ndestination = \"a.example\"".to_owned(),
        "[[accept]]\nverdict = \"deny\"\nreply = \"not-allowed\"".to_owned(),
        "[[bind_peer]]\nverdict = \"allow\"\nlimits = \"x\"".to_owned(),
        "[networks]\na = \"x\"".to_owned(),
        "[networks]\n\"a b\" = []".to_owned(),
        "[networks]\na = []\n[domains]\na = []".to_owned(),
        "[networks]\na = { file = \"x\" }".to_owned(),
        "[networks]\na = { path = \"x\" }".to_owned(),
        "[domains]\na = \"192.0.2.1\"".to_owned(),
        "[times]\na = { windows = \"mon\", zone = \"x\" }".to_owned(),
        "[times]\na = { time_zone = \"UTC\" }".to_owned(),
        "time_zone = \"Mars/Base\"".to_owned(),
        "[safe_default]\nallow = \"10.0.0.1/8\"".to_owned(),
        "[safe_default]\nnat64 = \"2001:db8::/33\"".to_owned(),
        "[safe_default]\nown_listeners = \"192.0.2.1\"".to_owned(),
        "[safe_default]\nopen = true".to_owned(),
        allow("port = 1979-05-27"),
        allow("port = 1.5"),
        "[".repeat(100),
        format!("a = {}", "[".repeat(1000)),
        format!("a = {}", "{a=".repeat(1000)),
    ] {
        println!("{}", error(&text));
    }
}
