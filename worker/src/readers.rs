//! Who reads pages: as many at once as there are cores, each with tools that are kept from page to page.

use std::sync::{Arc, Mutex, PoisonError};

use rad_schema::documents::Compressor;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pages that are read at once. More would only share the cores, and hold the memory of more trees.
pub(crate) struct Readers {
    free: Arc<Semaphore>,
    /// Of readers that are free.
    tools: Mutex<Vec<Compressor>>,
}

/// One reader, free again when it is dropped.
pub(crate) struct Reader {
    compressor: Option<Compressor>,
    of: Arc<Readers>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(at_once)), tools: Mutex::default() })
    }

    /// The next reader that is free.
    pub(crate) async fn next(self: Arc<Self>) -> Reader {
        let place = Arc::clone(&self.free).acquire_owned().await.expect("the semaphore is never closed");
        let compressor = self.tools.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Reader { compressor: Some(compressor.unwrap_or_default()), of: self, _place: place }
    }
}

impl Reader {
    pub(crate) fn compressor(&mut self) -> &mut Compressor {
        self.compressor.get_or_insert_default()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Before the place is given back, so there are never more tools than readers.
        if let Some(compressor) = self.compressor.take() {
            self.of.tools.lock().unwrap_or_else(PoisonError::into_inner).push(compressor);
        }
    }
}

#[cfg(test)]
mod tests {
    use rad_schema::documents::decompress;

    use super::*;

    #[tokio::test]
    async fn tools_are_used_again_and_never_more_than_there_are_readers() {
        let readers = Readers::new(2);
        for page in ["first", "second", "third"] {
            let (mut one, mut other) = (Arc::clone(&readers).next().await, Arc::clone(&readers).next().await);
            for reader in [&mut one, &mut other] {
                let compressed = reader.compressor().compress(page.as_bytes());
                assert_eq!(decompress(&compressed).unwrap(), page.as_bytes());
            }
            assert_eq!(readers.free.available_permits(), 0);
        }
        assert_eq!(readers.tools.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_reader_that_panics_is_free_again() {
        let readers = Readers::new(1);
        let reader = Arc::clone(&readers).next().await;
        let read = tokio::task::spawn_blocking(move || {
            let _reader = reader;
            panic!("a page that nobody can read");
        });
        assert!(read.await.unwrap_err().is_panic());
        assert_eq!(readers.free.available_permits(), 1);
    }
}
