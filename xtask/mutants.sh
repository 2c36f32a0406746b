#!/bin/sh
# Changes a package's code in small ways and shows which changes its tests do not notice.
#
#   sh xtask/mutants.sh PACKAGE [SAMPLE]
#
# All of `release-gate` and `release-gate-facts` is changed, and `model/` and `judge/` of a gate: what decides. SAMPLE is how many
# mutants are tried at least (200 by default): every n-th of all, so that each file gets its share. `all` tries every one. Each is tried with the
# package's unit tests and, where they take seconds, its integration tests. cargo-mutants leaves its report in
# `target/mutants/PACKAGE/mutants.out`. The exit code is 0 if at least 90 % of the mutants that built were caught.
set -eu

package=${1:?usage: sh xtask/mutants.sh PACKAGE [SAMPLE]}
sample=${2:-200}
cd "$(dirname "$0")/.."

# The integration tests of a gate build and sign whole projects: too long for each of hundreds of mutants.
tests="--lib --tests"
case $package in
release-gate | release-gate-facts) set -- --all-features ;;
*)
    set -- --file "$package/src/model/**" --file "$package/src/judge/**"
    tests=--lib
    ;;
esac

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
out=target/mutants/$package
mkdir -p "$out"

total=$(cargo mutants --list --package "$package" "$@" | wc -l)
shards=1
if [ "$sample" != all ] && [ "$total" -gt "$sample" ]; then
    shards=$((total / sample))
fi
echo "$package: $total mutants, trying one in $shards"

# cargo-mutants says by its exit code, too, that some were missed; the score below decides.
# shellcheck disable=SC2086 # the kinds of tests are words
cargo mutants --package "$package" "$@" --shard "0/$shards" --sharding round-robin --output "$out" \
    --no-shuffle --minimum-test-timeout 120 -- $tests || true

caught=$(wc -l <"$out/mutants.out/caught.txt")
missed=$(wc -l <"$out/mutants.out/missed.txt")
timeout=$(wc -l <"$out/mutants.out/timeout.txt")
built=$((caught + missed + timeout))
[ "$built" -gt 0 ] || { echo "$package: no mutant built" >&2; exit 1; }
# A mutant that makes the tests hang is noticed, too.
score=$((100 * (caught + timeout) / built))
echo "$package: $score % of $built mutants caught, $missed missed (see $out/mutants.out/missed.txt)"
[ "$score" -ge 90 ]
