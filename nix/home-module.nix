# The home-manager module: one block declares everything. The example is README.md's, and
# nix/home-module-check.nix evaluates it from there.
{ packageOf }:
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.programs.phone-opus;
  settings = import ./settings.nix { inherit lib; };
  written = settings.written cfg.settings;

  # Built only if the program itself finds nothing wrong with it.
  configFile =
    pkgs.runCommand "phone-opus-config.toml"
      {
        file = (pkgs.formats.toml { }).generate "config.toml" written;
        program = lib.getExe cfg.package;
      }
      ''
        "$program" config check "$file"
        cp "$file" "$out"
      '';

  hasMcp = options ? programs.mcp;
  skill = "${cfg.package}/share/phone-opus/skills/phone-opus";

  # As text: a path literal would be copied into the store.
  runtimePath =
    types.addCheck types.str (path: lib.hasPrefix "/" path || lib.hasPrefix "~/" path)
    // {
      description = "absolute path as text, or one that begins with ~/";
    };

  # Every key under `credentials` names a file with a secret, whichever option it was set by.
  outsideTheStore = key: path: {
    assertion = path == null || !(lib.hasPrefix "${builtins.storeDir}/" path);
    message =
      "programs.phone-opus: the file of credentials.${key} is in ${builtins.storeDir}, where everybody can"
      + " read it. Name a file outside of it, as text: \"/run/secrets/claude\".";
  };
in
{
  options.programs.phone-opus = {
    enable = lib.mkEnableOption "phone-opus, which asks Claude Opus for a second opinion";

    package = mkOption {
      type = types.package;
      default = packageOf pkgs;
      defaultText = lib.literalExpression "the package of this flake";
      description = "The phone-opus to install.";
    };

    claudePackage = mkOption {
      type = types.nullOr types.package;
      default = null;
      example = lib.literalExpression "pkgs.claude-code";
      description = ''
        The Claude Code that is asked, as the setting `claude_bin`. It is not free software, so this
        flake names none; with null it is `claude` on PATH.
      '';
    };

    settings = mkOption {
      type = types.submodule { inherit (settings) options; };
      default = { };
      example = {
        effort = "high";
        timeout = "1h";
        mcp.cancel_on_disconnect = true;
      };
      description = ''
        What is written to {file}`$XDG_CONFIG_HOME/phone-opus/config.toml`; see
        {manpage}`phone-opus-config(5)`. What is not set here is left to the program's defaults. The
        file is checked by `phone-opus config check` when it is built.
      '';
    };

    tokenFile = mkOption {
      type = types.nullOr runtimePath;
      default = null;
      example = "/run/secrets/claude-token";
      description = ''
        A file with the token that Claude Code logs in with, as the setting `credentials.token_file`. It
        is an absolute path as text, outside the store: only the path is written down, and the file is
        read when a consult starts.
      '';
    };

    mcp.enable = lib.mkEnableOption ''
      the MCP server, in home-manager's registry `programs.mcp.servers`. Claude Code and Codex take
      that over only with `programs.claude-code.enableMcpIntegration` and
      `programs.codex.enableMcpIntegration`'';

    skills.enable = lib.mkEnableOption ''
      the skill that tells Claude Code and Codex when and how to ask, in {file}`~/.claude/skills` and
      {file}`~/.agents/skills`'';
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        home.packages = [ cfg.package ];
        xdg.configFile."phone-opus/config.toml" = lib.mkIf (written != { }) { source = configFile; };
        programs.phone-opus.settings = {
          claude_bin = lib.mkIf (cfg.claudePackage != null) (lib.mkDefault (lib.getExe cfg.claudePackage));
          credentials.token_file = lib.mkIf (cfg.tokenFile != null) cfg.tokenFile;
        };
      }
      (lib.mkIf cfg.skills.enable {
        home.file.".claude/skills/phone-opus".source = skill;
        home.file.".agents/skills/phone-opus".source = skill;
      })
      (lib.optionalAttrs hasMcp {
        programs.mcp.servers = lib.mkIf cfg.mcp.enable {
          phone-opus = {
            command = lib.getExe cfg.package;
            args = [
              "mcp"
              "serve"
            ];
          };
        };
      })
      {
        assertions = [
          {
            assertion = cfg.mcp.enable -> hasMcp;
            message = "programs.phone-opus.mcp.enable needs a home-manager that has programs.mcp.";
          }
        ]
        ++ lib.mapAttrsToList outsideTheStore cfg.settings.credentials;
      }
    ]
  );
}
