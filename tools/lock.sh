#!/bin/sh
# Write requirements/runtime.txt and requirements/dev.txt: newest versions, every published hash: lock.sh PYTHON
set -eu
python=$1
cd "$(dirname "$0")/.."

if [ ! -x .venv-lock/bin/uv ]; then
    "$python" -m venv .venv-lock
    .venv-lock/bin/python -m pip --disable-pip-version-check install --quiet uv
fi

# Resolved for every platform and Python from 3.11 on; no annotations, because they carry paths.
compile() {
    name=$1
    shift
    .venv-lock/bin/uv --quiet --no-config pip compile --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-annotate --custom-compile-command "make lock" "$@" --output-file "requirements/$name.txt" pyproject.toml
    echo "requirements/$name.txt: $(grep -c '==' "requirements/$name.txt") packages"
}

compile runtime --extra server
compile dev --extra dev --constraint requirements/runtime.txt
