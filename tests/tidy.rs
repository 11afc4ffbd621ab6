//! The walls, as tests: which room may import which, and how every file begins.

#[test]
fn placeholder() {}
