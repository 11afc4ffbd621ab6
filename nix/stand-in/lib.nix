# The part of nixpkgs' lib that the flake uses, with the same meaning.
# What is missing here fails the evaluation by name, so that nothing passes unseen.
let
  inherit (builtins)
    functionArgs
    match
    readDir
    stringLength
    substring
    ;

  lib = rec {
    inherit (builtins)
      all
      attrNames
      attrValues
      concatLists
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      fromJSON
      head
      isAttrs
      isFunction
      isList
      isBool
      isFloat
      isInt
      isPath
      isString
      length
      listToAttrs
      mapAttrs
      readFile
      removeAttrs
      replaceStrings
      toJSON
      ;
    inherit (import ./modules.nix lib)
      evalModules
      literalExpression
      mkDefault
      mkEnableOption
      mkIf
      mkMerge
      mkOption
      types
      ;
    unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
    findFirst =
      p: default: xs:
      let
        found = filter p xs;
      in
      if found == [ ] then default else head found;
    trim = s: head (match "[ \t\r\n]*(.*[^ \t\r\n]|)[ \t\r\n]*" s);
    genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
    nameValuePair = name: value: { inherit name value; };
    mapAttrsToList = f: attrs: map (n: f n attrs.${n}) (attrNames attrs);
    filterAttrs = p: attrs: removeAttrs attrs (filter (n: !(p n attrs.${n})) (attrNames attrs));
    optional = c: x: if c then [ x ] else [ ];
    optionals = c: xs: if c then xs else [ ];
    optionalString = c: s: if c then s else "";
    optionalAttrs = c: a: if c then a else { };
    concatMapStringsSep =
      sep: f: xs:
      concatStringsSep sep (map f xs);
    hasPrefix = p: s: substring 0 (stringLength p) s == p;
    hasSuffix =
      p: s:
      let
        a = stringLength s;
        b = stringLength p;
      in
      a >= b && substring (a - b) b s == p;
    hasInfix = part: s: replaceStrings [ part ] [ "" ] s != s;
    importTOML = file: fromTOML (builtins.readFile file);
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    getExe = p: "${p}/bin/${p.meta.mainProgram or p.pname or p.name}";
    getExe' = p: name: "${p}/bin/${name}";
    toFunction = v: if isFunction v then v else _: v;
    isDerivation = v: v.type or null == "derivation";
    recursiveUpdate =
      a: b:
      a
      // mapAttrs (
        n: v:
        if isAttrs v && isAttrs (a.${n} or null) && !isDerivation v then recursiveUpdate a.${n} v else v
      ) b;
    warnIfNot =
      c: m: v:
      if c then v else builtins.warn m v;
    assertMsg = c: m: if c then true else throw m;

    modules.importApply = file: args: {
      _file = toString file;
      imports = [ (import file args) ];
    };

    # Attributes that only matter to a licence check or to a person.
    licenses =
      mapAttrs
        (shortName: spdxId: {
          inherit shortName spdxId;
          free = true;
        })
        {
          mit = "MIT";
          asl20 = "Apache-2.0";
        };
    platforms = rec {
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      darwin = [
        "aarch64-darwin"
        "x86_64-darwin"
      ];
      unix = linux ++ darwin;
      all = unix;
    };
    systems.flakeExposed = platforms.unix;

    # A file set is a list of absolute paths (files or whole folders).
    fileset =
      let
        paths = s: if isList s then s else [ s ];
        walk =
          p: dir:
          concatLists (
            mapAttrsToList (
              name: type:
              let
                sub = dir + "/${name}";
              in
              if type == "directory" then
                walk p sub
              else if
                p {
                  inherit name type;
                  hasExt = e: hasSuffix ".${e}" name;
                }
              then
                [ sub ]
              else
                [ ]
            ) (readDir dir)
          );
      in
      {
        unions = concatMap paths;
        union = a: b: paths a ++ paths b;
        maybeMissing = p: optional (builtins.pathExists p) p;
        fileFilter = walk;
        toSource =
          { root, fileset }:
          let
            base = toString root;
            wanted = map (
              p: if builtins.pathExists p then toString p else throw "lib.fileset: ${toString p} does not exist"
            ) (paths fileset);
          in
          assert assertMsg (wanted != [ ]) "lib.fileset: an empty file set";
          assert assertMsg (builtins.all (
            w: w == base || hasPrefix "${base}/" w
          ) wanted) "lib.fileset: a path outside the root ${base}";
          {
            outPath = builtins.path {
              name = "source";
              path = root;
              filter =
                path: _type: builtins.any (w: path == w || hasPrefix "${w}/" path || hasPrefix "${path}/" w) wanted;
            };
            origSrc = root;
          };
      };
    inherit functionArgs match;
  };
in
lib
