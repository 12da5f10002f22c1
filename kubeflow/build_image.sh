#!/usr/bin/env bash
# Build the image of kubeflow/Dockerfile with podman or docker.
#
#   kubeflow/build_image.sh [NAME]        NAME: localhost/medtfx:<version>, if not given
#
# Base: python:3.11-slim-trixie; another with BASE=IMAGE. Where no registry answers, as root: BASE=debootstrap makes one of
# Debian's own packages (needs debootstrap, three minutes once).
# Package index: PIP_INDEX_URL, UV_DEFAULT_INDEX and their kin, proxies, SSL_CERT_FILE and pip's configuration count in the
# build as they do outside; they are handed over as secrets, so the image holds none of them.
# In an offline bundle (kubeflow/offline.md) the packages come from its wheels/, and the base must be here already.
# ENGINE=podman|docker chooses; podman is preferred.
set -euo pipefail
cd "$(dirname "$0")/.."

DEBIAN_BASE=localhost/medtfx-base:trixie
version=$(sed -n 's/^ *version="\(.*\)",$/\1/p' setup.py)
name=${1:-localhost/medtfx:$version}
engine=${ENGINE:-$(basename "$(command -v podman || command -v docker || echo none)")}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A Debian 13 with Python and nothing that the image does not need.
make_debian_base() {
    command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 2; }
    [ "$(id -u)" = 0 ] || { echo "BASE=debootstrap needs root" >&2; exit 2; }
    debootstrap --variant=minbase --include=python3,ca-certificates,tzdata trixie "$scratch/base" >&2
    rm -rf "$scratch"/base/var/cache/apt/archives/*.deb "$scratch"/base/var/lib/apt/lists/*
    tar --numeric-owner -C "$scratch/base" -c . | "$engine" import - "$DEBIAN_BASE" >&2
}

# Exports of what names a package index here, for the build's shell.
index_settings() {
    local variable url
    for variable in $(compgen -e | grep -E '^(PIP|UV)_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|INSECURE_HOST)$|_(proxy|PROXY)$' || true); do
        printf 'export %s=%q\n' "$variable" "${!variable}"
    done
    url=$(python3 -m pip config get global.index-url 2>/dev/null || true)
    if [ -n "$url" ]; then printf ': "${PIP_INDEX_URL:=%s}" "${UV_DEFAULT_INDEX:=%s}"; export PIP_INDEX_URL UV_DEFAULT_INDEX\n' "$url" "$url"; fi
    if [ -s "$scratch/certificates" ]; then
        printf 'export %s=/run/secrets/certificates\n' SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE
    fi
}

case $engine in
    # chroot: the build works inside another container too, where namespaces can't be made. docker: OCI has no health check.
    podman) how=(podman build --isolation chroot --network host --format docker) ;;
    docker) how=(docker build --network host) ;;
    *) echo "podman and docker are missing: apt-get install podman" >&2; exit 2 ;;
esac
base=${BASE:-}
if [ "$base" = debootstrap ]; then
    base=$DEBIAN_BASE
    [ -d wheels ] || "$engine" image inspect "$base" >/dev/null 2>&1 || make_debian_base
fi
wheels=$scratch/none
mkdir "$wheels"
if [ -d wheels ]; then
    wheels=$PWD/wheels
    python3 -m pipeline.environment --verify
    carried=${base:-$(sed -n 's/^ARG BASE=//p' kubeflow/Dockerfile)}
    "$engine" image inspect "$carried" >/dev/null 2>&1 || {
        echo "the base $carried is not here: \`$engine save\` it where there is internet, \`$engine load\` it here" >&2; exit 2; }
fi

cat "${SSL_CERT_FILE:-/dev/null}" >"$scratch/certificates"
index_settings >"$scratch/package-index"
"${how[@]}" ${base:+--build-arg "BASE=$base"} --build-context "wheels=$wheels" --secret "id=package-index,src=$scratch/package-index" \
    --secret "id=certificates,src=$scratch/certificates" --file kubeflow/Dockerfile --tag "$name" .
"$engine" image inspect --format '{{.Size}}' "$name" | awk -v name="$name" '{ printf "built %s, %.2f GB\n", name, $1 / 1e9 }'
