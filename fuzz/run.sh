#!/usr/bin/env bash
# Builds the fuzz targets with coverage and runs each for SECONDS (60). Needs a C++ compiler, and neither nightly nor cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${SECONDS_EACH:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 $coverage" cargo build --release --target "$host"
for target in "${@:-expression loader}"; do
  for one in $target; do
    mkdir -p "found/$one"
    "target/$host/release/$one" "found/$one" "corpus/$one" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="found/" -print_final_stats=1 2>&1 | tail -n 12
  done
done
