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

/// SE-3: each kind of mistake, with line, column, key and what was expected; a question that its point
/// cannot answer is one.
#[test]
fn mistakes_say_where_and_what() {
    let long = format!("name = \"{}\"", "x".repeat(129));
    for (text, told) in [
        ("a = ".to_owned(), "1:5:"),
        ("\n[[request]]\nx = 1\nx = 1".to_owned(), "4:1:"),
        (
            "request = 1".to_owned(),
            "1:11: request: expected [[request]], a table for each rule",
        ),
        (
            "[request]\nverdict = \"allow\"".to_owned(),
            "1:1: request: expected [[request]], a table for each rule",
        ),
        (
            "[[requests]]".to_owned(),
            "1:3: requests: unknown key, expected one of",
        ),
        (
            "[[request]]\nname = \"x\"".to_owned(),
            "1:1: request[1]: expected verdict = \"allow\" or \"deny\"",
        ),
        (
            allow("dest = 1"),
            "3:1: request[1].dest: unknown key, expected one of",
        ),
        (
            allow("not.dest = 1"),
            "3:5: request[1].not.dest: unknown key, expected one of",
        ),
        (allow("not = 1"), "3:7: request[1].not: expected a table"),
        (
            "[[request]]\nverdict = \"perhaps\"".to_owned(),
            "2:11: request[1].verdict: expected one of",
        ),
        (
            allow("client = \"192.0.2.1/24\""),
            "3:10: request[1].client: expected a network without host bits, such as 192.0.2.0/24, found \"192.0.2.1/24\"",
        ),
        (
            allow("client = [\"192.0.2.0/24\", \"x\"]"),
            "3:27: request[1].client: expected an address or a network such as 192.0.2.0/24, found \"x\"",
        ),
        (
            allow("client = [\"$office\"]"),
            "3:11: request[1].client: expected a set of [networks], and $office is none",
        ),
        (
            allow("client = []"),
            "3:10: request[1].client: expected one value at least",
        ),
        (
            allow("client = [1]"),
            "3:11: request[1].client: expected a text in quotes",
        ),
        (
            allow("tls = 1"),
            "3:7: request[1].tls: expected true or false",
        ),
        (
            allow("version = \"socks6\""),
            "3:11: request[1].version: expected one of",
        ),
        (
            allow("method = 255"),
            "3:10: request[1].method: expected a method, 0 to 254",
        ),
        (
            allow("method = \"none\""),
            "3:10: request[1].method: expected one of",
        ),
        (
            allow("command = [\"connect\", \"udp\"]"),
            "3:23: request[1].command: expected one of",
        ),
        (
            allow("destination = \"exa mple.com\""),
            "3:15: request[1].destination: expected a name such as example.com, .example.com or *.example.com (host name contains octet 0x20), found \"exa mple.com\"",
        ),
        (
            allow("destination = \"$x\""),
            "3:15: request[1].destination: expected a set of [networks] or [domains], and $x is none",
        ),
        (
            allow("range = \"intern\""),
            "3:9: request[1].range: expected one of",
        ),
        (
            allow("port = 65536"),
            "3:8: request[1].port: expected a port, 0 to 65535, or a range such as \"8000-8099\"",
        ),
        (
            allow("port = \"90-80\""),
            "3:8: request[1].port: expected a port or a range such as 8000-8099, found \"90-80\"",
        ),
        (
            allow("time = \"mon 8-10\""),
            "3:8: request[1].time: expected hours such as 08:00-18:00, from 00:00 to 24:00, found \"mon 8-10\"",
        ),
        (
            allow("time = \"$work\""),
            "3:8: request[1].time: expected a set of [times], and $work is none",
        ),
        (
            allow("reply = \"host-unreachable\""),
            "3:9: request[1].reply: belongs to the verdict \"deny\" only",
        ),
        (
            "[[request]]\nverdict = \"deny\"\nroute = \"x\"".to_owned(),
            "3:9: request[1].route: belongs to the verdict \"allow\" only",
        ),
        (
            "[[request]]\nverdict = \"deny\"\nreply = \"succeeded\"".to_owned(),
            "3:9: request[1].reply: expected one of",
        ),
        (
            allow("rewrite = \"a:b\""),
            "3:11: request[1].rewrite: expected HOST:PORT, HOST or :PORT",
        ),
        (
            allow("egress = { ipv4 = \"::1\" }"),
            "3:19: request[1].egress.ipv4: expected an IPv4 address",
        ),
        (
            allow("egress = { mark = -1 }"),
            "3:19: request[1].egress.mark: expected a number, 0 to 4294967295",
        ),
        (
            allow("any_peer = true"),
            "3:12: request[1].any_peer: expected command = [\"bind\"] beside it",
        ),
        (
            allow(&long),
            "3:8: request[1].name: expected 1 to 128 characters, none of them a control character",
        ),
        (
            allow("name = \"safe default\""),
            "3:8: request[1].name: another request rule is named \"safe default\"",
        ),
        (
            allow("name = \"x\"\n[[request]]\nname = \"x\"\nverdict = \"deny\""),
            "5:8: request[2].name: another request rule is named \"x\"",
        ),
        (
            allow("safe_default = true"),
            "3:16: request[1].safe_default: the safe default has no verdict, nor conditions",
        ),
        (
            "[[request]]\nsafe_default = true\nport = 1".to_owned(),
            "2:16: request[1].safe_default: the safe default has no conditions",
        ),
        (
            "[[request]]\nsafe_default = true\n[[request]]\nsafe_default = true".to_owned(),
            "4:16: request[2].safe_default: the safe default has one place in a list",
        ),
        (
            "[safe_default]\nenabled = false\n[[request]]\nsafe_default = true".to_owned(),
            "4:16: request[1].safe_default: it is switched off",
        ),
        (
            "[[accept]]\nsafe_default = true".to_owned(),
            "2:16: accept[1].safe_default: there is no destination to judge at this point",
        ),
        (
            "[[accept]]\nverdict = \"allow\"\nnot.user = \"alice\"".to_owned(),
            "3:12: accept[1].not.user: cannot be asked by accept rules: the client has not said anything yet",
        ),
        (
            "[[bind_peer]]\nverdict = \"allow\"\ncommand = \"bind\"".to_owned(),
            "3:11: bind_peer[1].command: cannot be asked by bind_peer rules: the command is always bind",
        ),
        (
            "[[udp_reply]]\nverdict = \"allow\"\ndestination = \"a.example\"".to_owned(),
            "3:15: udp_reply[1].destination: cannot be asked by udp_reply rules: only the address of the host is known, no name",
        ),
        (
            "[[accept]]\nverdict = \"deny\"\nreply = \"not-allowed\"".to_owned(),
            "3:9: accept[1].reply: means nothing in accept rules",
        ),
        (
            "[[bind_peer]]\nverdict = \"allow\"\nlimits = \"x\"".to_owned(),
            "3:10: bind_peer[1].limits: means nothing in bind_peer rules",
        ),
        (
            "[networks]\na = \"x\"".to_owned(),
            "2:5: networks.a: expected an address or a network such as 192.0.2.0/24, found \"x\"",
        ),
        (
            "[networks]\n\"a b\" = []".to_owned(),
            "2:9: networks.a b: expected a name of letters, digits, - and _",
        ),
        (
            "[networks]\na = []\n[domains]\na = []".to_owned(),
            "4:5: domains.a: a set of [networks] has this name, too, and a destination may name either",
        ),
        (
            "[networks]\na = { file = \"x\" }".to_owned(),
            "2:14: networks.a.file: files of entries are read for rules that come from a file only",
        ),
        (
            "[networks]\na = { path = \"x\" }".to_owned(),
            "2:7: networks.a.path: unknown key, expected one of",
        ),
        (
            "[domains]\na = \"192.0.2.1\"".to_owned(),
            "2:5: domains.a: expected a name, and addresses and networks where those belong, found \"192.0.2.1\"",
        ),
        (
            "[times]\na = { windows = \"mon\", zone = \"x\" }".to_owned(),
            "2:24: times.a.zone: unknown key, expected one of",
        ),
        (
            "[times]\na = { time_zone = \"UTC\" }".to_owned(),
            "2:5: times.a: expected the key windows",
        ),
        (
            "time_zone = \"Mars/Base\"".to_owned(),
            "1:13: time_zone: expected a time zone that the system knows, such as \"Europe/Berlin\"",
        ),
        (
            "[safe_default]\nallow = \"10.0.0.1/8\"".to_owned(),
            "2:9: safe_default.allow: expected a network without host bits, such as 10.0.0.0/8, found \"10.0.0.1/8\"",
        ),
        (
            "[safe_default]\nnat64 = \"2001:db8::/33\"".to_owned(),
            "2:9: safe_default.nat64: NAT64 prefix of 33 bits, not 32, 40, 48, 56, 64 or 96",
        ),
        (
            "[safe_default]\nown_listeners = \"192.0.2.1\"".to_owned(),
            "2:17: safe_default.own_listeners: expected an address and a port such as \"192.0.2.1:1080\"",
        ),
        (
            "[safe_default]\nopen = true".to_owned(),
            "2:1: safe_default.open: unknown key, expected one of",
        ),
        (
            allow("port = 1979-05-27"),
            "3:8: a date or a time, which belongs nowhere",
        ),
        (
            allow("port = 1.5"),
            "3:8: request[1].port: expected a port, 0 to 65535, or a range such as \"8000-8099\"",
        ),
        ("[".repeat(100).to_owned(), "1:3:"),
        (format!("a = {}", "[".repeat(1000)), "1:85: cannot recurse"),
        (
            format!("a = {}", "{a=".repeat(1000)),
            "1:245: cannot recurse",
        ),
    ] {
        let error = error(&text);
        assert!(error.starts_with(&format!("f:{told}")), "{text}\n{error}");
    }
}

/// What is wrong with the file as a whole has a place as well.
#[test]
fn too_many_rules_are_too_many() {
    let many = |count| "[[accept]]\nverdict = \"deny\"\n".repeat(count);
    assert!(
        RuleFile::parse("f", &many(Rules::MAX))
            .unwrap()
            .rules()
            .is_ok()
    );
    assert_eq!(
        error(&many(Rules::MAX + 1)),
        "f:1:1: expected 10000 rules at most"
    );
}

/// A part of a larger file has its own places in that.
#[test]
fn a_part_of_another_file_is_read_with_its_places() {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        rules: RuleFile,
    }
    let read = |text: &str| toml::from_str::<Config>(text).unwrap().rules;
    let text = "listen = 1080\n[[rules.request]]\nverdict = \"allow\"\nport = [80, \"x\"]";
    let error = read(text).rules().unwrap_err();
    assert_eq!(&text[error.span().unwrap()], "\"x\"");
    assert_eq!(error.key(), Some("request[1].port"));
    assert!(error.what().starts_with("expected a port") && error.line().is_none());
    // What the engine finds out is in its place as well.
    let text = text.replace("[80, \"x\"]", "1\nreply = \"not-allowed\"");
    let error = read(&text).rules().unwrap_err();
    assert_eq!(&text[error.span().unwrap()], "\"not-allowed\"");
    assert_eq!(read("").rules().unwrap().len(), 2);
    let text = "rules = 7";
    assert_eq!(&text[read(text).rules().unwrap_err().span().unwrap()], "7");
}

/// Sets come from files beside the rules, and mistakes in them name file and line.
#[test]
fn sets_come_from_files() {
    let directory = std::env::temp_dir().join(format!("socks-acl-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let rules = directory.join("rules.toml");
    let text = "networks.a = [\"192.0.2.0/24\", { file = \"a.txt\" }]\nusers.u = { file = \"u\" }\n\
                [[request]]\nverdict = \"allow\"\nclient = \"$a\"\nuser = \"$u\"";
    fs::write(&rules, text).unwrap();
    fs::write(directory.join("a.txt"), "# all\n198.51.100.0/24\n").unwrap();
    fs::write(directory.join("u"), "alice\nbob # and nobody else\n").unwrap();
    let file = RuleFile::open(&rules).unwrap();
    assert_eq!(file.rules().unwrap().len(), 3);
    assert_eq!(file.files(), [directory.join("a.txt"), directory.join("u")]);

    fs::write(
        directory.join("a.txt"),
        "198.51.100.0/24\n198.51.100.0/33\n",
    )
    .unwrap();
    let told = file.rules().unwrap_err().to_string();
    let at = format!(
        "{}:1:40: networks.a.file: {}, line 2",
        rules.display(),
        directory.join("a.txt").display()
    );
    assert!(
        told.starts_with(&at) && told.contains("expected a"),
        "{told}"
    );
    // SE-2: what a full disk leaves is no list that refuses nobody.
    fs::write(directory.join("a.txt"), "").unwrap();
    let told = file.rules().unwrap_err().to_string();
    assert!(told.contains("a.txt, the file is empty"), "{told}");
    fs::write(directory.join("a.txt"), "# none\n").unwrap();
    assert!(file.rules().is_ok());
    fs::write(&rules, "").unwrap();
    let told = RuleFile::open(&rules).unwrap_err().to_string();
    assert!(told.contains("rules.toml: the file is empty"), "{told}");

    fs::remove_file(directory.join("u")).unwrap();
    let told = file.rules().unwrap_err().to_string();
    assert!(
        told.contains("users.u.file: ") && told.contains("cannot be read"),
        "{told}"
    );
    assert!(
        RuleFile::open(&directory)
            .unwrap_err()
            .to_string()
            .ends_with("not a file")
    );
    fs::remove_dir_all(&directory).unwrap();
}
