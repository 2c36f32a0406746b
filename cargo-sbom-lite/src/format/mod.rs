//! Formats of SBOM documents: CycloneDX (JSON, XML) and SPDX 2.x (JSON, tag-value). Pure: bytes in,
//! models out, and the other way round. What cannot be read is an error and never an empty list.

mod cyclonedx;
mod cyclonedx_json;
mod cyclonedx_xml;
mod entry;
mod serial;
mod spdx;
mod spdx3_json;
mod spdx_json;
mod spdx_tag_value;
mod table;
mod values;

pub use entry::{Format, Input};
pub use serial::uuid_of;
pub use table::{FORMATS, format_of_name, parse_document};

#[cfg(test)]
mod tests {
    use super::parse_document;

    fn refused(document: &str) -> String {
        parse_document(document.as_bytes(), "x")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_no_sbom_is_refused() {
        assert!(refused("").contains("not a JSON document"));
        assert!(refused("{}").contains("neither"));
        assert!(refused(r#"{"bomFormat":"CycloneDX"}"#).contains("specVersion"));
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"9.9","components":[]}"#)
                .contains("9.9")
        );
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":"x"}"#)
                .contains("not a list")
        );
        assert!(
            refused(r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[1]}"#)
                .contains("name")
        );
        assert!(refused(r#"{"spdxVersion":"SPDX-3.0"}"#).contains("SPDX-3.0"));
        assert!(refused(r#"{"spdxVersion":"SPDX-2.3"}"#).contains("packages"));
        assert!(refused(r#"{"spdxVersion":"SPDX-2.3","packages":{}}"#).contains("not a list"));
        assert!(refused("<bom/>").contains("namespace"));
    }

    #[test]
    fn nested_components_and_the_main_one_are_read() {
        let sbom = parse_document(
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
        let (json, tags) = (
            parse_document(json, "x").unwrap(),
            parse_document(tags, "x").unwrap(),
        );
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
