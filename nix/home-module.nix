# The home-manager module. One block declares everything:
#
#   programs.phone-opus = {
#     enable = true;
#     claudePackage = pkgs.claude-code;     # or leave it null, and `claude` is found on PATH
#     tokenFile = "/run/secrets/claude";    # a path at run time: the secret never enters the store
#     mcp.enable = true;                    # with programs.claude-code.enableMcpIntegration = true, too
#     skills.enable = true;
#     settings = {
#       effort = "high";
#       max_running = 2;
#       timeout = "1h";
#       max_budget_usd = 5.0;
#       mcp.cancel_on_disconnect = false;
#     };
#   };
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
  tokenKey = lib.findFirst (lib.hasSuffix "token_file") null (
    lib.attrNames (settings.options.credentials or { })
  );
  skill = "${cfg.package}/share/phone-opus/skills/phone-opus";

  # A path literal would be copied into the store, so only text is taken, and none that is there.
  runtimePath = types.addCheck types.str (
    path: (lib.hasPrefix "/" path || lib.hasPrefix "~/" path) && !(lib.hasPrefix builtins.storeDir path)
  );
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
        A file with the token that Claude Code logs in with. It is an absolute path as text, outside the store: only the path is
        written down, and the file is read when a consult starts.
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
      (lib.optionalAttrs (tokenKey != null) {
        programs.phone-opus.settings.credentials = lib.mkIf (cfg.tokenFile != null) {
          ${tokenKey} = cfg.tokenFile;
        };
      })
      {
        assertions = [
          {
            assertion = cfg.mcp.enable -> hasMcp;
            message = "programs.phone-opus.mcp.enable needs a home-manager that has programs.mcp.";
          }
          {
            assertion = cfg.tokenFile != null -> tokenKey != null;
            message = "This version of phone-opus has no setting for a token file.";
          }
        ];
      }
    ]
  );
}
