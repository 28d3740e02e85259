#!/bin/sh
# Create the virtual environment, or say what the machine lacks: make_venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

# A whole environment is kept: pip changes in place what a new lock changes.
if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "registratura needs Python 3.11 or later as '$python'; choose another with: make install PYTHON=python3.12" >&2
    exit 1
fi

# Debian splits ensurepip off into python3-venv; without it venv fails half way.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $package ..."
        apt-get update -q -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -q -y --no-install-recommends "$package" >/dev/null
    else
        echo "Python lacks the venv module; install it with: sudo apt-get install $package" >&2
        exit 1
    fi
fi

echo "Creating $folder (the first time takes a minute or two) ..."
exec "$python" -m venv --clear "$folder"
