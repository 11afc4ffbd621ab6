# The package, in the style of callPackage. The program is built as it is released: static where the
# platform has a static C library, tested, and with its manual and completions in their places.
{
  lib,
  stdenv,
  rustPlatform,
  installShellFiles,
  versionCheckHook,
  bubblewrap,
  git,
  glibc,
  jq,
  util-linux,
  # What --version says after the version; null where there is no repository.
  revision ? null,
}:
let
  inherit (lib) fileset;
  manifest = (lib.importTOML ../Cargo.toml).package;
  inherit (stdenv.hostPlatform) isLinux;
  # musl links statically by itself; Darwin has no static C library.
  isStaticGlibc = isLinux && stdenv.hostPlatform.isGnu;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;

  # An allow-list: what is not named here, such as nix/ or .ci/, builds nothing anew when it changes.
  src = fileset.toSource {
    root = ../.;
    fileset = fileset.unions [
      ../Cargo.toml
      ../Cargo.lock
      ../clippy.toml
      ../rustfmt.toml
      ../src
      ../tests
      ../examples
      ../man
      ../completions
      ../schemas
      ../skills
      ../README.md
      ../DESIGN.md
      ../CHANGELOG.md
      ../LICENSE-APACHE
      ../LICENSE-MIT
    ];
  };
  cargoLock.lockFile = ../Cargo.lock;

  strictDeps = true;
  __structuredAttrs = true;

  nativeBuildInputs = [ installShellFiles ];
  buildInputs = lib.optional isStaticGlibc glibc.static;

  env =
    lib.optionalAttrs (revision != null) { PHONE_OPUS_REVISION = revision; }
    # Compiled in, because a wrapper script would cost a millisecond at every start. Claude Code is not
    # free software and is never named: it is found on PATH, or by the module's claudePackage.
    // lib.optionalAttrs isLinux { PHONE_OPUS_BWRAP = lib.getExe' bubblewrap "bwrap"; }
    # With a target that is named, the flags are for the program alone and not for build scripts.
    // lib.optionalAttrs isStaticGlibc {
      CARGO_BUILD_TARGET = stdenv.hostPlatform.rust.rustcTarget;
      RUSTFLAGS = "-C target-feature=+crt-static";
    };

  # The tests look at processes as Linux shows them, and stop them at points that exist in debug builds.
  doCheck = isLinux;
  checkType = "debug";

  # From the files that are checked in: the program cannot be run where it is built for another machine.
  postInstall = ''
    installManPage man/*
    installShellCompletion --cmd phone-opus \
      --bash completions/phone-opus.bash \
      --fish completions/phone-opus.fish \
      --zsh completions/_phone-opus
    install -Dm644 skills/phone-opus/SKILL.md "$out/share/phone-opus/skills/phone-opus/SKILL.md"
  '';

  # What the tests run beside the program.
  nativeCheckInputs = [
    git
    jq
    util-linux
  ];

  nativeInstallCheckInputs = [ versionCheckHook ];
  doInstallCheck = true;
  versionCheckProgramArg = "--version";

  meta = {
    inherit (manifest) description;
    license = [
      lib.licenses.asl20
      lib.licenses.mit
    ];
    mainProgram = "phone-opus";
    # On Darwin nobody has built it: flake.nix says so to who tries.
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
}
