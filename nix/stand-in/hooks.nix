# Shell functions with the names and the meaning of nixpkgs' setup hooks.
{
  installShellFiles = ''
    installManPage() {
      local f dir
      for f; do
        [[ -s $f ]] || { echo "installManPage: $f is missing or empty" >&2; return 1; }
        [[ $(basename "$f" .gz) =~ \.([1-9n])[^.]*$ ]] || { echo "installManPage: $f has no section" >&2; return 1; }
        dir=$out/share/man/man''${BASH_REMATCH[1]}
        install -Dm644 "$f" "$dir/$(basename "$f")"
      done
    }
    installShellCompletion() {
      local shell= name= cmd= f base to
      while (($#)); do
        case $1 in
          --bash|--fish|--zsh|--nushell) shell=''${1#--}; shift; continue ;;
          --name) name=$2; shift 2; continue ;;
          --cmd) cmd=$2; shift 2; continue ;;
          --) shift; continue ;;
          -*) echo "installShellCompletion: unknown flag $1" >&2; return 1 ;;
        esac
        f=$1; shift
        base=$(basename "$f")
        local s=$shell
        if [[ -z $s ]]; then
          case $base in
            *.bash) s=bash ;; *.fish) s=fish ;; *.zsh|_*) s=zsh ;; *.nu) s=nushell ;;
            *) echo "installShellCompletion: no shell known for $f" >&2; return 1 ;;
          esac
        fi
        if [[ -n $cmd ]]; then
          case $s in bash) base=$cmd.bash ;; fish) base=$cmd.fish ;; zsh) base=_$cmd ;; nushell) base=$cmd.nu ;; esac
        fi
        [[ -n $name ]] && base=$name
        case $s in
          bash) to=$out/share/bash-completion/completions/$base ;;
          fish) to=$out/share/fish/vendor_completions.d/$base ;;
          zsh) base=_''${base#_}; to=$out/share/zsh/site-functions/''${base%.zsh} ;;
          nushell) to=$out/share/nushell/vendor/autoload/$base ;;
        esac
        mkdir -p "$(dirname "$to")"
        cat "$f" > "$to"
        [[ -s $to ]] || { echo "installShellCompletion: $f is empty" >&2; return 1; }
        name=
      done
    }
  '';

  versionCheckHook = ''
    versionCheckHook() {
      local prog="''${versionCheckProgram:-$out/bin/''${mainProgram:-$pname}}" arg said
      for arg in ''${versionCheckProgramArg:---help --version}; do
        said=$(cd / && env -i PATH= HOME="$HOME" "$prog" $arg 2>&1) || true
        case $said in *"$version"*) echo "found $version in $prog $arg"; return ;; esac
      done
      echo "did not find version $version in what $prog says" >&2
      return 1
    }
  '';

  cargo = ''
    configureHook() {
      mkdir -p .cargo
      cat "$cargoDeps/.cargo/config.toml" >> .cargo/config.toml
      cmp -s Cargo.lock "$cargoDeps/Cargo.lock" || { echo "Cargo.lock is not the one the crates were vendored from" >&2; return 1; }
      export CARGO_HOME=$NIX_BUILD_TOP/cargo-home CARGO_NET_OFFLINE=true
      export RUSTFLAGS="''${RUSTFLAGS:-} --remap-path-prefix $NIX_BUILD_TOP=/build --remap-path-prefix $cargoDeps=/vendor"
    }
    cargoFlags() { # as nixpkgs, always with a target, which has a folder of its own
      local profile=$1
      [[ $profile == debug ]] && profile=dev
      echo --offline --locked -j "$NIX_BUILD_CORES" --target "$(rustc -vV | sed -n 's/^host: //p')" --profile "$profile" ''${2:+--no-default-features} ''${3:+--features "''${3// /,}"}
    }
    buildHook() { (set -x; cargo build $(cargoFlags "''${cargoBuildType:-release}" "''${cargoBuildNoDefaultFeatures:-}" "''${cargoBuildFeatures:-}") ''${cargoBuildFlags:-}); }
    checkHook() {
      (set -x; cargo test $(cargoFlags "''${cargoCheckType:-release}" "''${cargoCheckNoDefaultFeatures:-}" "''${cargoCheckFeatures:-}") ''${cargoTestFlags:-} -- ''${checkFlags:-})
    }
    installHook() {
      local f dir
      dir=target/$(rustc -vV | sed -n 's/^host: //p')/''${cargoBuildType:-release}
      mkdir -p "$out/bin"
      for f in "$dir"/*; do
        if [[ -f $f && -x $f && $f != *.so && $f != *.d ]]; then install -m755 "$f" "$out/bin/"; fi
      done
    }
  '';
}
