# The exporter, and the writer of its demo logs. What it takes to install stays in the first stage.
FROM python:3.13.15-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_COMPILE=0 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv --without-pip /opt/venv
WORKDIR /source
# Dependencies first, by the package without its code: they are a layer that a changed line of code leaves as it is.
COPY pyproject.toml constraints.txt README.md ./
COPY exporter/__init__.py exporter/
RUN pip --python /opt/venv install --constraint constraints.txt .
COPY exporter exporter
RUN pip --python /opt/venv install --no-deps --force-reinstall . \
    && /opt/venv/bin/python -m compileall -q -x /pygments/ /opt/venv/lib  # nothing is coloured here: 4 MB less

FROM python:3.13.15-slim-bookworm
LABEL org.opencontainers.image.title="pipeline-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the NDJSON logs of LLM data pipelines" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13.15-slim-bookworm"
# A new named volume takes its owner from the folder that it is mounted over.
RUN useradd --uid 10210 --user-group --no-create-home --shell /usr/sbin/nologin exporter \
    && install --directory --owner=exporter --group=exporter /state /logs
COPY --from=build /opt/venv /opt/venv
COPY docs/demo.yml /etc/pipeline-exporter/config.yml
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LISTEN=0.0.0.0:10210 LOGS_DIR=/logs STATE_DIR=/state
USER 10210:10210
EXPOSE 10210
STOPSIGNAL SIGTERM
# Asked by a bare socket, every five seconds: a client library takes twice the time.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["python", "-IS", "-c", "\
import socket; asked = socket.create_connection(('127.0.0.1', 10210), 4); \
asked.sendall(b'GET /-/healthy HTTP/1.0\\r\\n\\r\\n'); assert b' 200 ' in asked.recv(64)"]
ENTRYPOINT ["pipeline-exporter"]
CMD ["serve", "--config", "/etc/pipeline-exporter/config.yml"]
