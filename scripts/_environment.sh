# Sourced by scripts/demo and scripts/test: finds interpreters and makes .venv with nox in it.

# uv trusts what the system trusts, as pip does: some networks have an authority of their own.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

say() { printf '%s\n' "$*" >&2; }

# The path of a working Python X.Y: on PATH, else under pyenv. Shims may be there and not work.
python_path() {
    for candidate in "python$1" python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1"*/bin/python; do
        if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" \
            >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

# make_environment OLDEST: a .venv on the newest known Python from OLDEST up, with nox.
make_environment() {
    if [ -x .venv/bin/python ] && .venv/bin/python -c \
        "import nox, uv, sys; sys.exit(sys.version_info < tuple(map(int, '$1'.split('.'))))" \
        >/dev/null 2>&1; then
        return 0
    fi
    for version in 3.13 3.12 3.14 3.11; do
        [ "$1" = 3.12 ] && [ "$version" = 3.11 ] && continue
        base=$(python_path "$version") && break
        base=
    done
    if [ -z "$base" ]; then
        say "No Python $1 or newer was found on PATH or under pyenv."
        say "Install one (a package of your system, pyenv or uv), then run this again."
        return 1
    fi
    say "Making .venv with $base"
    rm -rf .venv
    if ! "$base" -m venv .venv; then
        say "$base cannot make virtual environments: its venv module is missing or incomplete."
        say "On Debian and Ubuntu install the package python3-venv, then run this again."
        rm -rf .venv
        return 1
    fi
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check 'nox[uv]>=2025.5'; then
        say "nox could not be installed from the package index; see above."
        rm -rf .venv
        return 1
    fi
}
