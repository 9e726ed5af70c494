//! Tests that need more than one crate: the rules of the workspace, and journeys through the real binary. The tests are in `tests/`.
