"""The proxy of the composition stands in front of the program: it speaks TLS, names the caller and nobody's invention, and waits for no
caller without end."""

import json
import os
import pathlib
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

program = sys.argv[1]
JWK = {
    # The public key of RFC 7517, appendix A.1: nobody signs in here.
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "kid": "1",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
SLOWEST = 9.0
"""The seconds after which who sends a head byte by byte must be gone: five, and some for a busy machine."""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def expect(holds, told):
    if not holds:
        raise SystemExit(f"compose: {told}")


def patiently(told, attempt):
    """Tries for half a minute."""
    for _ in range(300):
        try:
            return attempt()
        except (OSError, ssl.SSLError):
            time.sleep(0.1)
    raise SystemExit(f"compose: {told}")


def dribbled(port, context, first):
    """The seconds until somebody is cut off who sends a head byte by byte, after a first call that is whole, or at once."""
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost") as stream:
        if first:
            stream.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            expect(stream.recv(4096).startswith(b"HTTP/1.1 200"), "the first call is not answered")
        begun = time.monotonic()
        stream.settimeout(0.2)
        try:
            stream.sendall(b"GET /health/live HTTP/1.1\r\nX-Slow: ")
            while time.monotonic() - begun < 3 * SLOWEST:
                stream.sendall(b"x")
                try:
                    if not stream.recv(4096):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
        return time.monotonic() - begun


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    port, http, https = free_port(), free_port(), free_port()
    url = f"https://localhost:{https}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NARA_")}
    environment = clean | {
        "NARA_ADDRESS": f"127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite://{folder}/nara.db",
        "NARA_PUBLIC_URL": url,
        "NARA_TRUSTED_PROXIES": "127.0.0.1",
        "NARA_ISSUER": "https://idp.example",
        "NARA_JWKS_FILE": str(folder / "jwks.json"),
        "NARA_SECRET_FILE": str(folder / "secret"),
        "NARA_VAULT_KEYS_FILE": str(folder / "vault-keys"),
    }
    os.umask(0o077)
    (folder / "jwks.json").write_text(json.dumps({"keys": [JWK]}))
    (folder / "secret").write_text(secrets.token_hex(32))
    ring = subprocess.run([program, "vault", "new-keys"], capture_output=True, text=True, check=True, env=clean).stdout
    (folder / "vault-keys").write_text(ring)
    load = [program, "import", "directory", "data/linkoping"]
    subprocess.run(load, check=True, env=environment, stdout=subprocess.DEVNULL)
    told = {
        "NARA_PUBLIC_URL": url,
        "NARA_TLS": "internal",
        "NARA_UPSTREAM": f"127.0.0.1:{port}",
        "NARA_HTTP_PORT": str(http),
        "NARA_HTTPS_PORT": str(https),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    caddy = ["caddy", "run", "--config", "docker/Caddyfile", "--adapter", "caddyfile"]
    with open(folder / "log", "w") as log:
        running = [
            subprocess.Popen([program, "serve"], env=environment, stdout=log, stderr=log),
            subprocess.Popen(caddy, env=clean | told, stdout=log, stderr=log),
        ]
    try:
        root = folder / "data/caddy/pki/authorities/local/root.crt"
        context = patiently(f"no proxy: {(folder / 'log').read_text()}", lambda: ssl.create_default_context(cafile=root))

        def ask(path, headers={}):
            asked = urllib.request.Request(url + path, headers=headers)
            return urllib.request.urlopen(asked, context=context, timeout=5)

        patiently("nobody answers behind the proxy", lambda: ask("/health/ready"))
        answer = ask("/nara/v1/districts?limit=1")
        expect(json.load(answer)["_meta"]["totalRecords"] == 32, "the proxy gives other answers")
        expect(answer.headers["Strict-Transport-Security"], "browsers are not told to stay with TLS")
        # Whatever a caller writes about where they come from, they stay one caller with one budget.
        lies = [{}, {"X-Forwarded-For": "198.51.100.1"}, {"Forwarded": "for=198.51.100.2"}, {"Forwarded": 'for="spoiled'}]
        begun = time.monotonic()
        left = [int(re.search(r"r=(\d+)", ask("/nara/v1/areas", lie).headers["RateLimit"])[1]) for lie in lies]
        refilled = 20 * (time.monotonic() - begun) + 1
        expect(left[-1] <= left[0] - len(lies) + 1 + refilled, f"a caller is several: {left}")
        took = {first: dribbled(https, context, first) for first in [False, True]}
        expect(max(took.values()) < SLOWEST, f"a head may take {took} seconds")
        ask("/health/ready")
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(timeout=30)
print(f"compose: the proxy spoke TLS, named the caller, and cut slow heads off after {took[False]:.1f} and {took[True]:.1f} s")
