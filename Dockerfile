# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Shown by rad_worker_info and rad_scheduler_info: --build-arg RAD_COMMIT=$(git rev-parse --short HEAD)
ARG RAD_COMMIT=unknown
# The caches stay out of the image, so the programs are copied out of the target folder in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package rad-cli --package rad-scheduler --package rad-worker --bins \
    && install -D --strip --target-directory=/out \
        target/release/rad target/release/rad-scheduler target/release/rad-worker

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="rad" \
      org.opencontainers.image.description="Turns websites into clean, chunked, searchable documents" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /usr/local/bin/
# A number: Kubernetes' runAsNonRoot can't judge a name. Nothing in the image belongs to it, and nothing is written.
USER 65532:65532
WORKDIR /
# The API of a scheduler, and the metrics of every process where RAD_METRICS_LISTEN says so.
EXPOSE 7070 9464
# No ENTRYPOINT: whoever runs the image names one of its three programs, and it becomes PID 1. All three handle
# SIGTERM themselves, so there is no shell in between that would swallow it.
STOPSIGNAL SIGTERM
CMD ["rad", "--help"]
