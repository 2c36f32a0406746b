export RUSTUP_TOOLCHAIN=1.95.0
CS=/tmp/rv/cs
pub() { python3 - "$1" <<'P'
import sys
P
}
# relist DIR: rebuild checksums.txt for all files (flat+sub), sign w/ key
relist() { (cd $1; rm -f checksums.txt checksums.txt.sig checksums.txt.sshsig; find . -type f ! -name '*.sig' | sed 's,^\./,,' | LC_ALL=C sort | xargs -d'\n' sha256sum > /tmp/rv/list.tmp; mv /tmp/rv/list.tmp checksums.txt); }
