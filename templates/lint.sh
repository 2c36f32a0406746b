#!/bin/sh
# Holds the templates against real tools: JSON schemas of GitHub workflows, GitHub actions and GitLab CI (check-jsonschema), an auditor of
# workflows (zizmor), shellcheck. Needs Python and shellcheck; the two others are installed into a throw-away folder from the package index.
set -eu
cd "$(dirname "$0")"

shellcheck -- *.sh github/actions/*.sh

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet check-jsonschema==0.39.0 zizmor==1.32.0
schema="$tools/venv/bin/check-jsonschema"
"$schema" --builtin-schema vendor.github-workflows github/*.yml
"$schema" --builtin-schema vendor.github-actions github/actions/*/action.yml
"$schema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci gitlab.yml

# As they are used: in the folder GitHub looks in.
mkdir -p "$tools/project/.github/workflows"
cp github/*.yml "$tools/project/.github/workflows/"
cp -R github/actions "$tools/project/.github/"
git init --quiet "$tools/project"
"$tools/venv/bin/zizmor" --offline "$tools/project"
