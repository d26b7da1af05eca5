"""Tells by what the compiler says which mutants do not compile: `unviable.py TREE MESSAGES UNVIABLE` adds their names to UNVIABLE.

Ends with 0 where the tree compiles, with 10 where there were such mutants, and with 1 where something else is wrong.
"""

import json
import pathlib
import re
import sys


def main(tree, messages, unviable):
    tree = pathlib.Path(tree)
    names = {one["id"]: one["name"] for one in json.loads((tree / "switches.json").read_text())}
    found, strange = set(), []
    for line in pathlib.Path(messages).read_text().splitlines():
        message = json.loads(line).get("message") if line.startswith("{") else None
        if not isinstance(message, dict) or message["level"] != "error" or not message["spans"]:
            continue
        for span in [span for span in message["spans"] if span["is_primary"]]:
            while span.get("expansion") and not span["file_name"].startswith("src/"):
                span = span["expansion"]["span"]
            before = (tree / span["file_name"]).read_bytes()[: span["byte_start"] + 40].decode(errors="ignore")
            switches = list(re.finditer(r"switched::on\((\d+)\)", before))
            number = int(switches[-1].group(1)) if switches else None
            if number in names:
                found.add(names[number])
            else:
                strange.append(message["rendered"])
    print(f"{len(found)} mutants do not compile")
    if strange:
        print("\n".join(strange[:3]))
        return 1
    with open(unviable, "a") as file:
        file.writelines(f"{name}\n" for name in sorted(found))
    return 10 if found else 0


sys.exit(main(*sys.argv[1:]))
