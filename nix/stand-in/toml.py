"""JSON on standard input as TOML: plain values first, then tables, one level deep."""

import json
import sys

document = json.load(sys.stdin)
for key, value in document.items():
    if not isinstance(value, dict):
        print(f"{key} = {json.dumps(value)}")
for key, table in document.items():
    if isinstance(table, dict):
        print(f"\n[{key}]")
        for name, value in table.items():
            print(f"{name} = {json.dumps(value)}")
