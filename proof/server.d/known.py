"""Tells Schemathesis, as TOML, what a caller finds in the demo: `known.py CALLER`. An identifier that is made up is nearly always 404,
and a body that names nothing is 422; with these the answers of what succeeds are judged too. In a short run (without LONG), what keeps
the caller out whatever they send is spared the phases of coverage and fuzzing: that would be ten thousand times the same 401 or 403."""

import json
import os
import re
import sys
import urllib.error
import urllib.request

caller = sys.argv[1]
root = os.environ["NARA_URL"] + "/nara/v1"
demo = json.load(open(os.environ["NARA_DEMO"]))
if caller in demo["tokens"]:
    credentials = {"Authorization": f"Bearer {demo['tokens'][caller]}"}
elif caller in demo["partnerKeys"]:
    credentials = {"X-API-Key": demo["partnerKeys"][caller]}
else:
    credentials = {}


def ask(method, path, body=None):
    """The status and the body of an answer."""
    request = urllib.request.Request(root + path, body, credentials | {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, {}


def items(path):
    """A page of a list, or nothing where the caller may not read it."""
    return ask("GET", path)[1].get("items", [])


def ids(path):
    return [item["id"] for item in items(path)]


contacts = items("/outreach-contacts?limit=100")
met = [contact["id"] for contact in contacts if "familyId" in contact][:20]
partners = ids("/partners?limit=100")
known = {
    "areas": ids("/areas?limit=100"),
    "districts": ids("/districts?limit=100"),
    "offices": ids("/offices?limit=100"),
    "services": ids("/services?limit=100"),
    "code-lists": ids("/code-lists?limit=100"),
    "referrals": ids("/referrals?limit=100"),
    "partner/referrals": ids("/partner/referrals?limit=100"),
    "outreach-contacts": [contact["id"] for contact in contacts],
    "offers": [offer["id"] for contact in met for offer in items(f"/outreach-contacts/{contact}/offers")],
    "follow-ups": ids("/follow-ups?limit=100"),
    "people": sorted({person for contact in contacts for person in contact.get("personIds", [])}),
    "families": sorted({contact["familyId"] for contact in contacts if "familyId" in contact}),
    "partners": partners,
    "keys": [key for partner in partners for key in ids(f"/partners/{partner}/api-keys")],
    "staff": [colleague["staffId"] for colleague in items("/staff")],
}
fields = {
    "keyId": "keys", "officeId": "offices", "districtId": "districts", "serviceId": "services", "assigneeId": "staff",
    "ownerId": "staff", "familyId": "families", "otherId": "families", "ofReferralId": "referrals", "referralId": "referrals",
    "contactId": "outreach-contacts", "areaId": "areas",
}


def bind(place, name):
    if known[name]:
        print(f'"{place}" = {{ dictionary = "{name}", probability = 0.8 }}')


for field, name in fields.items():
    for place in ["path"] if field == "keyId" else ["query", "body"]:
        bind(f"{place}.{field}", name)
print("\n[dictionaries]")
for name, values in known.items():
    if values:
        print(f'"{name}" = {{ values = {json.dumps(values)} }}')
for name in known:
    if name not in ["keys", "staff"] and known[name]:
        print(f"\n[[operations]]\ninclude-path-regex = '^/{name}/\\{{id\\}}'\n\n[operations.parameters]")
        bind("path.id", name)

NOBODY = "01935b7e-8c00-7a3e-9d52-6f1c2b3a4d5e"
shut, bare = [], []
for path, methods in ask("GET", "/openapi.json")[1]["paths"].items():
    for method, operation in methods.items():
        if operation["security"] and not os.environ.get("LONG"):
            status, _ = ask(method.upper(), re.sub(r"\{\w+\}", NOBODY, path), None if method in ["get", "delete"] else b"{}")
            if status in [401, 403]:
                # A list has no example to be asked with, and the phase of fuzzing makes some.
                (bare if method == "get" and "{" not in path else shut).append(operation["operationId"])
for operations, phases in [(shut, ["coverage", "fuzzing"]), (bare, ["coverage"])]:
    if operations:
        print(f"\n[[operations]]\ninclude-operation-id = {json.dumps(operations)}")
        for phase in phases:
            print(f"\n[operations.phases.{phase}]\nenabled = false")
