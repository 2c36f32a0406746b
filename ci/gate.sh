#!/bin/sh
# One release through the gates, in any CI: POSIX sh, cargo and git. Stops at the first gate that does not pass, with its exit code:
# 100 failed, 101 could not be judged, 2 wrong usage. Nothing is signed or uploaded before everything else has passed.
#
#   GATES="repro sbom compat"  only these, of: repro sbom audit licenses pins compat notes sign upload (default: all but upload)
#   AGAINST=v1.2.0             the release to compare with (default: each gate finds its own)
#   ADVISORY_DB=DIR            a checkout of RustSec's advisory-db (default: fetched, unless OFFLINE is set)
#   PUBLIC_KEY=FILE            what the signed archives are verified with (default: release-keys/maintainer.ed25519.pub)
#   FORMAT=human|junit|sarif   how verdicts are printed
#   OFFLINE=1                  no network
# The signing key is read by `cargo sign` itself, from RELEASE_GATES_SIGNING_KEY or KEY=FILE.
set -eu

GATES=${GATES:-repro sbom audit licenses pins compat notes sign}
PUBLIC_KEY=${PUBLIC_KEY:-release-keys/maintainer.ed25519.pub}
FORMAT=${FORMAT:-human}

gate() {
    printf '+ cargo'
    printf ' %s' "$@"
    printf '\n'
    cargo "$@" --message-format "$FORMAT" ${OFFLINE:+--offline}
}

for step in $GATES; do
    case $step in
    repro)
        gate repro check
        gate repro build
        ;;
    sbom) gate sbom-lite generate ;;
    audit)
        if [ -n "${ADVISORY_DB:-}" ]; then
            gate sbom-lite audit --db "$ADVISORY_DB"
        elif [ -n "${OFFLINE:-}" ]; then
            gate sbom-lite audit
        else
            gate sbom-lite audit --fetch
        fi
        ;;
    licenses) gate sbom-lite licenses ;;
    pins) gate sbom-lite pins ;;
    compat) gate compat ${AGAINST:+--against "$AGAINST"} ;;
    notes) gate relnotes --phase final ${AGAINST:+--since "$AGAINST"} ;;
    sign)
        gate sign pack ${KEY:+--key "$KEY"}
        gate sign verify --key "$PUBLIC_KEY"
        ;;
    upload) gate sign upload ;;
    *)
        echo "gate.sh: there is no gate called $step" >&2
        exit 2
        ;;
    esac
done
