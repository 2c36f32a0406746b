#!/bin/sh
# One release through the gates, in any CI: POSIX sh, cargo and git. Stops at the first gate that does not pass, with its exit code:
# 100 failed, 101 could not be judged, 2 wrong usage. Nothing is signed or uploaded before everything else has passed.
#
#   GATES="repro sbom compat"  only these, in this order:
#     source                   the tag and every commit since the last release are signed
#     repro (check, build)     two builds under different conditions agree; the release is built
#     rebuild                  BUILDINFO of another machine comes out the same here
#     sbom audit licenses pins compat
#     watch                    advisories about the last WATCH_TAGS releases (default: 5), as known today; run it every day
#     notes                    written, and held against the facts
#     sign (pack, attest, verify)   archives, list, signatures, provenance: of what no gate refused, with the notes that were checked. A
#                              keyring that asks for several keys needs `pack` here, `cargo sign sign` by the others, then `attest verify`
#     docs                     INSTALL.md and SECURITY.md of the packed release; `sign` once more lists and signs them
#     upload                   needs the network, whatever OFFLINE says
#     crate                    what the registry serves of CRATE=NAME@VERSION is what the release in RELEASE=DIR signed; needs the network, too
#   default: pins licenses audit repro sbom compat notes sign, what is quick first (the rows with a `+` in the table below)
#   PACKAGES="a b"             only these packages of a workspace; `upload` takes one at a time
#   SIGNED_SINCE=REV           commits up to this one were not signed yet; `source` asks for signatures after it
#   AGAINST=v1.2.0             the release to compare with (default: each gate finds its own)
#   ADVISORY_DB=DIR            a checkout of RustSec's advisory-db (default: RELEASE_GATES_ADVISORY_DB, else fetched, unless OFFLINE is set)
#   TARGETS="T1 T2"            target triples to build for, and to list and judge the dependencies of (default: this machine's)
#   CROSS=1                    linkers for TARGETS of other systems are looked for on this machine
#   BUILDINFO="F1 F2"          what another machine says it built; `rebuild` compares
#   ARTIFACTS="D1 D2"          folders of several machines' builds, packed as one release (default: the artifact folder)
#   ADD="D1 D2"                folders whose files go into every archive: completions, man pages
#   INCLUDE="F1 F2"            files that are published and listed beside the archives: installers, packages
#   SOURCE_URI=https://…       where the source lives: provenance is attested too (default: not)
#   PUBLIC_KEY=FILE            what the signed archives are verified with (default: release-keys/maintainer.ed25519.pub)
#   FORMAT=human|junit|sarif   how verdicts are printed
#   VERDICTS=DIR               where they go instead of being printed: a file a gate
#   PROGRAMS=DIR               where the five programs are (default: on PATH)
#   OFFLINE=1                  no network
# The signing key comes from RELEASE_GATES_SIGNING_KEY or KEY=FILE, and only `cargo sign` is given it. `compat` runs the project's own build
# scripts as this user, from whom nothing on the machine is hidden: where you can, sign in a job of its own, with GATES=sign. The programs are
# called by their names: what `cargo NAME` runs is for the project's .cargo/config.toml to say.
set -eu

# The steps of a release in their order: a word of GATES, `+` where it is one of the default, and a call. A word may stand for several calls.
# `cargo xtask gate` reads this table, too, and runs the rows with a `+`.
steps='
source   - sign      verify-source
pins     + sbom-lite pins
licenses + sbom-lite licenses
audit    + sbom-lite audit
watch    - sbom-lite audit
repro    + repro     check
repro    + repro     build
check    - repro     check
build    - repro     build
rebuild  - repro     rebuild
sbom     + sbom-lite generate
compat   + compat
notes    + relnotes
notes    + relnotes  check
sign     + sign      pack
sign     + sign      attest
sign     + sign      verify
pack     - sign      pack
attest   - sign      attest
verify   - sign      verify
docs     - relnotes  docs
upload   - sign      upload
crate    - sign      verify
'
# The words with a `+`, once each.
default=$(printf '%s\n' "$steps" | while read -r word mark _; do
    [ "$mark" != + ] || printf '%s\n' "$word"
done | uniq | tr '\n' ' ')

GATES=${GATES:-$default}
PUBLIC_KEY=${PUBLIC_KEY:-release-keys/maintainer.ed25519.pub}
FORMAT=${FORMAT:-human}
ADVISORY_DB=${ADVISORY_DB:-${RELEASE_GATES_ADVISORY_DB:-}}
signing_key=${RELEASE_GATES_SIGNING_KEY:-}
unset RELEASE_GATES_SIGNING_KEY

wrong() {
    echo "gate.sh: $1" >&2
    exit 2
}

# Before anything is run: a word that is none, or a key that is missing, would else end the release at its last step.
for step in $GATES; do
    known=
    while read -r word _; do
        [ "$word" != "$step" ] || known=1
    done <<EOF
$steps
EOF
    [ -n "$known" ] || wrong "there is no gate called $step"
    case $step in
    rebuild) [ -n "${BUILDINFO:-}" ] || wrong "rebuild needs BUILDINFO, the buildinfo.json of the other machine" ;;
    crate) [ -n "${CRATE:-}" ] && [ -n "${RELEASE:-}" ] || wrong "crate needs CRATE, as NAME@VERSION, and RELEASE, the folder of its release" ;;
    attest) [ -n "${SOURCE_URI:-}" ] || wrong "attest needs SOURCE_URI, where the source lives" ;;
    sign | pack) [ -n "${KEY:-}$signing_key" ] || wrong "$step needs a key: RELEASE_GATES_SIGNING_KEY or KEY=FILE" ;;
    esac
    case $step in
    source | sign | verify | upload | crate) [ -f "$PUBLIC_KEY" ] || wrong "$step needs the public key, and there is no $PUBLIC_KEY: name another with PUBLIC_KEY" ;;
    esac
done

# Names of packages, targets and these files and folders have no blanks, so the lists may be split into words.
packages=
for package in ${PACKAGES:-}; do
    packages="$packages -p $package"
done
targets=
for target in ${TARGETS:-}; do
    targets="$targets --target $target"
done
builds=
for folder in ${ARTIFACTS:-}; do
    builds="$builds --artifacts $folder"
done
more=
for folder in ${ADD:-}; do
    more="$more --add $folder"
done
for file in ${INCLUDE:-}; do
    more="$more --include $file"
done

gate() {
    printf '+ cargo' >&2
    printf ' %s' "$@" >&2
    printf '\n' >&2
    program=${PROGRAMS:+$PROGRAMS/}cargo-$1
    verdict=
    if [ -n "${VERDICTS:-}" ]; then
        # `sign-verify.junit`; a name that is taken gets a number
        mkdir -p "$VERDICTS"
        verdict=$VERDICTS/$1
        case ${2:--} in -*) ;; *) verdict=$verdict-$2 ;; esac
        number=
        while [ -e "$verdict$number.$FORMAT" ]; do number=$((number + 1)); done
        verdict=$verdict$number.$FORMAT
    fi
    # shellcheck disable=SC2086
    if [ -n "$verdict" ]; then
        "$program" "$@" --message-format "$FORMAT" $packages ${OFFLINE:+--offline} > "$verdict"
    else
        "$program" "$@" --message-format "$FORMAT" $packages ${OFFLINE:+--offline}
    fi
}

# The one call that sees the key.
with_key() {
    if [ -n "$signing_key" ]; then
        (
            export RELEASE_GATES_SIGNING_KEY="$signing_key"
            gate "$@"
        )
    else
        gate "$@" --key "$KEY"
    fi
}

# One call of the table above, with the flags that its variables ask for. In a word that stands for several calls, `attest` is left out where
# no SOURCE_URI is set.
call() {
    word=$1
    shift
    case "$*" in
    "sign verify-source") gate "$@" --key "$PUBLIC_KEY" ${SIGNED_SINCE:+--signed-since "$SIGNED_SINCE"} ;;
    "sbom-lite pins" | "relnotes docs") gate "$@" ;;
    "sbom-lite licenses" | "sbom-lite generate")
        # shellcheck disable=SC2086
        gate "$@" $targets
        ;;
    "repro check" | "repro build")
        # shellcheck disable=SC2086
        gate "$@" $targets ${CROSS:+--cross}
        ;;
    "sbom-lite audit")
        fetch=
        [ -n "$ADVISORY_DB${OFFLINE:-}" ] || fetch=--fetch
        watched=
        [ "$word" != watch ] || watched="--watch-tags ${WATCH_TAGS:-5}"
        # shellcheck disable=SC2086
        gate "$@" ${ADVISORY_DB:+--db "$ADVISORY_DB"} $fetch $targets $watched
        ;;
    "repro rebuild")
        for info in $BUILDINFO; do
            gate "$@" --buildinfo "$info" ${CROSS:+--cross}
        done
        ;;
    compat) gate "$@" ${AGAINST:+--against "$AGAINST"} ;;
    relnotes | "relnotes check") gate "$@" --phase final ${AGAINST:+--since "$AGAINST"} ${ADVISORY_DB:+--db "$ADVISORY_DB"} ;;
    "sign pack")
        # Where it is called by itself, others are still to sign.
        threshold=
        [ "$word" != pack ] || threshold='--warn release-threshold'
        # shellcheck disable=SC2086
        with_key "$@" $builds $more $threshold
        ;;
    "sign attest") [ -z "${SOURCE_URI:-}" ] || with_key "$@" --source-uri "$SOURCE_URI" ;;
    "sign verify")
        if [ "$word" = crate ]; then
            (
                OFFLINE='' packages=''
                gate "$@" --key "$PUBLIC_KEY" --ignore-missing --crate "$CRATE" ${SOURCE_URI:+--source-uri "$SOURCE_URI"} "$RELEASE"
            )
            return
        fi
        gate "$@" --key "$PUBLIC_KEY" ${SOURCE_URI:+--source-uri "$SOURCE_URI"}
        ;;
    "sign upload") (OFFLINE='' && gate "$@" --key "$PUBLIC_KEY") ;;
    *) wrong "gate.sh does not know how to call cargo $*" ;;
    esac
}

for step in $GATES; do
    # The table is read from file descriptor 3, which the programs do not get: their standard input stays the caller's.
    while read -r word _ program command <&3; do
        # shellcheck disable=SC2086
        [ "$word" != "$step" ] || call "$word" "$program" $command 3<&-
    done 3<<EOF
$steps
EOF
done
