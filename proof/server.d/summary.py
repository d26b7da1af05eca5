"""Adds up what Schemathesis reports of each caller: `summary.py FOLDER CALLER…`. Ends with 1 unless nothing was found."""

import json
import sys
from collections import Counter
from pathlib import Path

CLASSES = {
    "server errors": {"ServerError"},
    "undocumented statuses": {"UndefinedStatusCode"},
    "schema violations": {
        "JsonSchemaError", "MalformedJson", "MalformedMediaType", "MissingContentType", "MissingHeaders", "UndefinedContentType",
    },
    "invalid inputs taken": {"AcceptedNegativeData", "MissingHeaderNotRejected"},
    "ignored sign-ins": {"IgnoredAuth"},
    "all else": set(),
}

folder, callers = Path(sys.argv[1]), sys.argv[2:]
found, wrong, cases = Counter(), [], 0
for caller in callers:
    try:
        report = json.loads((folder / f"{caller}.json").read_text())
    except FileNotFoundError:
        wrong.append(f"{caller}: no report; see {folder}/{caller}.log")
        continue
    operations, made = report["operations"], report["test_cases"]["generated"]
    taken = sum(rate["accepted"] for phases in report["valid_rates"].values() for rate in phases.values())
    phases = [name for name, phase in report["phases"].items() if phase["status"] != "skip"]
    print(f"  {caller:28} {operations['tested']:3} operations {made:7} cases {report['running_time']:5.0f} s")
    cases += made
    for failure in report["failures"]:
        kind = next((name for name, types in CLASSES.items() if failure["type"] in types), "all else")
        found[kind] += failure["count"]
        wrong.append(f"{caller}: {failure['title']}: {', '.join(failure['operations'])}")
    # A judgement that did not happen, or that nobody could pass, is none.
    if not report["complete"] or report["errors"] or operations["tested"] != operations["selected"] or len(phases) != 4:
        wrong.append(f"{caller}: not all was judged: {phases} {operations} {report['errors']}")
    if not taken:
        wrong.append(f"{caller}: nothing of what was asked was taken")

print("\n".join(wrong + [f"(each with the call that shows it in {folder}/CALLER.log)"] if wrong else wrong), end="\n" if wrong else "")
print(f"server: {cases} cases as {len(callers)} callers: " + ", ".join(f"{found[name]} {name}" for name in CLASSES))
sys.exit(1 if wrong else 0)
