# A package set whose tools are the machine's own, under the names the flake asks for.
{ lib, system }:
let
  host = lib.importJSON ./host.json; # written by the verifying script: { toolchain, packages, stdenv }
  hooks = import ./hooks.nix;
  # What every build finds without naming it, as in nixpkgs, and nothing else of the machine: an input
  # that is not named is missed.
  path = "${hostPackage "stdenv-tools" host.stdenv}/bin";

  callPackageWith =
    scope: f: args:
    let
      fn = if lib.isFunction f then f else import f;
      wanted = builtins.intersectAttrs (lib.functionArgs fn) scope // args;
      result = fn wanted;
    in
    if lib.isAttrs result then
      result // { override = new: callPackageWith scope fn (args // lib.toFunction new wanted); }
    else
      result;

  env =
    v:
    if v == true then
      "1"
    else if v == false || v == null then
      ""
    else if lib.isList v then
      toString v
    else if lib.isAttrs v && !(lib.isDerivation v) && !(v ? outPath) then
      throw "the stand-in cannot pass an attribute set to a builder"
    else
      toString v;

  mkDerivation =
    arg:
    let
      fix =
        f:
        let
          attrs = f final;
          final = attrs // {
            finalPackage = package;
          };
          handled = [
            "env"
            "meta"
            "passthru"
            "__structuredAttrs"
            "finalPackage"
            "cargoLock"
          ];
          package =
            derivation (
              {
                PATH = path;
              }
              // lib.mapAttrs (_: env) (removeAttrs attrs handled)
              // lib.mapAttrs (_: env) (attrs.env or { })
              // {
                name = attrs.name or "${attrs.pname}-${attrs.version}";
                inherit system;
                builder = "/bin/bash";
                outputs = [ "out" ];
                stdenv = shellSetup;
                mainProgram = attrs.meta.mainProgram or attrs.pname or "";
                args = [
                  "-c"
                  "source ${setup}; genericBuild; exit 0"
                ];
              }
            )
            // (attrs.passthru or { })
            // {
              meta = attrs.meta or { };
              inherit stdenv;
              nativeBuildInputs =
                attrs.nativeBuildInputs or [ ]
                ++ lib.optionals (attrs.doCheck or false) (attrs.nativeCheckInputs or [ ])
                ++ lib.optionals (attrs.doInstallCheck or false) (attrs.nativeInstallCheckInputs or [ ]);
              buildInputs = attrs.buildInputs or [ ];
              overrideAttrs =
                g:
                fix (
                  final:
                  let
                    prev = f final;
                    step = if lib.isFunction g then g else _: g;
                    once = step prev;
                  in
                  prev // (if lib.isFunction once then (g final) prev else once)
                );
            }
            // lib.optionalAttrs (attrs ? pname) { inherit (attrs) pname; }
            // lib.optionalAttrs (attrs ? version) { inherit (attrs) version; }
            // lib.optionalAttrs (attrs ? src) { inherit (attrs) src; };
        in
        package;
    in
    fix (if lib.isFunction arg then arg else _: arg);

  # What `nix develop` sources.
  shellSetup =
    raw "stdenv"
      {
        text = "initialPath=${path}\n${builtins.readFile ./shell-setup.sh}";
        passAsFile = [ "text" ];
      }
      ''
        mkdir $out; cp $textPath $out/setup
      '';

  setup = builtins.toFile "setup.sh" (builtins.readFile ./setup.sh);

  raw =
    name: attrs: script:
    derivation (
      {
        inherit name system;
        builder = "/bin/bash";
        PATH = "/usr/bin:/bin";
        # The last command must not become the builder itself: coreutils close their
        # output before they exit, on which Nix kills the builder.
        args = [
          "-euc"
          "${script}\nexit 0"
        ];
      }
      // attrs
    )
    // {
      meta.mainProgram = name;
      pname = name;
    };

  hook =
    name:
    raw name
      {
        text = hooks.${name};
        passAsFile = [ "text" ];
      }
      ''
        mkdir -p $out/nix-support; cp $textPath $out/nix-support/setup-hook
      '';

  # A package of the machine's own program, or of one that says it is missing.
  hostPackage =
    name: bins:
    raw name { } ''
      mkdir -p $out/bin
      for b in ${toString bins}; do
        if [ -x /usr/bin/$b ]; then ln -s /usr/bin/$b $out/bin/$b
        else printf '#!/bin/bash\necho "%s: not on this machine" >&2\nexit 127\n' $b > $out/bin/$b; chmod +x $out/bin/$b; fi
      done
    '';

  rust =
    name: bins:
    raw name { } ''
      mkdir -p $out/bin
      for b in ${toString bins}; do
        printf '#!/bin/bash\nexport PATH=%s:$PATH\nexec %s/%s "$@"\n' ${host.toolchain}/bin ${host.toolchain}/bin $b > $out/bin/$b
        chmod +x $out/bin/$b
      done
    '';

  # The same fetches, under the same names, as nixpkgs' importCargoLock: the verifying
  # script has put the crates that cargo downloaded into the store, so none runs.
  importCargoLock =
    { lockFile, ... }:
    let
      packages = lib.filter (p: p ? source) (lib.importTOML lockFile).package;
      crate =
        p:
        lib.assertMsg (lib.hasPrefix "registry+" p.source) "the stand-in knows registry crates only, not ${p.source}";
      fetch =
        p:
        assert crate p;
        derivation {
          name = "crate-${p.name}-${p.version}.tar.gz";
          system = "builtin";
          builder = "builtin:fetchurl";
          url = "crate:${p.name}-${p.version}"; # never fetched: the store has it already
          outputHashMode = "flat";
          outputHashAlgo = "sha256";
          outputHash = p.checksum;
        };
    in
    raw "cargo-vendor-dir"
      {
        lock = "${lockFile}";
        list = lib.concatMapStringsSep "\n" (p: "${p.name}-${p.version} ${p.checksum} ${fetch p}") packages;
        passAsFile = [ "list" ];
      }
      ''
        mkdir -p $out/.cargo
        cp $lock $out/Cargo.lock
        while read -r name sum tarball; do
          tar xzf "$tarball" -C $out
          printf '{"files":{},"package":"%s"}' "$sum" > "$out/$name/.cargo-checksum.json"
        done < <(cat $listPath; echo)
        printf '[source.crates-io]\nreplace-with = "vendored-sources"\n[source.vendored-sources]\ndirectory = "%s"\n' $out > $out/.cargo/config.toml
      '';

  buildRustPackage =
    arg:
    mkDerivation (
      final:
      let
        a = lib.toFunction arg final;
      in
      assert lib.assertMsg (a ? cargoLock.lockFile) "the stand-in vendors by cargoLock.lockFile only";
      {
        doCheck = true;
        strictDeps = true;
      }
      // a
      // {
        cargoDeps = importCargoLock a.cargoLock;
        nativeBuildInputs = [
          cargoHook
          pkgs.cargo
          pkgs.rustc
        ]
        ++ a.nativeBuildInputs or [ ];
      }
      // lib.optionalAttrs (a ? buildType) { cargoBuildType = a.buildType; }
      // lib.optionalAttrs (a ? checkType) { cargoCheckType = a.checkType; }
      // lib.optionalAttrs (a ? buildFeatures) { cargoBuildFeatures = a.buildFeatures; }
    );
  cargoHook =
    raw "cargo-hook"
      {
        text = hooks.cargo;
        passAsFile = [ "text" ];
      }
      ''
        mkdir -p $out/nix-support; cp $textPath $out/nix-support/setup-hook
      '';

  hostPlatform = {
    inherit system;
    isLinux = lib.hasSuffix "-linux" system;
    isDarwin = lib.hasSuffix "-darwin" system;
    isGnu = lib.hasSuffix "-linux" system;
    rust.rustcTarget =
      lib.replaceStrings [ "-linux" "-darwin" ] [ "-unknown-linux-gnu" "-apple-darwin" ]
        system;
    isx86_64 = lib.hasPrefix "x86_64-" system;
    isAarch64 = lib.hasPrefix "aarch64-" system;
    extensions.executable = "";
    canExecute = p: p.system == system;
  };
  stdenv = {
    inherit mkDerivation hostPlatform;
    buildPlatform = hostPlatform;
    targetPlatform = hostPlatform;
    inherit (hostPlatform) isLinux isDarwin;
    inherit system;
    shell = "/bin/bash";
  };

  runCommand =
    name: attrs: buildCommand:
    mkDerivation (
      attrs
      // {
        inherit name;
        buildCommand = "${buildCommand}";
      }
    );

  pkgs = {
    inherit
      lib
      stdenv
      pkgs
      system
      runCommand
      mkDerivation
      ;
    callPackage = callPackageWith pkgs;
    extend =
      f:
      let
        new = pkgs // { callPackage = callPackageWith new; } // f new pkgs;
      in
      new;
    rustPlatform = { inherit buildRustPackage importCargoLock; };

    cargo = rust "cargo" [ "cargo" ];
    rustc = rust "rustc" [
      "rustc"
      "rustdoc"
    ];
    clippy = rust "clippy" [
      "cargo-clippy"
      "clippy-driver"
    ];
    rustfmt = rust "rustfmt" [
      "cargo-fmt"
      "rustfmt"
    ];
    rust-analyzer = rust "rust-analyzer" [ "rust-analyzer" ];

    mkShell =
      {
        packages ? [ ],
        inputsFrom ? [ ],
        nativeBuildInputs ? [ ],
        ...
      }@attrs:
      mkDerivation (
        removeAttrs attrs [
          "packages"
          "inputsFrom"
        ]
        // {
          name = attrs.name or "nix-shell";
          nativeBuildInputs =
            packages ++ nativeBuildInputs ++ lib.concatMap (p: p.nativeBuildInputs or [ ]) inputsFrom;
          buildCommand = "export >> $out";
        }
      );

    # The machine's own C library, static too, is what its compiler finds: nothing is to be added.
    glibc.static = raw "glibc-static" { } "mkdir $out";

    formats.toml = _: {
      generate =
        name: value:
        raw name
          {
            json = builtins.toJSON value;
            passAsFile = [ "json" ];
          }
          ''
            python3 ${./toml.py} < $jsonPath > $out
          '';
    };

    installShellFiles = hook "installShellFiles";
    versionCheckHook = hook "versionCheckHook";
  }
  // lib.mapAttrs hostPackage host.packages
  // {
    # As nixpkgs answers where config.allowUnfree is not set.
    claude-code = throw "Package 'claude-code' has an unfree license, refusing to evaluate";
  };
in
pkgs
