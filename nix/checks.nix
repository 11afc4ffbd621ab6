# What `nix flake check` builds: the package, whose build runs the tests; the lints; the formatting;
# the tests alone, for who works on them; the overlay; and the home-manager module.
{ self, pkgs }:
let
  inherit (pkgs) lib;
  package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;

  # The package's own build with another program in its place, over the same vendored crates.
  instead =
    name: tool: command:
    package.overrideAttrs (previous: {
      pname = "phone-opus-${name}";
      nativeBuildInputs = previous.nativeBuildInputs ++ (previous.nativeCheckInputs or [ ]) ++ [ tool ];
      buildPhase = "runHook preBuild; ${command}; runHook postBuild";
      doCheck = false;
      doInstallCheck = false;
      installPhase = "mkdir $out";
      postInstall = "";
    });
in
{
  inherit package;
  clippy =
    instead "clippy" pkgs.clippy
      "cargo clippy --offline --locked --all-targets --all-features -- --deny warnings";
  fmt = instead "fmt" pkgs.rustfmt "cargo fmt --check";
  tests = instead "tests" pkgs.cargo "cargo test --offline --locked";
  # What the overlay adds is this package, and no other build of it.
  overlay =
    assert (pkgs.extend self.overlays.default).phone-opus.drvPath == package.drvPath;
    package;
  home-module = import ./home-module-check.nix { inherit lib pkgs self; };
}
