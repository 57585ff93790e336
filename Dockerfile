# syntax=docker/dockerfile:1
# One image for every part of Hearthgate that is not somebody else's: gateway, set-up, command line.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY gateway ./gateway
COPY device_sim ./device_sim
# The environment gets no pip of its own: this stage's installs into it, and stays behind.
RUN python -m venv --without-pip /opt/hearthgate \
 && python -m pip --python /opt/hearthgate/bin/python install --no-cache-dir --compile .

FROM ${PYTHON}
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore setuptools wheel pip \
 && groupadd --gid 10001 hearthgate \
 && useradd --uid 10001 --gid hearthgate --no-create-home --home-dir /data --shell /usr/sbin/nologin hearthgate \
 # Volumes take owner and mode from here when they are first used; each may be mounted by itself.
 && install --directory --owner=hearthgate --group=hearthgate --mode=0700 \
      /data /data/keys /data/broker /data/nats /data/mosquitto
COPY --from=build /opt/hearthgate /opt/hearthgate
ENV PATH=/opt/hearthgate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HEARTHGATE_DATA_FOLDER=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
# Writes to /data and /tmp only: the rest may be read-only.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('HEARTHGATE_OPERATOR__PORT', '9090')}/readyz\", timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["hearthgate"]
CMD ["serve"]
