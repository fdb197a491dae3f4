# Makes .venv in the checkout and keeps it up to date; sourced by ci/demo and ci/test, which stand in the checkout.

fail() {
    printf '%s: %s\n' "ci/$(basename "$0")" "$1" >&2
    exit 3
}

# fingerprint FILE...: a hash of what an installation depends on. Python sources are installed editable and do not count.
fingerprint() {
    {
        "$python" --version
        pwd
        cat "$@" pylib/pyproject.toml ci/requirements-data.txt
        find pylib/setup.py pylib/generate_svd_maps.py pylib/native pylib/src \
            -type f \( -name '*.toml' -o -not -path 'pylib/src/*' \) \
            -not -path 'pylib/native/build/*' -not -path 'pylib/native/tests/*' -print0 | sort -z | xargs -0 cat
    } | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

# install STAMP TEXT FILE -- PIP_ARGUMENT...: install once for each state of FILE and the sources that are built.
install() {
    local stamp=.venv/stamp-$1 text=$2 file=$3 wanted
    shift 4
    wanted=$(fingerprint "$file")
    if [[ $(cat "$stamp" 2>/dev/null) != "$wanted" ]]; then
        printf '%s ...\n' "$text"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" >.venv/install.log 2>&1 || {
            tail -n 20 .venv/install.log >&2
            fail "packages could not be installed; the whole output is in .venv/install.log"
        }
        printf '%s\n' "$wanted" >"$stamp"
    fi
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "there is no $python; install Python 3.11 or newer, or name one: PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version 2>&1) is too old; install Python 3.11 or newer, or name one: PYTHON=/path/to/python3"
command -v "${CC:-cc}" >/dev/null || fail "there is no C compiler for the native core; install gcc (Debian: apt install gcc)"

if ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -m venv --clear .venv || fail "no virtual environment could be made (Debian: apt install python3-venv)"
fi
install data "Installing the vendor's register descriptions" ci/requirements-data.txt -- \
    --no-deps -r ci/requirements-data.txt
install run "Installing wattbench into .venv (once, about a minute)" requirements.txt -- -r requirements.txt
