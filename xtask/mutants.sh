#!/bin/sh
# Changes a package's code in small ways and shows which changes its tests do not notice.
#
#   sh xtask/mutants.sh PACKAGE [SAMPLE]
#
# All of `release-gate` and `release-gate-facts` is changed, and `model/` and `judge/` of a gate: what decides. SAMPLE is how many
# mutants are tried (200 by default), drawn at random with a fixed seed; `all` tries every one. cargo-mutants leaves its report in
# `target/mutants/PACKAGE/mutants.out`. The exit code is 0 if at least 90 % of the mutants that built were caught.
set -eu

package=${1:?usage: sh xtask/mutants.sh PACKAGE [SAMPLE]}
sample=${2:-200}
cd "$(dirname "$0")/.."

case $package in
release-gate | release-gate-facts) set -- ;;
*) set -- --file "$package/src/model/**" --file "$package/src/judge/**" ;;
esac

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
out=target/mutants/$package
mkdir -p "$out"

# cargo-mutants draws no sample by itself, but it takes a shard of all mutants: the k-th of n, in shuffled order.
total=$(cargo mutants --list --package "$package" "$@" | wc -l)
shards=1
if [ "$sample" != all ] && [ "$total" -gt "$sample" ]; then
    shards=$((total / sample))
fi
echo "$package: $total mutants, trying one in $shards"

cargo mutants --package "$package" "$@" --shard "0/$shards" --sharding round-robin --jobs 1 --output "$out" \
    --cargo-test-arg=--lib --cargo-test-arg=--tests --no-shuffle || true

caught=$(wc -l <"$out/mutants.out/caught.txt")
missed=$(wc -l <"$out/mutants.out/missed.txt")
timeout=$(wc -l <"$out/mutants.out/timeout.txt")
built=$((caught + missed + timeout))
[ "$built" -gt 0 ] || { echo "$package: no mutant built" >&2; exit 1; }
# A mutant that makes the tests hang is noticed, too.
score=$((100 * (caught + timeout) / built))
echo "$package: $score % of $built mutants caught, $missed missed (see $out/mutants.out/missed.txt)"
[ "$score" -ge 90 ]
