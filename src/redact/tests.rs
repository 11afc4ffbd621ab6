//! What must not survive, what must stay, and that nothing depends on luck.
//!
//! Secrets are put together here from parts, so that no scanner of repositories finds one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::shapes::SHAPES;
use super::*;

/// Letters and digits that look drawn by lot, always the same.
fn random(length: usize, alphabet: fn(u8) -> bool, seed: u64) -> String {
    let letters: Vec<u8> = (b'!'..=b'~').filter(|byte| alphabet(*byte)).collect();
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let body: Vec<u8> = (0..length)
        .map(|at| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let letter = letters[usize::try_from(state >> 33).expect("fits") % letters.len()];
            // A full stop or a dash at the very end would be read as the sentence's own.
            if at + 1 == length && !letter.is_ascii_alphanumeric() { b'a' } else { letter }
        })
        .collect();
    String::from_utf8(body).expect("ASCII")
}

/// A secret of each shape, with what it is.
fn secrets(seed: u64) -> Vec<(String, &'static str)> {
    let shaped = SHAPES.iter().map(|shape| {
        let length = shape.least + usize::try_from(seed % 5).expect("small");
        let body = random(length.min(shape.most), shape.alphabet, seed);
        (format!("{}{body}", shape.prefix), shape.what)
    });
    let base64 = |byte: u8| byte.is_ascii_alphanumeric();
    let lines = [0, 1, 2].map(|line| random(64, base64, seed + line)).join("\n");
    let pem = ["RSA ", "", "EC ", "OPENSSH ", "ENCRYPTED "].map(|kind| {
        let label = format!("{kind}PRIVATE KEY");
        (format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----"), "private key")
    });
    let part = |length| random(length, super::shapes::url64, seed);
    let jwt = format!("eyJ{}.eyJ{}.{}", part(20), part(40), part(43));
    shaped.chain(pem).chain([(jwt, "jwt")]).collect()
}

#[test]
fn every_listed_shape_is_replaced_and_named() {
    for (secret, what) in secrets(7) {
        let shown = text(&secret).into_owned();
        assert_eq!(shown, format!("[redacted: {what}]"), "{secret}");
        assert_eq!(kinds(&secret), [what], "{secret}");
    }
}

#[test]
fn what_stands_around_a_secret_stays() {
    for (secret, what) in secrets(3) {
        for (before, after) in [
            ("key = \"", "\"\n"),
            ("export TOKEN=", "\nnext"),
            ("(", ")"),
            ("`", "`."),
            ("log\\n", "\\nnext"),
            ("a%3D", "&b=c"),
            ("\u{1b}[31m", "\u{1b}[0m"),
            ("für ", " …"),
        ] {
            let whole = format!("{before}{secret}{after}");
            let want = format!("{before}[redacted: {what}]{after}");
            assert_eq!(text(&whole), want, "{whole}");
        }
    }
}

#[test]
fn words_around_a_secret_tell_what_it_is() {
    let token = random(30, |byte| byte.is_ascii_alphanumeric(), 1);
    let aws = random(40, |byte| byte.is_ascii_alphanumeric() || byte == b'/', 2);
    for (given, want) in [
        (
            format!("Authorization: Bearer {token}"),
            "Authorization: Bearer [redacted: bearer token]".to_owned(),
        ),
        (
            format!("-H 'authorization: bearer {token}'"),
            "-H 'authorization: bearer [redacted: bearer token]'".to_owned(),
        ),
        (
            "Authorization: Basic dXNlcjpodW50ZXIy".to_owned(),
            "Authorization: Basic [redacted: basic credentials]".to_owned(),
        ),
        (
            format!(
                "https://a.blob.example.net/c?sv=2022&sig={}%2B{}%3D&se=1",
                &aws[..10],
                &"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
            ),
            "https://a.blob.example.net/c?sv=2022&sig=[redacted: azure signature]&se=1".to_owned(),
        ),
        (
            format!("AWS_SECRET_ACCESS_KEY={aws}"),
            "AWS_SECRET_ACCESS_KEY=[redacted: aws secret key]".to_owned(),
        ),
        (
            format!("aws_secret_access_key = \"{aws}\"\n"),
            "aws_secret_access_key = \"[redacted: aws secret key]\"\n".to_owned(),
        ),
        (
            format!("{{\\\"SecretAccessKey\\\": \\\"{aws}\\\"}}"),
            "{\\\"SecretAccessKey\\\": \\\"[redacted: aws secret key]\\\"}".to_owned(),
        ),
        (
            "postgres://app:hunter2@db:5432/x".to_owned(),
            "postgres://app:[redacted: url password]@db:5432/x".to_owned(),
        ),
    ] {
        assert_eq!(text(&given), want);
    }
}

#[test]
fn the_password_of_a_url_is_found_whatever_is_in_it() {
    for (before, password, after) in [
        ("https://:", "p%40ss", "@example.org"),
        ("postgres://user:", "p@ss/word", "@host/db"),
        ("postgres://user:", "p@ss", "@host/db"),
        ("postgres://user:", "p@ss@host2", "@db.example.org:5432/x"),
        ("redis://:", "p/w", "@cache"),
        ("redis://:", "p/w", "@10.0.0.7:6379/0"),
        ("(amqp://app:", "a/b/c=", "@mq.example.org)"),
        ("https://bot:", "aB3/x+y", "@git.example.org/o/r.git"),
        ("https://me@example.org:", "hunter2", "@git.example.org/o/r"),
        ("postgres://user:", "pa'ss", "@db.example.org/x"),
        ("it's postgres://user:", "a'b'c", "@db, isn't it"),
        ("'postgres://user:", "hunter2", "@db.example.org','me@example.org'"),
        ("url='x=postgres://user:", "hunter2", "@db','me@example.org'"),
        // What is a URL already ends where a URL says so.
        ("git+https://bot:", "hunter2", "@git.example.org/o/r.git@main"),
        ("https://bot:", "hunter2", "@npm.example.org/@scope/name"),
        ("https://bot:", "hunter2", "@localhost/x@y/z"),
        ("postgres://app:", "hunter2", "@db/x?mail=a@example.org"),
    ] {
        let want = format!("{before}[redacted: url password]{after}");
        assert_eq!(text(&format!("{before}{password}{after}")), want);
    }
    let two = "a://b:hunter2,http://c:hunter3@d.example.org";
    assert_eq!(text(two), "a://b:hunter2,http://c:[redacted: url password]@d.example.org");
}

#[test]
fn a_private_key_is_found_however_its_lines_end_and_where_its_end_is_missing() {
    let line = random(64, |byte| byte.is_ascii_alphanumeric(), 5);
    for end in ["\n", "\r\n", "\\n", "\\\\n", "\\r\\n", "\\n\" +\n  \""] {
        let body = [line.as_str(); 4].join(end);
        let key = format!("-----BEGIN PRIVATE KEY-----{end}{body}{end}-----END PRIVATE KEY-----");
        assert_eq!(text(&format!("a {key} b")), "a [redacted: private key] b", "{key}");
    }
    let cut = format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n{line}\nand then it broke off");
    assert_eq!(text(&cut), "[redacted: private key]\nand then it broke off");
}

/// Private keys of every form, as they stand in a file: the first line, and what follows.
fn private_keys(seed: u64) -> Vec<String> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let lines = |count: u64, width: usize| {
        let lines = (0..count).map(|line| random(width, base64, seed + line));
        let last = format!("{}==", random(10, base64, seed + count));
        lines.chain([last]).collect::<Vec<_>>().join("\n")
    };
    let long = lines(26, 64);
    let short = lines(2, 64);
    let mac = random(64, |byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte), seed);
    let pem =
        |name: &str, body: &str| format!("-----BEGIN {name}-----\n{body}\n-----END {name}-----");
    vec![
        pem("RSA PRIVATE KEY", &long),
        pem("PRIVATE KEY", &short),
        pem("OPENSSH PRIVATE KEY", &lines(5, 70)),
        pem("EC PRIVATE KEY", &lines(8, 32)),
        pem(
            "RSA PRIVATE KEY",
            &format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n{long}"),
        ),
        pem(
            "PGP PRIVATE KEY BLOCK",
            &format!(
                "Version: GnuPG v2.0.22 (GNU/Linux)\nComment: Alice <a@example.org>\n\n{long}\n=aB3d"
            ),
        ),
        format!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"[2048-bit rsa, a@b, Mon]\"\n{}\n\
             ---- END SSH2 ENCRYPTED PRIVATE KEY ----",
            lines(8, 70)
        ),
        format!(
            "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: rsa-key-20260101\n\
             Public-Lines: 3\n{short}\nPrivate-Lines: 27\n{long}\nPrivate-MAC: {mac}"
        ),
    ]
}

/// What may stand before the line of a number, and after it.
const AROUND: [(&str, &str); 15] = [
    ("", ""),
    ("-", ""),
    ("+", ""),
    ("> ", ""),
    ("# ", ""),
    (" * ", ""),
    ("| ", " |"),
    ("  {} | ", ""),
    ("{}-", ""),
    ("{}:", ""),
    ("     {}\u{2192}", ""),
    ("deploy_key-{}-", ""),
    ("certs/server_key.pem:{}:", ""),
    ("\u{1b}[31m-", "\u{1b}[m"),
    ("    \"", "\\n\" +"),
];

/// The text with something around each line, from a line on.
fn around(text: &str, (before, after): (&str, &str), from: usize) -> String {
    let lines = text.lines().enumerate();
    let lines = lines.map(|(at, line)| {
        format!("{}{line}{after}", before.replace("{}", &(from + at).to_string()))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_private_key_of_any_form_is_found_whatever_stands_around_its_lines() {
    for key in private_keys(5) {
        for (before, after) in AROUND {
            let given = around(&format!("a word\n{key}\nanother word"), (before, after), 1);
            let shown = text(&given);
            let last = 2 + key.lines().count();
            let want = ["a word", "[redacted: private key]"].join("\n");
            let want =
                around(&want, (before, ""), 1).replacen("a word", &format!("a word{after}"), 1);
            let rest = around("another word", (before, after), last);
            assert_eq!(shown, format!("{want}{after}\n{rest}"), "{given}");
        }
    }
}

#[test]
fn a_private_key_that_is_cut_goes_as_far_as_its_lines_do() {
    for key in private_keys(6) {
        let kept: Vec<&str> = key.lines().collect();
        let cut = kept[..kept.len() - 2].join("\n");
        for (before, after) in AROUND {
            let given = around(&format!("{cut}\n... and 12 more lines"), (before, after), 1);
            let shown = text(&given);
            assert!(shown.contains("[redacted: private key]"), "{given}");
            assert!(shown.contains("... and 12 more lines"), "{shown}");
            let left = kept.iter().filter(|line| line.len() >= 32 && shown.contains(**line));
            assert_eq!(left.count(), 0, "{shown}");
        }
    }
}

#[test]
fn a_private_key_in_pieces_goes_as_a_whole_does() {
    for key in private_keys(7) {
        for around_it in [AROUND[1], AROUND[7], AROUND[12]] {
            let given = around(&format!("a word\n{key}\nanother word"), around_it, 1);
            for size in [29, 61, 1000] {
                let (mut held, mut shown) = (Vec::new(), Vec::new());
                for piece in given.as_bytes().chunks(size) {
                    held.extend_from_slice(piece);
                    let rest = held.split_off(settled(&held));
                    shown.extend_from_slice(&bytes(&held));
                    held = rest;
                }
                shown.extend_from_slice(&bytes(&held));
                assert_eq!(String::from_utf8_lossy(&shown), text(&given), "{size}: {given}");
            }
        }
    }
}

#[test]
fn what_is_held_back_of_a_key_without_an_end_is_bounded() {
    for begin in [
        "-----BEGIN RSA PRIVATE KEY-----",
        "---- BEGIN SSH2 PRIVATE KEY ----",
        "PuTTY-User-Key-File-2: x",
    ] {
        let mut held = format!("{begin}\n").into_bytes();
        let lines = b"-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ\n".repeat(100);
        for _ in 0..30 {
            held.extend_from_slice(&lines);
            held = held.split_off(settled(&held));
            assert!(held.len() <= super::pem::LONGEST);
        }
    }
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    for plain in [
        "sk-loading-indicator-with-a-long-name-for-a-class",
        "task-1234567890abcdefghijklmnopqrstuvwxyz",
        "npm_config_registry_and_something_else_that_is_long",
        "hf_hub_download_and_something_else_that_is_long",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAXXXXXXXXXXXXXXXX",
        "Authorization: Bearer <token>",
        "Authorization: Bearer $OPENAI_API_KEY_FOR_THIS_PROJECT",
        "bearer authentication-is-described-elsewhere",
        "postgres://user:password@localhost/db",
        "https://{user}:{password}@{host}/",
        "redis://:$REDIS_PASSWORD@cache:6379",
        "git@github.com:owner/name.git",
        "http://localhost:8080/@scope/name",
        "http://localhost:__PORT__/x@y.example.org/z",
        "http://localhost:8080?mail=a@example.org",
        "https://npm.example.org:4873/name@1.2.3",
        "https://host:port/path@example.org/",
        "https://a.example.org:x/y@z.example.org/",
        "ssh://git@example.org:owner/repo.git@v1.0",
        "docker://alpine:3.18@sha256:0123456789abcdef0123456789abcdef",
        "http://a:b/@c/d and http://a:b/c@1.2.3",
        "('http://a:b','me@example.org') and 'http://a:80'x@example.org",
        "'see http://localhost:8080','me@example.org'",
        "sig=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "sig=verify(message, key)",
        "s.getTheNameOfTheFirstOfThem()",
        "//registry.npmjs.org/:_authToken=${NPM_TOKEN}",
        "client_secret_of_the_application_that_is_asked_here",
        "if line == \"-----BEGIN PRIVATE KEY-----\" { return; }",
        "-----BEGIN PRIVATE KEY-----\n<the key, in base64, of some hundred letters>\n-----END PRIVATE KEY-----",
        "pem.replace(\"-----BEGIN PRIVATE KEY-----\", \"\").replace(\"-----END PRIVATE KEY-----\", \"\")",
        "a = \"-----BEGIN PRIVATE KEY-----\"\nuse(a)\nAbstractPrivateKeyFactoryOfSomeOtherLibrary\n",
        "PuTTY-User-Key-File-2: is the first line\nof such a file\n",
        "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END CERTIFICATE-----",
        "d41d8cd98f00b204e9800998ecf8427e 0b4e0a52-7f43-4f5e-9a2b-3c1d5e6f7a8b",
        "secret_access_key: String,",
        "eyJ.a.b",
    ] {
        assert!(matches!(text(plain), Cow::Borrowed(_)), "{plain} became {}", text(plain));
    }
}

#[test]
fn json_stays_json_and_keeps_its_spelling() {
    for (secret, what) in secrets(11) {
        let inner =
            json!({"type": "user", "text": format!("é\n\"{secret}\"\\"), "n": 1.50}).to_string();
        let nested = json!({ "line": inner.clone() }).to_string();
        for line in [inner, nested] {
            let shown = json_line(line.as_bytes()).into_owned();
            let shown = String::from_utf8(shown).expect("text");
            let value: Value = serde_json::from_str(&shown).expect("JSON");
            assert!(shown.contains(&format!("[redacted: {what}]")), "{line}\n{shown}");
            assert!(value.is_object() && !shown.contains(&secret.replace('\n', "\\n")));
            assert!(shown.contains('é'), "{shown}");
        }
    }
    let odd = r#"{ "a" : "\u00e9\/\ud83d", "b": "none" }"#;
    assert!(matches!(json_line(odd.as_bytes()), Cow::Borrowed(_)));
}

#[test]
fn an_escape_that_hides_a_letter_of_a_secret_does_not_hide_the_secret() {
    let token = random(36, |byte| byte.is_ascii_alphanumeric(), 4);
    let line = format!(r#"{{"a":"x \u0067hp_{token} \ud83d\u00e9\/"}}"#);
    let want = r#"{"a":"x [redacted: github token] \ud83d\u00e9\/"}"#;
    assert_eq!(String::from_utf8_lossy(&json_line(line.as_bytes())), want);
}

#[test]
fn name_and_value_tell_together_what_neither_tells_alone() {
    let aws = random(40, |byte| byte.is_ascii_alphanumeric() || byte == b'/', 2);
    let mut document = json!({"SecretAccessKey": aws, "sha1": aws, "secret_access_key": "none"});
    let line = document.to_string();
    value(&mut document);
    let want = json!({"SecretAccessKey": "[redacted: aws secret key]", "sha1": aws, "secret_access_key": "none"});
    assert_eq!(document, want);
    assert_eq!(json_line(line.as_bytes()).as_ref(), want.to_string().as_bytes());
}

#[test]
fn bytes_that_are_no_text_stay() {
    let token = format!("ghp_{}", random(36, |byte| byte.is_ascii_alphanumeric(), 9));
    let given = [b"\xff\xfe ", token.as_bytes(), b"\xc3"].concat();
    assert_eq!(bytes(&given).as_ref(), b"\xff\xfe [redacted: github token]\xc3");
}

#[test]
fn repeated_beginnings_cost_no_more_than_their_length() {
    // Quadratic work on the longest run of these would never end.
    for unit in [
        "sk-ant-",
        "glpat-",
        "glpat-A1",
        "xoxb-1a",
        "eyJ",
        "-eyJ",
        ".eyJ",
        "eyJhbGciOiJ.",
        ":",
        "://a:",
        "a:b@",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nA: b\n",
        "PuTTY-User-Key-File-",
        "---- ",
        "-",
        "Bearer ",
        "Bearer/",
        "secret_access_key=",
        "\\",
        "1234567890:AA",
    ] {
        let long = unit.repeat((1 << 14) / unit.len());
        let _ = text(&long);
        let _ = json_line(format!("{{\"a\":\"\\n{long}\"}}").as_bytes());
        let _ = settled(long.as_bytes());
    }
}

/// Text with everything in it that a rule looks for, whole secrets among it.
fn soup() -> impl Strategy<Value = String> {
    let secret = (0..1_000u64, any::<prop::sample::Index>())
        .prop_map(|(seed, index)| index.get(&secrets(seed)).0.clone());
    let pieces = prop::sample::select(vec![
        " ",
        "\n",
        "\"",
        "\\",
        "\\n",
        "://",
        ":",
        "@",
        "a:",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "---- BEGIN SSH2 PRIVATE KEY ----",
        "---- END SSH2 PRIVATE KEY ----",
        "PuTTY-User-Key-File-",
        "Private-MAC: ",
        "Bearer ",
        "Authorization: Basic ",
        "secret_access_key=",
        "eyJ",
        ".",
        "sk-",
        "ghp_",
        "%3D",
        "é",
        "[redacted: ",
        "x",
        "0",
    ]);
    let keys = private_keys(9).into_iter().filter(|key| key.len() < 1_000).collect::<Vec<_>>();
    let keys = prop::sample::select(keys);
    let piece = prop_oneof![1 => keys, 2 => secret, 5 => pieces.prop_map(str::to_owned), 3 => any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_known_shape_survives_and_twice_is_once(given in soup()) {
        let once = text(&given).into_owned();
        prop_assert_eq!(kinds(&once), [""; 0], "{}", once);
        prop_assert_eq!(text(&once), once.as_str());
    }

    #[test]
    fn every_other_byte_stays(given in soup()) {
        let mut from = 0;
        let mut parts = Vec::new();
        while let Some(secret) = find(given.as_bytes(), from) {
            parts.push(&given.as_bytes()[from..secret.start]);
            from = secret.end;
        }
        parts.push(&given.as_bytes()[from..]);
        let shown = pass(given.as_bytes()).into_owned();
        let mut rest = &shown[..];
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                prop_assert!(rest.starts_with(b"[redacted: "));
                let end = rest.iter().position(|byte| *byte == b']').expect("a marker ends");
                rest = &rest[end + 1..];
            }
            prop_assert!(rest.starts_with(part), "{}", given);
            rest = &rest[part.len()..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn a_line_of_json_means_the_same_but_for_its_secrets(texts in prop::collection::vec(soup(), 1..4)) {
        let document = json!({"type": "user", "content": texts, "deep": {"n": [1, null, true]}});
        let line = document.to_string();
        let shown = json_line(line.as_bytes());
        let shown: Value = serde_json::from_slice(&shown).expect("JSON");
        let mut want = document;
        value(&mut want);
        prop_assert_eq!(shown, want);
    }

    #[test]
    fn any_bytes_at_all_are_taken(given in prop::collection::vec(any::<u8>(), 0..400)) {
        let once = bytes(&given).into_owned();
        prop_assert!(matches!(bytes(&once), Cow::Borrowed(_)));
        let _ = json_line(&given);
        prop_assert!(settled(&given) <= given.len());
    }

    #[test]
    fn pieces_are_redacted_as_the_whole_is(given in soup(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(given.len() + 1)).collect();
        cuts.push(given.len());
        cuts.sort_unstable();
        let (mut held, mut shown, mut from) = (Vec::new(), Vec::new(), 0);
        for cut in cuts {
            held.extend_from_slice(&given.as_bytes()[from..cut]);
            from = cut;
            let rest = held.split_off(settled(&held));
            shown.extend_from_slice(&bytes(&held));
            held = rest;
        }
        shown.extend_from_slice(&bytes(&held));
        let whole = bytes(given.as_bytes()).into_owned();
        prop_assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&whole));
    }
}
