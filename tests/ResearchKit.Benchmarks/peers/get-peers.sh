#!/bin/sh
# Gets the peers of the benchmarks from their own repositories and builds what needs building.
# usage: get-peers.sh FOLDER [nanogpt] [ggml]      (both where none is named)
# Then: dotnet run -c Release --project tests/ResearchKit.Benchmarks -- --nanogpt FOLDER/nanoGPT --ggml FOLDER/ggml-gpt2
# nanoGPT needs Python with PyTorch (Debian: apt-get install python3-torch libopenblas0-pthread); ggml needs git, CMake and a C++ compiler.
set -eu
[ $# -ge 1 ] || { sed -n 2,5p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -ge 1 ] || set -- nanogpt ggml
for peer in "$@"; do
    case $peer in
        nanogpt)
            [ -d "$folder/nanoGPT" ] || git clone --depth 1 https://github.com/karpathy/nanoGPT "$folder/nanoGPT"
            ;;
        ggml)
            [ -d "$folder/ggml" ] || git clone --depth 1 https://github.com/ggml-org/ggml "$folder/ggml"
            cmake -S "$folder/ggml" -B "$folder/ggml/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_BUILD_TESTS=OFF
            cmake --build "$folder/ggml/build" --target gpt-2-ctx --target gpt-2-quantize -j
            mkdir -p "$folder/ggml-gpt2"
            cp "$folder/ggml/build/bin/gpt-2-ctx" "$folder/ggml-gpt2/"
            python3 "$here/random_gpt2.py" "$folder/ggml-gpt2/gpt-2-124M.bin"
            "$folder/ggml/build/bin/gpt-2-quantize" "$folder/ggml-gpt2/gpt-2-124M.bin" "$folder/ggml-gpt2/gpt-2-124M-q8_0.bin" q8_0
            ;;
        *)
            echo "get-peers.sh: there is no peer \"$peer\"; peers: nanogpt, ggml" >&2
            exit 2
            ;;
    esac
done
