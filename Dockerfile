# The service as a container image: docker build -t irisws .
#
# It answers on $PORT, 8080 by default, on every interface, as user 65532, with a read-only root.
# With the libraries that a .skops model needs: docker build --target train -t irisws:train .
# For a model by gs:// or s3://: --build-arg REQUIREMENTS=gcs.txt, or s3.txt.
# With a package index of your own: --build-arg PIP_INDEX_URL=…, an address without a password. The
# image keeps no trace of it, the builder's cache does.
#
# Nothing here needs BuildKit: `gcloud run deploy --source` builds with Docker's classic builder.

# An official slim image, or any other with python3 and its venv. A digest pins it for good:
# --build-arg BASE_IMAGE=python@sha256:…
ARG BASE_IMAGE=python:3.13-slim-trixie

# Everything comes as a wheel, whose hash is checked: no compiler is needed anywhere.
FROM ${BASE_IMAGE} AS build
ARG REQUIREMENTS=serving.txt
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ONLY_BINARY=:all: PIP_REQUIRE_HASHES=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/ requirements/
# pip has an environment of its own, so that the one that is shipped has none.
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/irisws && \
    tools/bin/pip install -r requirements/build.txt && \
    tools/bin/pip --python /opt/irisws/bin/python install -r "requirements/${REQUIREMENTS}"
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
# Compiled here: at run time nothing can be written, and each start would compile all it imports.
# With this mode no time stamps are compared, which some builders rewrite.
RUN tools/bin/python -m hatchling build -t wheel -d dist && \
    PIP_REQUIRE_HASHES=0 tools/bin/pip --python /opt/irisws/bin/python install \
        --no-index --find-links dist --no-deps irisws && \
    /opt/irisws/bin/python -m compileall -q -j 0 -x /tests/ \
        --invalidation-mode=unchecked-hash /opt/irisws/lib

# The classic builder makes this one whatever is asked for; BuildKit does not.
FROM build AS build-train
ARG PIP_INDEX_URL
RUN tools/bin/pip --python /opt/irisws/bin/python install -r requirements/train.txt && \
    /opt/irisws/bin/python -m compileall -q -j 0 -x /tests/ \
        --invalidation-mode=unchecked-hash /opt/irisws/lib

FROM ${BASE_IMAGE} AS runtime
# The official images hold the standard library as source only, which doubles the time to start.
RUN python3 -m compileall -q -j 0 --invalidation-mode=unchecked-hash \
        -x '/(site-packages|ensurepip|idlelib|lib2to3|pydoc_data|tkinter|turtledemo)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
LABEL org.opencontainers.image.title="irisws" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.description="Ship a trained scikit-learn classifier as a REST API that answers on their machine exactly what it answered on yours, and proves it." \
      org.opencontainers.image.documentation="https://irisws.readthedocs.io/en/stable/" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND BSD-3-Clause"
# NumPy's linear algebra is never called: its threads would cost a tenth of a second at each start.
ENV IRISWS_HOST=0.0.0.0 \
    OPENBLAS_NUM_THREADS=1
EXPOSE 8080
STOPSIGNAL SIGTERM
# A number, so that Kubernetes can see that it is not root; nobody by that name is needed.
USER 65532:65532
ENTRYPOINT ["/opt/irisws/bin/irisws"]
CMD ["serve"]

FROM runtime AS train
COPY --from=build-train /opt/irisws /opt/irisws

# The last stage is what is built unless another is asked for.
FROM runtime AS serving
COPY --from=build /opt/irisws /opt/irisws
