//! The shape of a run: its leaves, and above them pages with the first job of each page below, up to
//! one page at the top. The shape follows from the number of leaves.

use super::page::FANOUT;

/// Pages of each level, leaves first; none where there are no leaves.
pub(super) fn levels(leaves: u32) -> Vec<u32> {
    let mut levels = Vec::new();
    let mut pages = leaves;
    while pages > 0 {
        levels.push(pages);
        pages = if pages == 1 { 0 } else { pages.div_ceil(FANOUT) };
    }
    levels
}

/// Pages of all levels.
pub(super) fn pages(leaves: u32) -> u64 {
    levels(leaves).into_iter().map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_page_at_the_top() {
        assert!(levels(0).is_empty());
        assert_eq!(levels(1), [1]);
        assert_eq!(levels(2), [2, 1]);
        assert_eq!(levels(FANOUT), [FANOUT, 1]);
        assert_eq!(levels(FANOUT + 1), [FANOUT + 1, 2, 1]);
        assert_eq!(pages(FANOUT + 1), u64::from(FANOUT) + 4);
    }
}
