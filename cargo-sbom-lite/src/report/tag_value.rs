//! The tag-value spelling of an SPDX document (SPDX 2.3, clause 6 and following).

use std::fmt::Write as _;

use super::spdx::Document;

/// Renders a document; multi-line or suspicious values are wrapped in `<text>`.
pub(super) fn render(document: &Document) -> String {
    let mut out = String::new();
    let mut tag = |name: &str, value: &str| {
        let _ = writeln!(out, "{name}: {}", single_line(value));
    };
    tag("SPDXVersion", document.spdx_version);
    tag("DataLicense", document.data_license);
    tag("SPDXID", document.spdx_id);
    tag("DocumentName", &document.name);
    tag("DocumentNamespace", &document.document_namespace);
    for creator in &document.creation_info.creators {
        tag("Creator", creator);
    }
    tag("Created", &document.creation_info.created);
    if let Some(comment) = &document.comment {
        let _ = writeln!(out, "DocumentComment: {}", text(comment));
    }
    for package in &document.packages {
        let mut tag = |name: &str, value: &str| {
            let _ = writeln!(out, "{name}: {}", single_line(value));
        };
        tag("\nPackageName", &package.name);
        tag("SPDXID", &package.spdx_id);
        if let Some(version) = &package.version_info {
            tag("PackageVersion", version);
        }
        tag("PackageSupplier", &package.supplier);
        if let Some(originator) = &package.originator {
            tag("PackageOriginator", originator);
        }
        tag("PackageDownloadLocation", &package.download_location);
        tag("FilesAnalyzed", "false");
        for checksum in &package.checksums {
            tag(
                "PackageChecksum",
                &format!("{}: {}", checksum.algorithm, checksum.checksum_value),
            );
        }
        if let Some(homepage) = &package.homepage {
            tag("PackageHomePage", homepage);
        }
        tag("PackageLicenseConcluded", &package.license_concluded);
        tag("PackageLicenseDeclared", &package.license_declared);
        tag("PackageCopyrightText", package.copyright_text);
        tag("PrimaryPackagePurpose", package.primary_package_purpose);
        for reference in &package.external_refs {
            tag(
                "ExternalRef",
                &format!(
                    "{} {} {}",
                    reference.reference_category,
                    reference.reference_type,
                    reference.reference_locator
                ),
            );
        }
        if let Some(comment) = &package.comment {
            let _ = writeln!(out, "PackageComment: {}", text(comment));
        }
        if let Some(summary) = &package.summary {
            let _ = writeln!(out, "PackageSummary: {}", text(summary));
        }
    }
    for license in &document.has_extracted_licensing_infos {
        let _ = writeln!(out, "\nLicenseID: {}", license.license_id);
        let _ = writeln!(out, "ExtractedText: {}", text(&license.extracted_text));
        let _ = writeln!(out, "LicenseName: {}", single_line(&license.name));
    }
    out.push('\n');
    for relation in &document.relationships {
        let _ = writeln!(
            out,
            "Relationship: {} {} {}",
            relation.spdx_element_id, relation.relationship_type, relation.related_spdx_element
        );
    }
    out
}

/// A value that may not hold a newline: anything else would start a tag of its own.
fn single_line(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A value in `<text>`; the closing mark cannot occur inside.
fn text(value: &str) -> String {
    format!(
        "<text>{}</text>",
        value.replace("</text>", "<\u{200b}/text>")
    )
}
