//! SBOM documents of any tool: CycloneDX (JSON, XML) and SPDX 2.x (JSON, tag-value). What cannot be
//! read is an error and never an empty list.

mod cyclonedx;
mod spdx;
mod tag_value;

use release_gate::{Error, Result};
use serde_json::Value;

use crate::model::sbom::Sbom;

/// Reads a document; the format is told from its content. `name` is for error messages.
///
/// # Errors
/// It is none of the formats, of a version of the specification that is not known, or lacks what
/// the specification requires.
pub fn parse(bytes: &[u8], name: &str) -> Result<Sbom> {
    let bytes = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let first = bytes
        .split(|byte| *byte == b'\n')
        .find(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty());
    let read = if bytes.starts_with(b"<") {
        cyclonedx::from_xml(bytes)
    } else if first.is_some_and(|line| line.starts_with(b"SPDXVersion:")) {
        tag_value::to_json(&String::from_utf8_lossy(bytes)).and_then(spdx::from_json)
    } else {
        from_json(bytes)
    };
    read.map_err(|why| {
        Error::judge(format!("`{name}` cannot be read as an SBOM: {why}")).with_help(
            "CycloneDX 1.2 to 1.7 (JSON, XML to 1.5) and SPDX 2.2 and 2.3 (JSON, tag-value) can be read",
        )
    })
}

fn from_json(bytes: &[u8]) -> Result<Sbom, String> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no JSON document ({error})"))?;
    if value["bomFormat"] == "CycloneDX" {
        return cyclonedx::from_json(value);
    }
    if value.get("spdxVersion").is_some() {
        return spdx::from_json(value);
    }
    Err("it is neither CycloneDX nor SPDX 2.x".to_owned())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The list at `value`; what is absent is empty, what is something else is an error.
fn list<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("`{what}` is no list")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(document: &str) -> String {
        parse(document.as_bytes(), "x").unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_sbom_is_refused() {
        assert!(refused("").contains("no JSON"));
        assert!(refused("{}").contains("neither"));
        assert!(refused(r#"{"bomFormat":"CycloneDX"}"#).contains("specVersion"));
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"9.9","components":[]}"#)
                .contains("9.9")
        );
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":"x"}"#)
                .contains("no list")
        );
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[1]}"#)
                .contains("name")
        );
        assert!(refused(r#"{"spdxVersion":"SPDX-3.0"}"#).contains("SPDX-3.0"));
        assert!(refused(r#"{"spdxVersion":"SPDX-2.3"}"#).contains("packages"));
        assert!(refused(r#"{"spdxVersion":"SPDX-2.3","packages":{}}"#).contains("no list"));
        assert!(refused("<bom/>").contains("namespace"));
    }

    #[test]
    fn nested_components_and_the_main_one_are_read() {
        let sbom = parse(
            br#"{"bomFormat":"CycloneDX","specVersion":"1.5",
                "metadata":{"component":{"name":"m","version":"1.0.0","purl":"pkg:cargo/m@1.0.0","components":[{"name":"bin"}]}},
                "components":[{"name":"a","version":"1.0.0","purl":"pkg:cargo/a@1.0.0",
                    "components":[{"name":"b","version":"2.0.0","purl":"pkg:cargo/b@2.0.0?checksum=sha256:0"}]}],
                "dependencies":[{"ref":"pkg:cargo/a@1.0.0","dependsOn":["gone"]}]}"#,
            "x",
        )
        .unwrap();
        assert_eq!(sbom.main.as_ref().unwrap().name, "m");
        let keys: Vec<&str> = sbom.components.keys().map(String::as_str).collect();
        assert_eq!(keys, ["bin@", "pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0"]);
        assert_eq!(sbom.dangling.iter().collect::<Vec<_>>(), ["gone"]);
    }

    #[test]
    fn one_document_in_two_spellings_is_one_document() {
        let json = br#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[
            {"SPDXID":"SPDXRef-m","name":"m","versionInfo":"1.0.0"},
            {"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1.0.0","licenseDeclared":"MIT",
             "externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:cargo/a@1.0.0"}],
             "checksums":[{"algorithm":"SHA256","checksumValue":"AB"}]}],
            "relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-m"},
             {"spdxElementId":"SPDXRef-a","relationshipType":"BUILD_DEPENDENCY_OF","relatedSpdxElement":"SPDXRef-m"}]}"#;
        let tags = b"SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\n\nPackageName: m\nSPDXID: SPDXRef-m\nPackageVersion: 1.0.0\n
PackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1.0.0\nPackageLicenseDeclared: MIT\nPackageSummary: <text>two\nPackageName: lines</text>\nPackageChecksum: SHA256: AB
ExternalRef: PACKAGE-MANAGER purl pkg:cargo/a@1.0.0\n\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-m
Relationship: SPDXRef-a BUILD_DEPENDENCY_OF SPDXRef-m\n";
        let (json, tags) = (parse(json, "x").unwrap(), parse(tags, "x").unwrap());
        assert_eq!(json.components, tags.components);
        assert_eq!(json.main, tags.main);
        let a = &json.components["pkg:cargo/a@1.0.0"];
        assert_eq!(
            (a.scope.as_deref(), a.sha256.as_deref()),
            (Some("excluded"), Some("ab"))
        );
        assert!(json.main.unwrap().needs.contains("pkg:cargo/a@1.0.0"));
    }
}
