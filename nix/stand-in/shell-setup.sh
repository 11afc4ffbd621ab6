# shellcheck shell=bash disable=SC1091,SC2154 # Nix sets the variables.
# Sourced by `nix develop`: the tools that the derivation names, then the machine's.
PATH=$initialPath
for p in ${nativeBuildInputs:-} ${buildInputs:-}; do
  PATH=$p/bin:$PATH
  if [[ -f $p/nix-support/setup-hook ]]; then source "$p/nix-support/setup-hook"; fi
done
unset p
export PATH
