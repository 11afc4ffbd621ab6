# The options of programs.phone-opus.settings, from the JSON Schema of the configuration file, which
# follows from the program's own table of keys. So a key is described once, and none is forgotten here.
#
# A type says what a schema can say in Nix. What it cannot, `phone-opus config check` says when the file
# is built.
{ lib }:
let
  inherit (lib) types;

  # One option for a key; null, which is never written, leaves it to the program's default.
  option =
    schema:
    lib.mkOption {
      type = types.nullOr (typeOf schema);
      default = null;
      description =
        schema.description
        + lib.optionalString (
          schema ? default
        ) " The program's default is `${builtins.toJSON schema.default}`.";
    };

  # A table of keys, or a key.
  entry =
    schema:
    if schema.type or null == "object" then
      lib.mapAttrs (_: entry) schema.properties
    else
      option schema;

  typeOf =
    schema:
    if schema ? anyOf then
      types.oneOf (map typeOf schema.anyOf)
    else if schema ? enum then
      types.enum schema.enum
    else if schema ? const then
      types.enum [ schema.const ]
    else
      {
        boolean = types.bool;
        integer = types.ints.between schema.minimum schema.maximum;
        number =
          if schema ? exclusiveMinimum then
            types.addCheck types.number (n: n > schema.exclusiveMinimum)
          else
            types.addCheck types.number (n: n >= schema.minimum);
        string = stringType (schema.pattern or null);
        array = arrayType schema;
      }
      .${schema.type};

  # The patterns that hold for any text are worth a type; the others have words of their own there.
  stringType =
    pattern:
    if pattern == "\\S" then
      types.addCheck types.str (text: lib.trim text != "")
    else if pattern == "^/" then
      types.addCheck types.str (lib.hasPrefix "/")
    else if pattern == "^(/|~/)" then
      types.addCheck types.str (path: lib.hasPrefix "/" path || lib.hasPrefix "~/" path)
    else
      types.str;

  arrayType =
    schema:
    types.addCheck (types.listOf (typeOf schema.items)) (
      list:
      lib.length list >= (schema.minItems or 0)
      && (!(schema.uniqueItems or false) || lib.unique list == list)
    );
in
{
  options = lib.mapAttrs (_: entry) (lib.importJSON ../schemas/config-file.json).properties;

  # What was set, and nothing else: a default that is written down would outlive its change.
  written =
    settings:
    let
      tables = lib.mapAttrs (_: v: if lib.isAttrs v then lib.filterAttrs (_: isSet) v else v) settings;
      isSet = value: value != null && value != { };
    in
    lib.filterAttrs (_: isSet) tables;
}
