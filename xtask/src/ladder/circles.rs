//! Files that import each other: the strongly connected components of the graph of imports.
//!
//! Two files are in one component if each can be reached from the other. The graph has a few dozen
//! nodes, so reachability is computed for all pairs instead of by Tarjan's algorithm.

use super::imports::SourceFile;

/// Groups of two or more files that import each other, as indices.
pub(super) fn find(files: &[SourceFile]) -> Vec<Vec<usize>> {
    let reachable = reachability(files);
    let mut grouped = vec![false; files.len()];
    let mut circles = Vec::new();

    for start in 0..files.len() {
        if grouped[start] {
            continue;
        }
        let circle: Vec<usize> = (start..files.len())
            .filter(|other| *other == start || reachable[start][*other] && reachable[*other][start])
            .collect();
        if circle.len() > 1 {
            for index in &circle {
                grouped[*index] = true;
            }
            circles.push(circle);
        }
    }
    circles
}

/// For each file, which files its imports lead to, directly or by a detour.
fn reachability(files: &[SourceFile]) -> Vec<Vec<bool>> {
    let mut reachable = vec![vec![false; files.len()]; files.len()];

    for (start, reached) in reachable.iter_mut().enumerate() {
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            for import in &files[index].imports {
                if !reached[import.file] {
                    reached[import.file] = true;
                    open.push(import.file);
                }
            }
        }
    }
    reachable
}
