"""Runs the tests against each mutant of a tree: `run.py TREE LIB API SURVIVORS SECONDS`.

A mutant is caught when a test fails, or does not end. One that none catches must stand in SURVIVORS with a reason.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

# Which tests are about a file: of the library, and over HTTP.
ABOUT = [
    ("src/auth/keys/", ["auth::keys"], ["partner_keys", "partner_keys_life"]),
    ("src/auth/tokens.rs", ["auth::"], ["identity_provider", "sign_in::", "bad_sign_ins"]),
    ("src/auth/key_set.rs", ["auth::"], ["identity_provider", "sign_in::", "bad_sign_ins"]),
    ("src/auth/", ["auth::"], ["sign_in::", "bad_sign_ins", "staff::", "access::", "referral_queue", "people_protection", "people_denials", "referral_related"]),
    ("src/referrals/course/table.rs", ["referrals::"], ["referral_steps", "referral_refusals", "referral_cells"]),
    ("src/referrals/course/clocks.rs", ["referrals::", "calendar::"], ["referral_clocks", "referral_overdue", "referral_corrections", "referral_steps"]),
    ("src/referrals/", ["referrals::"], ["partner_view", "partner_referrals", "partner_actions", "referral_messages", "referral_steps"]),
    ("src/calendar/", ["calendar::"], ["referral_clocks", "referral_overdue", "referrals::"]),
    ("src/vault/", ["vault::"], ["vault::", "commands::", "people::"]),
    ("src/audit/", ["audit::"], ["audit::", "commands::", "people_denials"]),
]


def tests_about(file):
    return next((lib, api) for start, lib, api in ABOUT if file.startswith(start))


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
    mutants = json.loads(pathlib.Path(tree, "switches.json").read_text())
    reasons = pathlib.Path(survivors).read_text()
    patience = {}
    for file in sorted({mutant["file"] for mutant in mutants}):
        for program, filters in zip((lib, api), tests_about(file)):
            if (program, tuple(filters)) in patience:
                continue
            start = time.monotonic()
            if not holds(program, filters, 0, tree, 600):
                sys.exit(f"the tests {filters} fail without a mutant")
            patience[(program, tuple(filters))] = 20 + 4 * (time.monotonic() - start)
    told = {}
    missed = []
    for done, mutant in enumerate(mutants):
        if time.monotonic() - began > float(seconds):
            print(f"{len(mutants) - done} mutants are left: the time is over")
            break
        pairs = list(zip((lib, api), tests_about(mutant["file"])))
        survives = all(holds(program, filters, mutant["id"], tree, patience[(program, tuple(filters))]) for program, filters in pairs)
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
