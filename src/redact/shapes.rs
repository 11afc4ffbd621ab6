//! Secrets that say what they are by how they begin. A new vendor is a line here.
//!
//! Lengths are of what follows the beginning. Where vendors say how long their tokens are, that is
//! the length; else it is the shortest that was seen, so that a name in source code is not taken for
//! a token.

/// How the secrets of one kind look.
pub(super) struct Shape {
    /// Two bytes or more, by which it is found.
    pub(super) prefix: &'static str,
    /// What it is, for the marker.
    pub(super) what: &'static str,
    pub(super) alphabet: fn(u8) -> bool,
    /// Fewest and most bytes after the prefix.
    pub(super) least: usize,
    pub(super) most: usize,
    /// Wants digits among letters, or both cases.
    pub(super) mixed: bool,
    /// May stand within a word, because nothing else looks so.
    pub(super) anywhere: bool,
}

const ANY: usize = usize::MAX;

const fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

const fn upper(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

/// Base64 for URLs: what most vendors take.
pub(super) const fn url64(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_')
}

const fn dotted(byte: u8) -> bool {
    url64(byte) || byte == b'.'
}

const fn word(byte: u8) -> bool {
    alnum(byte) || byte == b'_'
}

const fn dashed(byte: u8) -> bool {
    alnum(byte) || byte == b'-'
}

const fn base64(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'+' | b'/' | b'=')
}

const fn path(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'/' | b'_' | b'-')
}

type Lengths = (usize, usize);

/// A token that may stand anywhere.
const fn token(
    prefix: &'static str,
    what: &'static str,
    alphabet: fn(u8) -> bool,
    (least, most): Lengths,
) -> Shape {
    Shape { prefix, what, alphabet, least, most, mixed: true, anywhere: true }
}

/// A token whose beginning is short, and so must begin a word.
const fn short(
    prefix: &'static str,
    what: &'static str,
    alphabet: fn(u8) -> bool,
    lengths: Lengths,
) -> Shape {
    Shape { anywhere: false, ..token(prefix, what, alphabet, lengths) }
}

/// The id of a key: upper case throughout.
const fn key_id(prefix: &'static str, what: &'static str, lengths: Lengths) -> Shape {
    Shape { mixed: false, ..short(prefix, what, upper, lengths) }
}

/// The longer beginning first, where one begins like another.
pub(super) const SHAPES: &[Shape] = &[
    short("sk-ant-", "anthropic key", url64, (24, ANY)),
    short("sk-proj-", "openai key", url64, (40, ANY)),
    short("sk-svcacct-", "openai key", url64, (40, ANY)),
    short("sk-admin-", "openai key", url64, (40, ANY)),
    short("sk-or-v1-", "openrouter key", hex, (64, 64)),
    short("sk-", "api key", alnum, (32, 64)),
    token("ghp_", "github token", alnum, (36, 255)),
    token("gho_", "github token", alnum, (36, 255)),
    token("ghu_", "github token", alnum, (36, 255)),
    token("ghs_", "github token", dotted, (36, ANY)),
    token("ghr_", "github token", alnum, (36, 255)),
    token("github_pat_", "github token", word, (40, 255)),
    token("glpat-", "gitlab token", dotted, (20, 300)),
    token("gloas-", "gitlab token", url64, (20, 300)),
    short("gldt-", "gitlab token", url64, (20, 300)),
    short("glrt-", "gitlab token", dotted, (20, 300)),
    token("glptt-", "gitlab token", url64, (20, 300)),
    short("glft-", "gitlab token", url64, (20, 300)),
    token("glsoat-", "gitlab token", url64, (20, 300)),
    token("glcbt-", "gitlab token", url64, (20, 300)),
    key_id("AKIA", "aws key id", (16, 16)),
    key_id("ASIA", "aws key id", (16, 16)),
    short("AIza", "google key", url64, (35, 35)),
    token("GOCSPX-", "google secret", url64, (28, 28)),
    short("ya29.", "google token", dotted, (30, ANY)),
    token("xoxb-", "slack token", dashed, (20, 255)),
    token("xoxp-", "slack token", dashed, (20, 255)),
    token("xoxa-", "slack token", dashed, (20, 255)),
    token("xoxr-", "slack token", dashed, (20, 255)),
    token("xoxs-", "slack token", dashed, (20, 255)),
    token("xoxe-", "slack token", dashed, (20, 255)),
    token("xoxc-", "slack token", dashed, (20, 255)),
    token("xoxd-", "slack token", percent, (40, 400)),
    token("xoxe.xoxp-", "slack token", dashed, (20, 255)),
    token("xapp-1-", "slack token", dashed, (20, 255)),
    token("hooks.slack.com/services/T", "slack webhook", path, (30, 120)),
    token("discord.com/api/webhooks/", "discord webhook", path, (60, 160)),
    token("sk_live_", "stripe key", alnum, (16, 255)),
    token("sk_test_", "stripe key", alnum, (16, 255)),
    token("rk_live_", "stripe key", alnum, (16, 255)),
    token("rk_test_", "stripe key", alnum, (16, 255)),
    token("whsec_", "webhook secret", base64, (32, 128)),
    short("npm_", "npm token", alnum, (36, 36)),
    token("pypi-AgE", "pypi token", url64, (50, ANY)),
    short("hf_", "huggingface token", alnum, (34, 40)),
    short("gsk_", "groq key", alnum, (48, 64)),
    short("xai-", "xai key", alnum, (64, 128)),
    short("pplx-", "perplexity key", alnum, (40, 64)),
    token("nvapi-", "nvidia key", url64, (60, 80)),
    short("r8_", "replicate token", alnum, (37, 37)),
    token("lin_api_", "linear key", alnum, (40, 40)),
    short("ntn_", "notion token", alnum, (43, 50)),
    token("dop_v1_", "digitalocean token", hex, (64, 64)),
    token("doo_v1_", "digitalocean token", hex, (64, 64)),
    token("dckr_pat_", "docker token", url64, (27, 27)),
    token("shpat_", "shopify token", hex, (32, 32)),
    token("shpss_", "shopify token", hex, (32, 32)),
    short("dapi", "databricks token", hex, (32, 34)),
    short("glsa_", "grafana token", word, (41, 41)),
    short("glc_eyJ", "grafana token", base64, (40, 400)),
    short("hvs.", "vault token", url64, (90, 400)),
    short("hvs.", "vault token", alnum, (24, 24)),
    short("hvb.", "vault token", url64, (90, 400)),
    token("tskey-auth-", "tailscale key", dashed, (20, 80)),
    token("tskey-api-", "tailscale key", dashed, (20, 80)),
    token("ATATT3xFf", "atlassian token", base64_url, (170, 220)),
    short("SG.", "sendgrid key", dotted, (66, 66)),
    token("AGE-SECRET-KEY-1", "age key", upper, (58, 58)),
    token("AccountKey=", "azure key", base64, (86, 88)),
    token("SharedAccessKey=", "azure key", base64, (43, 88)),
    token("_authToken=", "npm token", dashed, (36, 36)),
    short("1//0", "google token", url64, (60, 250)),
    short("SK", "twilio key", hex, (32, 32)),
    short("dp.pt.", "doppler token", alnum, (40, 44)),
    short("dp.st.", "doppler token", dotted, (40, 90)),
    short("PMAK-", "postman key", dashed, (59, 59)),
    token("rubygems_", "rubygems key", hex, (48, 48)),
    token("sq0csp-", "square secret", url64, (43, 43)),
    short("secret_", "notion token", alnum, (43, 43)),
    token("sntrys_eyJ", "sentry token", base64_url, (80, 400)),
];

/// Base64 in a URL, its signs escaped.
const fn percent(byte: u8) -> bool {
    base64_url(byte) || byte == b'%'
}

const fn base64_url(byte: u8) -> bool {
    base64(byte) || url64(byte)
}
