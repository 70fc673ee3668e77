#!/bin/sh
# train [options] (the default), notebook [options], or any other command
set -eu

# With --read-only, or under a home that a volume hides, something must still be writable.
if [ ! -w "${HOME:-/}" ]; then
    HOME=$(mktemp -d)
    export HOME
fi

# What XLA compiled for the GPU is kept where it can be: a folder that cannot be written would stop
# it from compiling. -e TF_XLA_FLAGS= keeps nothing.
if [ -z "${TF_XLA_FLAGS+given}" ] && mkdir -p "$XLA_CACHE" 2>/dev/null && [ -w "$XLA_CACHE" ]; then
    TF_XLA_FLAGS="--tf_xla_persistent_cache_directory=$XLA_CACHE"
    export TF_XLA_FLAGS="$TF_XLA_FLAGS --tf_xla_persistent_cache_device_types=GPU"
fi

case "${1:-train}" in
train)
    [ $# -eq 0 ] || shift
    exec python -m tf1_dnn.train "$@"
    ;;
-* | batch_norm | gradient_clipping)
    exec python -m tf1_dnn.train "$@"
    ;;
notebook)
    shift
    # Jupyter asks for a token: the one of JUPYTER_TOKEN, or a random one that it prints.
    exec jupyter lab --ip=0.0.0.0 --port=8888 --no-browser --ServerApp.root_dir="$PWD" "$@"
    ;;
*)
    exec "$@"
    ;;
esac
