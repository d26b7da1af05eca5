//! A row that may not be readable: somebody may have written a code into a column that the program does not know.

use diesel::deserialize;

/// A row as it was read, or nothing if the program cannot read it.
pub struct ReadableRow<T>(pub(super) Option<T>);

impl<T> ReadableRow<T> {
    pub fn new(read: deserialize::Result<T>) -> Self {
        Self(read.ok())
    }
}
