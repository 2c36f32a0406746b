//! What the release gates share.
