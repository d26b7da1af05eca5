# The image of Nära: `docker build -t nara .`
#
# What it ends with is the program, the libraries that it links, the roots of trust and Linköping's directory. It has no shell and
# runs as nobody's root; the file system may be read-only but for /var/lib/nara, where an embedded database lies, and for
# /var/lib/nara-audit, where the audit's anchor lies: two volumes, so that they can be kept apart.

# The digest names these very bytes; the name before it is for the reader. A newer image is another line here.
FROM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
# Both databases' libraries and OpenSSL are built from source. Versions are the release's, which gets its security fixes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential ca-certificates perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src

# What others wrote is built first, and again only when it changes: the program is an empty one here.
COPY .cargo .cargo
COPY build build
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests/api benches \
    && touch src/lib.rs tests/api/main.rs benches/load.rs benches/growth.rs benches/crash.rs benches/faults.rs benches/oracles.rs \
    && echo 'fn main() {}' >src/main.rs \
    && cargo build --release --locked

COPY data data
COPY migrations migrations
COPY src src
RUN touch src/lib.rs src/main.rs && cargo build --release --locked

COPY LICENSE ./
COPY docker/image-root docker/image-root
RUN docker/image-root target/release/nara /image && mkdir /state

FROM scratch
LABEL org.opencontainers.image.title="Nära" \
      org.opencontainers.image.description="The API behind social services moved out into the city districts" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /state /var/lib/nara
COPY --from=build --chown=65532:65532 /state /var/lib/nara-audit
ENV NARA_ADDRESS=0.0.0.0:8080 \
    DATABASE_URL=sqlite:///var/lib/nara/nara.db \
    NARA_AUDIT_ANCHOR=/var/lib/nara-audit/anchor
USER 65532:65532
WORKDIR /var/lib/nara
VOLUME /var/lib/nara /var/lib/nara-audit
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/nara", "health"]
ENTRYPOINT ["/usr/bin/nara"]
CMD ["serve"]
