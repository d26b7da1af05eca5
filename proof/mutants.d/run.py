"""Runs the tests against each mutant of a tree: `run.py TREE LIB API SURVIVORS SECONDS`.

A mutant is caught when a test fails, or does not end. One that none catches must stand in SURVIVORS with a reason.
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

# Which tests are about a file, the quickest first: of the library, and over HTTP.
SIGN_IN = ("api", ["sign_in::", "bad_sign_ins", "identity_provider"])
ACCESS = ("api", ["access::every", "access::hiding::with_a_reason", "staff::"])
STEPS = ("api", ["referral_steps", "referral_refusals"])
ABOUT = [
    ("src/auth/keys/", [("lib", ["auth::keys"]), ("api", ["partner_keys", "partner_keys_life"])]),
    ("src/auth/tokens.rs", [("lib", ["auth::"]), SIGN_IN]),
    ("src/auth/key_set.rs", [("lib", ["auth::"]), SIGN_IN]),
    ("src/auth/", [("lib", ["auth::"]), SIGN_IN, ("api", ["people_denials", "people_protection", "timeline", "staff_referrals"]), ACCESS]),
    ("src/referrals/course/table.rs", [("lib", ["referrals::"]), STEPS, ("api", ["referral_rules", "partner_actions"])]),
    ("src/referrals/course/clocks.rs", [("lib", ["referrals::"]), ("api", ["referral_clocks", "referral_overdue", "referral_corrections"]), STEPS]),
    ("src/referrals/", [("lib", ["referrals::"]), ("api", ["referrals::", "staff_referral", "partner_view", "partner_referrals", "partner_actions"]), STEPS]),
    ("src/calendar/", [("lib", ["calendar::"]), ("api", ["referral_clocks", "referral_overdue"])]),
    ("src/vault/", [("lib", ["vault::"]), ("api", ["vault::", "commands::"]), ("api", ["people::"])]),
    ("src/audit/", [("lib", ["audit::"]), ("api", ["audit::"]), ("api", ["commands::", "people_denials"])]),
    ("src/code.rs", [("lib", ["vault::", "auth::", "audit::"]), ("api", ["vault::"])]),
]


def tests_about(file):
    return next(stages for start, stages in ABOUT if file.startswith(start))


def holds(program, filters, mutant, tree, patience):
    """Whether all of these tests pass; the others are not waited for once one fails."""
    command = [program, "--skip", "on_postgres", "--test-threads", "2", *filters]
    environment = {**os.environ, "NARA_MUTANT": str(mutant), "PROPTEST_CASES": "64", "RUST_BACKTRACE": "0"}
    running = subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    end = threading.Timer(patience, lambda: os.killpg(running.pid, signal.SIGKILL))
    end.start()
    failed, passed = False, False
    for line in running.stdout:
        failed = failed or bool(re.match(r"test .* FAILED$", line.strip()))
        passed = passed or line.startswith("test result: ok")
        if failed:
            try:
                os.killpg(running.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            break
    running.wait()
    end.cancel()
    return passed and not failed


def main(tree, lib, api, survivors, seconds):
    began = time.monotonic()
    # Whoever ends it early is told of what was tried.
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    mutants = json.loads(pathlib.Path(tree, "switches.json").read_text())
    reasons = pathlib.Path(survivors).read_text()
    programs = {"lib": lib, "api": api}
    patience = {}
    for file in sorted({mutant["file"] for mutant in mutants}):
        for which, filters in tests_about(file):
            if (which, *filters) in patience:
                continue
            start = time.monotonic()
            if not holds(programs[which], filters, 0, tree, 900):
                sys.exit(f"the tests {filters} fail without a mutant")
            patience[(which, *filters)] = 30 + 4 * (time.monotonic() - start)
            print(f"{time.monotonic() - start:.0f} s: {which} {' '.join(filters)}", flush=True)
    told = {}
    missed = []
    # In an order that is the same each time and no file's: what there was no time for is as much of each.
    mutants.sort(key=lambda mutant: hashlib.sha256(mutant["name"].encode()).digest())
    for done, mutant in enumerate(mutants):
        if over.is_set() or time.monotonic() - began > float(seconds):
            print(f"{len(mutants) - done} mutants are left: the time is over")
            break
        stages = tests_about(mutant["file"])
        survives = all(holds(programs[which], filters, mutant["id"], tree, patience[(which, *filters)]) for which, filters in stages)
        counted = told.setdefault(mutant["file"], [0, 0, 0])
        name = re.sub(r":\d+:\d+", "", mutant["name"])
        listed = f"`{name}`" in reasons
        counted[(1 if listed else 2) if survives else 0] += 1
        if survives:
            missed.append(mutant["name"])
            print(f"{'excused' if listed else 'MISSED'}: {mutant['name']}", flush=True)
    print(f"{'file':<34} {'caught':>7} {'excused':>8} {'missed':>7}")
    for file, (caught, excused, lost) in sorted(told.items()):
        print(f"{file:<34} {caught:>7} {excused:>8} {lost:>7}")
    caught, excused, lost = (sum(column) for column in zip(*told.values()))
    print(f"mutants: {caught} caught, {excused} survive with a reason, {lost} survive; {time.monotonic() - began:.0f} s")
    return 1 if lost else 0


sys.exit(main(*sys.argv[1:]))
