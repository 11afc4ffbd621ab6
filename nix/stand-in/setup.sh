# shellcheck shell=bash disable=SC1091,SC2154 # Nix sets the variables, PATH too.
# The phases of the stand-in's mkDerivation. bash, in the sandbox, on the machine's own tools.
set -euo pipefail
shopt -s nullglob
umask 022
export HOME=$NIX_BUILD_TOP SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800} LC_ALL=C TZ=UTC
export ZERO_AR_DATE=1
for p in ${nativeBuildInputs:-} ${nativeCheckInputs:-} ${nativeInstallCheckInputs:-}; do
  PATH=$p/bin:$PATH
  if [[ -f $p/nix-support/setup-hook ]]; then source "$p/nix-support/setup-hook"; fi
done
export PATH

runHook() { # NAME: a function of that name, then the attribute of that name
  if declare -F "$1" > /dev/null; then "$1"; fi
  if [[ -n ${!1:-} ]]; then eval "${!1}"; fi
}

runPhase() { # NAME
  echo "Running phase: $1"
  if [[ -n ${!1:-} ]]; then eval "${!1}"; else "_$1"; fi
}

_unpackPhase() { # as nixpkgs: a folder called source, writable, under the build folder
  if [[ -n ${src:-} ]]; then
    cp -r "$src" source
    chmod -R u+w source
    cd source
  fi
}
_patchPhase() { runHook prePatch; runHook postPatch; }
_configurePhase() { runHook preConfigure; runHook configureHook; runHook postConfigure; }
_buildPhase() { runHook preBuild; runHook buildHook; runHook postBuild; }
_checkPhase() { runHook preCheck; runHook checkHook; runHook postCheck; }
_installPhase() { runHook preInstall; runHook installHook; runHook postInstall; }
_fixupPhase() {
  [[ -n ${dontFixup:-} ]] && return
  runHook preFixup
  if [[ -d $out/share/man ]]; then find "$out/share/man" -type f ! -name '*.gz' -exec gzip -9nf {} +; fi
  runHook postFixup
}
_installCheckPhase() { runHook preInstallCheck; runHook versionCheckHook; runHook postInstallCheck; }

genericBuild() {
  if [[ -n ${buildCommand:-} ]]; then eval "$buildCommand"; return; fi
  local phase
  for phase in unpackPhase patchPhase configurePhase buildPhase checkPhase installPhase fixupPhase installCheckPhase; do
    case $phase in
      checkPhase) [[ -n ${doCheck:-} ]] || continue ;;
      installCheckPhase) [[ -n ${doInstallCheck:-} ]] || continue ;;
    esac
    runPhase $phase
  done
}
