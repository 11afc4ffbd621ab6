# A small evaluator of modules: what the home-manager module needs of nixpkgs' lib.evalModules, with the
# same meaning. Options are declared once; definitions pass mkIf, mkMerge and mkDefault, are checked by
# their type and merged by it; one that no option takes is an error.
lib:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    foldl'
    functionArgs
    head
    intersectAttrs
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    mapAttrs
    removeAttrs
    ;

  isType = name: value: isAttrs value && value._type or null == name;
  shown = builtins.concatStringsSep ".";

  # A definition of several attributes as one attribute set each, with the conditions moved inside: they
  # may depend on values that are defined beside them.
  pushDown =
    value:
    if isType "if" value then
      map (mapAttrs (_: content: mkIf value.condition content)) (pushDown value.content)
    else if isType "merge" value then
      concatMap pushDown value.contents
    else if isType "override" value then
      map (mapAttrs (_: content: value // { inherit content; })) (pushDown value.content)
    else
      [ value ];

  # The definitions of one option that hold, with their priorities.
  discharge =
    priority: value:
    if isType "if" value then
      lib.optionals value.condition (discharge priority value.content)
    else if isType "merge" value then
      concatMap (discharge priority) value.contents
    else if isType "override" value then
      discharge value.priority value.content
    else
      [ { inherit priority value; } ];

  mergeDefinitions =
    path: type: definitions:
    let
      all = concatMap (discharge 100) definitions;
      strongest = foldl' (least: d: if d.priority < least then d.priority else least) 9999 all;
      values = map (d: d.value) (filter (d: d.priority == strongest) all);
      wrong = filter (value: !type.check value) values;
    in
    {
      isDefined = all != [ ];
      value =
        if all == [ ] then
          throw "the option `${shown path}' is used but not defined"
        else if wrong != [ ] then
          throw "a definition for option `${shown path}' is not of type `${type.description}'"
        else
          type.merge path values;
    };

  evalTree =
    path: options: definitions:
    if isType "option" options then
      (mergeDefinitions path options.type (
        definitions ++ lib.optional (options ? default) (mkOverride 1500 options.default)
      )).value
    else
      let
        pushed = concatMap pushDown definitions;
        unknown = concatMap (d: filter (name: !(options ? ${name})) (attrNames d)) pushed;
        below =
          name: option:
          evalTree (path ++ [ name ]) option (concatMap (d: lib.optional (d ? ${name}) d.${name}) pushed);
      in
      if unknown != [ ] then
        throw "the option `${shown (path ++ [ (head unknown) ])}' does not exist"
      else
        mapAttrs below options;

  evalModules =
    {
      modules,
      specialArgs ? { },
    }:
    let
      arguments = specialArgs // {
        inherit lib;
        inherit (result) config options;
      };
      load =
        module:
        if isPath module then
          load (import module)
        else if isFunction module then
          module (
            if functionArgs module == { } then arguments else intersectAttrs (functionArgs module) arguments
          )
        else
          module;
      collect =
        module:
        let
          loaded = load module;
        in
        [ (normal loaded) ] ++ concatMap collect (loaded.imports or [ ]);
      normal =
        module:
        if module ? config || module ? options then
          {
            options = module.options or { };
            config = module.config or { };
          }
        else
          {
            options = { };
            config = removeAttrs module [
              "_file"
              "imports"
            ];
          };
      all = concatMap collect modules;
      result = {
        options = foldl' lib.recursiveUpdate { } (map (m: m.options) all);
        config = evalTree [ ] result.options (map (m: m.config) all);
      };
    in
    result;

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };

  one =
    path: values:
    if filter (value: value != head values) values == [ ] then
      head values
    else
      throw "the option `${shown path}' has conflicting definitions";
  simple = description: check: {
    inherit description check;
    merge = one;
  };
  types = rec {
    anything = simple "anything" (_: true);
    bool = simple "boolean" isBool;
    int = simple "signed integer" isInt;
    float = simple "floating point number" isFloat;
    number = simple "number" (n: isInt n || isFloat n);
    str = simple "string" isString;
    path = simple "absolute path" (p: isPath p || lib.hasPrefix "/" "${toString p}");
    package = simple "package" (p: lib.isDerivation p);
    enum = values: simple "one of ${builtins.toJSON values}" (value: builtins.elem value values);
    ints.between =
      least: most:
      simple "integer between ${toString least} and ${toString most}" (
        n: isInt n && n >= least && n <= most
      );
    addCheck = type: check: type // { check = value: type.check value && check value; };
    nullOr = type: {
      description = "null or ${type.description}";
      check = value: value == null || type.check value;
      merge =
        path: values:
        if builtins.all (value: value == null) values then
          null
        else
          type.merge path (filter (value: value != null) values);
    };
    oneOf = types: {
      description = lib.concatMapStringsSep " or " (type: type.description) types;
      check = value: builtins.any (type: type.check value) types;
      merge =
        path: values: (head (filter (type: builtins.all type.check values) types)).merge path values;
    };
    listOf = type: {
      description = "list of ${type.description}";
      check = isList;
      merge =
        path: lists: map (item: (mergeDefinitions path type [ item ]).value) (builtins.concatLists lists);
    };
    attrsOf = type: {
      description = "attribute set of ${type.description}";
      check = isAttrs;
      merge =
        path: sets:
        let
          pushed = concatMap pushDown sets;
          names = attrNames (foldl' (a: b: a // b) { } pushed);
          of =
            name:
            mergeDefinitions (path ++ [ name ]) type (
              concatMap (d: lib.optional (d ? ${name}) d.${name}) pushed
            );
        in
        lib.genAttrs (filter (name: (of name).isDefined) names) (name: (of name).value);
    };
    submodule = module: {
      description = "submodule";
      check = value: isAttrs value || isFunction value;
      merge = _path: values: (evalModules { modules = [ module ] ++ values; }).config;
    };
  };
in
{
  inherit evalModules mkIf types;
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkDefault = mkOverride 1000;
  mkOption = attrs: attrs // { _type = "option"; };
  mkEnableOption = name: {
    _type = "option";
    type = types.bool;
    default = false;
    description = "Whether to enable ${name}.";
  };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
}
