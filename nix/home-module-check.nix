# The home-manager module, evaluated with the option types of `lib` over the options of home-manager that
# it sets, and the file that it renders held against the program.
#
# Not here: home-manager itself, whose own options and activation are only declared as far as needed.
{
  lib,
  pkgs,
  self,
}:
let
  inherit (lib) mkOption types;
  package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;

  file = types.attrsOf (types.submodule { options.source = mkOption { type = types.anything; }; });
  homeManager = {
    options = {
      assertions = mkOption {
        type = types.listOf types.anything;
        default = [ ];
      };
      home.packages = mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      home.file = mkOption {
        type = file;
        default = { };
      };
      xdg.configFile = mkOption {
        type = file;
        default = { };
      };
    };
  };
  withMcp.options.programs.mcp.servers = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  withClients.options.programs = lib.genAttrs [ "claude-code" "codex" ] (_: {
    enableMcpIntegration = mkOption { type = types.bool; };
  });

  evaluateModules =
    modules:
    (lib.evalModules {
      modules = [
        homeManager
        self.homeModules.default
      ]
      ++ modules;
      # The example names an unfree package.
      specialArgs.pkgs = pkgs // {
        claude-code = pkgs.jq;
      };
    }).config;
  evaluate = extra: settings: evaluateModules ([ { programs.phone-opus = settings; } ] ++ extra);

  # The example of README.md, read from there.
  example =
    let
      nix = lib.elemAt (builtins.split "```nix\n" (lib.readFile ../README.md)) 2;
      block = lib.head (builtins.split "```" nix);
    in
    import (builtins.toFile "example.nix" "{ pkgs, ... }:\n{\n${block}}\n");
  full = evaluateModules [
    withMcp
    withClients
    example
  ];
  least = evaluate [ ] { enable = true; };
  off = evaluate [ ] { };

  # The rendered file of some settings, whether or not the program takes it.
  rendered =
    settings:
    (evaluate [ ] {
      enable = true;
      inherit settings;
    }).xdg.configFile."phone-opus/config.toml".source;

  fails = value: !(builtins.tryEval (builtins.deepSeq value true)).success;
  refused =
    settings:
    fails
      (evaluate [ ] {
        enable = true;
        inherit settings;
      }).programs.phone-opus.settings;
  refusedToken =
    tokenFile:
    fails
      (evaluate [ ] {
        enable = true;
        inherit tokenFile;
      }).programs.phone-opus.tokenFile;
  complaints = config: map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  # Whether one complaint is made of the settings, and it names the store.
  isTold =
    settings:
    let
      told = complaints (evaluate [ ] ({ enable = true; } // settings));
    in
    lib.length told == 1 && lib.hasInfix builtins.storeDir (lib.head told);
  stored = "${builtins.storeDir}/00000000000000000000000000000000-secret";

  schema = lib.importJSON ../schemas/config-file.json;
  facts = {
    "what is not enabled sets nothing" = off.home.packages == [ ] && off.xdg.configFile == { };
    "the least writes no file" = least.home.packages == [ package ] && least.xdg.configFile == { };
    "the least has no complaint" = complaints least == [ ];
    "every key of the program is an option, and nothing else" =
      lib.attrNames least.programs.phone-opus.settings == lib.attrNames schema.properties
      &&
        lib.attrNames least.programs.phone-opus.settings.mcp
        == lib.attrNames schema.properties.mcp.properties;
    "the server is registered" =
      full.programs.mcp.servers.phone-opus.args == [
        "mcp"
        "serve"
      ]
      && full.programs.mcp.servers.phone-opus.command == lib.getExe package;
    "Claude Code's package is a setting" =
      full.programs.phone-opus.settings.claude_bin == lib.getExe pkgs.jq;
    "a setting overrules the package" =
      (evaluate [ ] {
        enable = true;
        claudePackage = pkgs.jq;
        settings.claude_bin = "/opt/claude";
      }).programs.phone-opus.settings.claude_bin == "/opt/claude";
    "the skill is for both clients" =
      lib.attrNames full.home.file == [
        ".agents/skills/phone-opus"
        ".claude/skills/phone-opus"
      ];
    "a server without a registry is told" =
      lib.length (
        complaints (
          evaluate [ ] {
            enable = true;
            mcp.enable = true;
          }
        )
      ) == 1;
    "a misspelt key is refused" = refused { modle = "opus"; };
    "a value of another kind is refused" =
      refused { max_running = "many"; }
      && refused { max_running = 0; }
      && refused { effort = "huge"; }
      && refused { model = " "; }
      && refused { mcp.cancel_on_disconnect = "yes"; };
    "the example has no complaint" = complaints full == [ ];
    "a secret in the store is told, by whichever option" =
      isTold { tokenFile = stored; }
      && lib.all (key: isTold { settings.credentials.${key} = stored; }) (
        lib.attrNames schema.properties.credentials.properties
      );
    "a secret by a path literal, which would be copied there, is refused" =
      refusedToken ./package.nix && refused { credentials.key_file = ./package.nix; };
    "a secret by a path literal within text is told" = isTold { tokenFile = "${./package.nix}"; };
    "a token is a path" = refusedToken "sk-ant-secret" && !(refusedToken "/run/secrets/token");
  };
  wrong = lib.attrNames (lib.filterAttrs (_: holds: !holds) facts);
in
assert lib.assertMsg (wrong == [ ]) "home-module: ${lib.concatStringsSep "; " wrong}";
pkgs.runCommand "phone-opus-home-module"
  {
    file = full.xdg.configFile."phone-opus/config.toml".source;
    skill = full.home.file.".claude/skills/phone-opus".source;
    # Of the right type, but nothing that the program takes: its own file is what is looked at here.
    refused = (rendered { timeout = "soon"; }).file;
    program = lib.getExe package;
    nativeBuildInputs = [ pkgs.jq ];
  }
  ''
    export HOME=$TMPDIR XDG_CONFIG_HOME=$TMPDIR/config
    mkdir -p "$XDG_CONFIG_HOME/phone-opus"
    cp "$file" "$XDG_CONFIG_HOME/phone-opus/config.toml"
    "$program" config show --json > shown.json
    jq -e '[.config[] | select(.origin | endswith("config.toml")) | {(.key): .value}] | add
      | .effort == "high" and .max_running == 2 and .timeout == "1h" and .max_budget_usd == 5
        and ."mcp.cancel_on_disconnect" == false and ."credentials.token_file" == "/run/secrets/claude"
        and length == 7' shown.json
    grep -q '^name: phone-opus$' "$skill/SKILL.md"
    status=0
    "$program" config check "$refused" || status=$?
    [ "$status" -eq 78 ]
    mkdir "$out"
  ''
