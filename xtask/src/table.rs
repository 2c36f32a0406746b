//! A small table for people: columns as wide as their content, the header underlined.

/// Renders rows below a header; widths count characters, styles are the caller's after padding.
pub(crate) fn table(
    header: [&str; 4],
    rows: &[[String; 4]],
    mut paint: impl FnMut(usize, usize, &str) -> String,
) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([header[column].len()])
            .max()
            .unwrap_or(0)
    };

    let widths: [usize; 4] = std::array::from_fn(width);
    let line = |cells: [String; 4]| format!("  {}\n", cells.join("  ").trim_end());
    let mut out = line(std::array::from_fn(|column| {
        format!("{:1$}", header[column], widths[column])
    }));
    out.push_str(&line(std::array::from_fn(|column| {
        "-".repeat(widths[column])
    })));
    for (index, row) in rows.iter().enumerate() {
        out.push_str(&line(std::array::from_fn(|column| {
            paint(
                index,
                column,
                &format!("{:1$}", row[column], widths[column]),
            )
        })));
    }

    out
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_line_up() {
        let rows = [
            ["repro", "passed", "1.5 s", "repro.json"],
            ["sbom-lite audit", "not judged", "0.1 s", ""],
        ];
        let rows = rows.map(|row| row.map(str::to_owned));
        let text = table(["gate", "verdict", "time", "file"], &rows, |_, _, cell| {
            cell.to_owned()
        });
        assert_eq!(
            text,
            "  gate             verdict     time   file\n  \
               ---------------  ----------  -----  ----------\n  \
               repro            passed      1.5 s  repro.json\n  \
               sbom-lite audit  not judged  0.1 s\n"
        );
    }
}
