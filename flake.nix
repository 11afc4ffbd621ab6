{
  description = "Ask Claude Opus for a second opinion through the installed Claude Code, read-only, and never lose the answer";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      eachSystem =
        f:
        lib.genAttrs [
          "x86_64-linux"
          "aarch64-linux"
          "aarch64-darwin" # type-checked in .ci/run, never run
        ] (system: f nixpkgs.legacyPackages.${system});
      # A tree that was changed since its last commit says so in --version.
      revision = self.shortRev or self.dirtyShortRev or null;
      # Darwin is in the list for who wants to bring it there. Nothing has been built or tested on it.
      packageOf =
        pkgs:
        lib.warnIfNot pkgs.stdenv.hostPlatform.isLinux
          "phone-opus is a program for Linux: on this system it type-checks, and was never built or run"
          (pkgs.callPackage ./nix/package.nix { inherit revision; });
    in
    {
      packages = eachSystem (pkgs: rec {
        phone-opus = packageOf pkgs;
        default = phone-opus;
      });

      overlays.default = final: _prev: { phone-opus = packageOf final; };

      homeModules.default = lib.modules.importApply ./nix/home-module.nix { inherit packageOf; };

      checks = eachSystem (pkgs: import ./nix/checks.nix { inherit self pkgs; });

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (packageOf pkgs) ];
          packages = [
            pkgs.clippy
            pkgs.rustfmt
            pkgs.rust-analyzer
            pkgs.cargo-deny
            pkgs.jq
            pkgs.mandoc
            pkgs.shellcheck
          ];
        };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
