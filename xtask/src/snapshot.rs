//! What becomes of something that was measured and is kept in the repository.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Print,
    /// Compare it with what is kept.
    Check,
    /// Keep it.
    Update,
}
