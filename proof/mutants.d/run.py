"""Runs the tests against each mutant of a tree: `run.py TREE LIB API SURVIVORS SECONDS`.

Each test is run alone first, and tells which mutants' places it comes by: no other can catch them. Then each mutant meets those tests that
come by it, the ones first that come by little else. It is caught when one fails, or does not end. One that none catches must stand in
SURVIVORS with a reason.
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

# How many tests over HTTP a mutant meets before it is asked whether more are needed; each time the program starts anew.
PORTIONS = [4, 16, 64]
# How many programs run at once.
AT_ONCE = 2


def holds(program, tests, tree, patience, **environment):
    """Whether all of these tests pass; the others are not waited for once one fails."""
    command = [program, "--exact", "--test-threads", "1", *tests]
    environment = {**os.environ, "PROPTEST_CASES": "64", "RUST_BACKTRACE": "0", **environment}
    running = subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)

    def kill():
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    end = threading.Timer(patience, kill)
    end.start()
    failed, passed = False, False
    for line in running.stdout:
        failed = bool(re.match(r"test .* FAILED$", line.strip()))
        passed = passed or line.startswith("test result: ok")
        if failed:
            kill()
            break
    running.wait()
    end.cancel()
    return passed and not failed


class Test:
    """One test: what it comes by, and how long that takes."""

    def __init__(self, kind, program, name, tree, folder):
        self.kind, self.name = kind, name
        told = pathlib.Path(folder, re.sub(r"\W+", "-", name))
        # One that waits for the clock of a busy machine may need a second try.
        for _ in range(2):
            began = time.monotonic()
            self.passed = holds(program, [name], tree, 300, NARA_REACHED=str(told))
            self.seconds = time.monotonic() - began
            if self.passed:
                break
        self.reached = {int(line) for line in told.read_text().split()} if told.exists() else set()


def tests_of(programs, tree):
    """Each test of both programs on the embedded database, the ones first that come by little."""
    named = []
    for kind, program in programs.items():
        listed = subprocess.run([program, "--list", "--skip", "on_postgres"], cwd=tree, capture_output=True, text=True, check=True).stdout
        named += [(kind, program, line.removesuffix(": test")) for line in listed.splitlines() if line.endswith(": test")]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        tests = list(pool.map(lambda one: Test(*one, tree, folder), named))
    # What reads the source alone, and not what it does, sees the switches.
    tests = [test for test in tests if test.reached]
    failing = [test.name for test in tests if not test.passed]
    if failing:
        sys.exit(f"the tests {failing} fail without a mutant")
    return sorted(tests, key=lambda test: len(test.reached))


def portions(tests):
    """The tests in the order in which a mutant meets them: those of the library together, then more and more of those over HTTP."""
    library = [test for test in tests if test.kind == "lib"]
    rest = [test for test in tests if test.kind == "api"]
    if library:
        yield library
    for many in [*PORTIONS, len(rest)]:
        if rest[:many]:
            yield rest[:many]
        rest = rest[many:]


def main(tree, lib, api, survivors, seconds):
    began = time.monotonic()
    # Whoever ends it early is told of what was tried.
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    mutants = json.loads(pathlib.Path(tree, "switches.json").read_text())
    reasons = pathlib.Path(survivors).read_text()
    programs = {"lib": lib, "api": api}
    tests = tests_of(programs, tree)
    print(f"{len(tests)} tests alone: {time.monotonic() - began:.0f} s", flush=True)

    tried = []

    def is_listed(mutant):
        return f"`{re.sub(r':[0-9]+:[0-9]+', '', mutant['name'])}`" in reasons

    def survives(mutant):
        """Whether no test catches it; None where there was no time to ask."""
        if over.is_set() or time.monotonic() - began > float(seconds):
            return None
        about = [test for test in tests if mutant["id"] in test.reached]
        alive = all(
            holds(programs[some[0].kind], [test.name for test in some], tree, 20 + 2 * sum(test.seconds for test in some), NARA_MUTANT=str(mutant["id"]))
            for some in portions(about)
        )
        tried.append(mutant)
        if len(tried) % 50 == 0:
            print(f"{len(tried)} of {len(mutants)} tried: {time.monotonic() - began:.0f} s", flush=True)
        if alive:
            print(f"{'excused' if is_listed(mutant) else 'MISSED'}: {mutant['name']} ({len(about)} tests)", flush=True)
        return alive

    # In an order that is the same each time and no file's, so that what there was no time for is as much of each; those that are known
    # to survive meet every test there is, and come last.
    mutants.sort(key=lambda mutant: (is_listed(mutant), hashlib.sha256(mutant["name"].encode()).digest()))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lived = list(pool.map(survives, mutants))
    told = {}
    for mutant, alive in zip(mutants, lived):
        counted = told.setdefault(mutant["file"], {"caught": 0, "excused": 0, "missed": 0, "left": 0})
        counted["left" if alive is None else "caught" if not alive else "excused" if is_listed(mutant) else "missed"] += 1
    print(f"{'file':<34} {'caught':>7} {'excused':>8} {'missed':>7} {'left':>5}")
    for file, counted in sorted(told.items()):
        print(f"{file:<34} {counted['caught']:>7} {counted['excused']:>8} {counted['missed']:>7} {counted['left']:>5}")
    total = {what: sum(counted[what] for counted in told.values()) for what in ("caught", "excused", "missed", "left")}
    print(
        f"mutants: {total['caught']} caught, {total['excused']} survive with a reason, {total['missed']} survive, "
        f"{total['left']} not tried; {time.monotonic() - began:.0f} s"
    )
    return 1 if total["missed"] else 0


sys.exit(main(*sys.argv[1:]))
