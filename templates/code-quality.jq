# Reports of a gate (--message-format json) as GitLab's code quality report: jq -f code-quality.jq report.json
[
  (.data.reports? // [.])[]
  | .subject.package as $package
  | .findings[]
  | {
      description: ([.message, .help] | map(select(. != null)) | join(" — ")),
      check_name: .rule,
      fingerprint: ([$package, .rule, .path, .line, .message] | map(tostring) | join(" ") | @base64),
      severity: ({ "deny": "critical", "warn": "minor", "note": "info" }[.level]),
      location: { path: (.path // "Cargo.toml"), lines: { begin: (.line // 1) } }
    }
]
