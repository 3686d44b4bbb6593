#!/bin/sh
# Compiles hoop and its targets with what libFuzzer needs to see where an input leads; everything else as ever. Cargo
# calls it in rustc's place (RUSTC_WRAPPER). The flags are cargo-fuzz's; they need no nightly compiler.
rustc=$1
shift
case " $* " in
  *" --crate-name hoop "* | *" --crate-name hoop_fuzz "* | *" fuzz_targets/"*)
    exec "$rustc" "$@" --cfg fuzzing -C passes=sancov-module -C llvm-args=-sanitizer-coverage-level=4 \
      -C llvm-args=-sanitizer-coverage-inline-8bit-counters -C llvm-args=-sanitizer-coverage-pc-table \
      -C llvm-args=-sanitizer-coverage-trace-compares -C link-dead-code -C debug-assertions ;;
esac
exec "$rustc" "$@"
