"""What the Dockerfile and the compositions name is there, and the program knows every variable that they set."""

import ipaddress
import json
import pathlib
import re
import subprocess
import sys

import compose_spec
import yaml

program, resolved = sys.argv[1:]
faults = []


def expect(holds, told):
    if not holds:
        faults.append(told)


def known_to(command):
    """The variables that a command's help names."""
    told = subprocess.run([program, command, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\[env: ([A-Z_]+)", told))


def ignored(path):
    """Whether .dockerignore keeps a file out of what the build is sent: the last line that speaks of it decides."""
    out = False
    for line in pathlib.Path(".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            name = line.removeprefix("!")
            if name == "*" or path == name or path.startswith(name + "/"):
                out = not line.startswith("!")
    return out


# The Dockerfile, one instruction a line.
text = pathlib.Path("Dockerfile").read_text()
lines = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
instructions = [line.split(maxsplit=1) for line in lines if line.strip()]
copied = 0
for name, rest in instructions:
    if name == "COPY" and "--from=" not in rest:
        for source in rest.split()[:-1]:
            copied += 1
            expect(pathlib.Path(source).exists(), f"Dockerfile copies {source}, which is not there")
            expect(not ignored(source), f".dockerignore keeps out {source}, which the Dockerfile copies")
for secret in ["secrets/vault-keys", "nara-data/demo.json", ".git", "target/debug/nara", "nara.db"]:
    expect(ignored(secret), f".dockerignore lets {secret} into the build")

# The layer of dependencies has an empty file for each target that Cargo.toml names.
metadata = ["cargo", "metadata", "--no-deps", "--locked", "--format-version=1"]
package = json.loads(subprocess.run(metadata, capture_output=True, check=True).stdout)["packages"][0]
layer = next(rest for name, rest in instructions if name == "RUN" and "mkdir -p src" in rest)
for target in package["targets"]:
    path = str(pathlib.Path(target["src_path"]).relative_to(pathlib.Path.cwd()))
    expect(path == "build.rs" or path in layer, f"the Dockerfile's layer of dependencies has no {path}")

# Whatever is set is known to the command that it is set for.
served = known_to("serve")
variables = re.findall(r"\b([A-Z][A-Z_]+)=", " ".join(rest for name, rest in instructions if name == "ENV"))
expect(variables, "the Dockerfile sets nothing")
for variable in variables:
    expect(variable in served, f"the Dockerfile sets {variable}, which `serve` does not know")

written = yaml.safe_load(pathlib.Path("docker-compose.yml").read_text())
services = yaml.safe_load(pathlib.Path(resolved).read_text())["services"]
set_here = 0
for name in ["migrate", "nara"]:
    service = services[name]
    (command,) = service["command"]
    known = known_to(command)
    for variable, value in service["environment"].items():
        set_here += 1
        expect(variable in known, f"{name} sets {variable}, which `{command}` does not know")
        if variable.endswith("_FILE"):
            secrets = {f"/run/secrets/{secret}" for secret in written["services"][name]["secrets"]}
            expect(value in secrets, f"{name} reads {value}, which is none of its secrets")
    expect(not re.search(r":[^/@]*@", service["environment"]["DATABASE_URL"]), f"{name} has a password in an address")
    expect(service["read_only"] and service["cap_drop"] == ["ALL"], f"{name} may do more than it needs")
expect("ports" not in services["nara"], "nara can be called past the proxy")

# The proxy is believed, and nobody else: its address is on a network that has only the two, and is given to nobody else.
proxy = services["proxy"]
address = proxy["networks"]["proxied"]["ipv4_address"]
expect(services["nara"]["environment"]["NARA_TRUSTED_PROXIES"] == address, "somebody else than the proxy is believed")
network = written["networks"]["proxied"]
members = {name for name, service in written["services"].items() if "proxied" in service.get("networks", [])}
expect(network["internal"] and members == {"proxy", "nara"}, f"the proxy's network has {members}")
(pool,) = network["ipam"]["config"]
expect(ipaddress.ip_address(address) in ipaddress.ip_network(pool["subnet"]), "the proxy's address is on another network")
expect(ipaddress.ip_address(address) not in ipaddress.ip_network(pool["ip_range"]), "the proxy's address may be given away")
expect(proxy["read_only"] and proxy["cap_drop"] == ["ALL"], "the proxy may do more than it needs")
for source in re.findall(r"(\./\S+?):/", " ".join(map(str, written["services"]["proxy"]["volumes"]))):
    expect(pathlib.Path(source).exists(), f"the proxy mounts {source}, which is not there")
waits = written["services"]["nara"]["depends_on"]
expect(waits["migrate"]["condition"] == "service_completed_successfully", "nara does not wait for the migration")
expect("ports" not in services["database"], "the database is open to the machine")

# What others made is named by its digest.
for path in ["docker-compose.yml", "docker-compose.postgres.yml"]:
    images = [service["image"] for service in yaml.safe_load(pathlib.Path(path).read_text())["services"].values()]
    for image in images:
        expect(image == "nara" or re.search(r"@sha256:[0-9a-f]{64}$", image), f"{path}: {image} has no digest")
for name, rest in instructions:
    if name == "FROM":
        image = rest.split()[0]
        expect(image == "scratch" or re.search(r"@sha256:[0-9a-f]{64}$", image), f"Dockerfile: {image} has no digest")

for path in ["docker-compose.yml", "docker-compose.postgres.yml"]:
    compose_spec.ComposeSpecification.model_validate(yaml.safe_load(pathlib.Path(path).read_text()))

for fault in faults:
    print(f"compose: {fault}", file=sys.stderr)
if faults:
    sys.exit(1)
print(f"compose: {len(instructions)} instructions, {copied} copies, {len(services)} services, {set_here} variables: all known")
