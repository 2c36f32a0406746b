//! Licence texts: recognised where they are SPDX's own, and not where they say a word more.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use cargo_sbom_lite::read::licenses::Recognizer;

const ISC: &str = "Copyright (c) 2020 Ada Lovelace\n\nPermission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted, provided that the above\ncopyright notice and this permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH\nREGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND\nFITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,\nINDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS\nOF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER\nTORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF\nTHIS SOFTWARE.\n";

/// A licence file of this repository.
fn own_text(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(name)).unwrap()
}

#[test]
fn a_text_that_says_a_word_more_is_another_one() {
    let recognizer = Recognizer::new();
    let mit = own_text("LICENSE-MIT");
    let apache = own_text("LICENSE-APACHE");
    for (text, id) in [
        (mit.clone(), "MIT"),
        (mit.replace('\n', "\r\n"), "MIT"),
        (format!("The MIT License (MIT)\n\n{mit}"), "MIT"),
        (
            format!("Copyright 2014 Ada <ada@example.org>\nAll rights reserved.\n\n{mit}"),
            "MIT",
        ),
        (ISC.to_owned(), "ISC"),
        // A licence of its own.
        (
            format!("{mit}\nThe Software shall be used for Good, not Evil.\n"),
            "JSON",
        ),
    ] {
        assert_eq!(recognizer.recognize(&text).as_deref(), Some(id), "{text}");
    }

    for text in [
        // Without its appendix it is most like another one.
        apache.clone(),
        format!("{mit}\nNon-commercial use only.\n"),
        format!("For internal use only.\n\n{mit}"),
        format!("Copyright 2014 Ada. For non-commercial use only.\n\n{mit}"),
        format!("No commercial license\n\n{mit}"),
        mit.replace("free of charge", "free of charge for academic purposes"),
        mit.replace("and/or sell", "and/or not sell"),
        mit.replace("any person", "any natural person"),
        format!("{apache}\n\nThe License does not grant the right to Sell the Software.\n"),
        ISC.replace("with or without fee", "with fee"),
    ] {
        let found = recognizer.recognize(&text);
        assert_eq!(found, None, "{text}");
    }
}
