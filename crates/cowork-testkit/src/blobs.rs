//! The conformance suite of [`Blobs`].

use std::{any::Any, fmt, sync::Arc};

use cowork_core::Blobs;

/// Blobs under test, empty.
pub struct Subject {
    /// The blobs.
    pub blobs: Arc<dyn Blobs>,
    /// Damages what is kept under a hash, so that other bytes are there; none where nothing can be damaged.
    pub damage: Option<Box<dyn Fn(cowork_core::Hash) + Send + Sync>>,
    /// What must live as long as the test.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// Wraps blobs that nobody can damage.
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, damage: None, keep: Box::new(()) }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Expands to one test for each sentence of the contract of [`Blobs`]. Takes an async function that gives a [`Subject`].
#[doc(inline)]
pub use crate::__blobs_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __blobs_suite {
    ($make:expr) => {
        $crate::__tests! { blobs, $make;
            what_went_in_comes_back
            the_same_bytes_have_one_hash
            what_is_not_there_is_not_found
            damaged_bytes_never_come_back
        }
    };
}

/// The stories that [`suite!`] tells.
pub mod cases {
    use cowork_core::{Hash, Kind};

    use super::Subject;

    /// No bytes, few and many, of any kind.
    pub async fn what_went_in_comes_back(subject: Subject) {
        let all: Vec<u8> = (0..=255).collect();
        for bytes in [Vec::new(), vec![0], all.clone(), all.repeat(4_000)] {
            let hash = subject.blobs.put(bytes.clone()).await.unwrap();
            assert_eq!(hash, Hash::of(&bytes));
            assert_eq!(subject.blobs.get(hash).await.unwrap(), bytes);
        }
    }

    /// Put twice, also at once, they are there.
    pub async fn the_same_bytes_have_one_hash(subject: Subject) {
        let bytes = b"the same".to_vec();
        let (a, b) = tokio::join!(subject.blobs.put(bytes.clone()), subject.blobs.put(bytes.clone()));
        assert_eq!(a.unwrap(), b.unwrap());
        assert_eq!(subject.blobs.put(bytes.clone()).await.unwrap(), Hash::of(&bytes));
        assert_eq!(subject.blobs.get(Hash::of(&bytes)).await.unwrap(), bytes);
    }

    /// Says which hash.
    pub async fn what_is_not_there_is_not_found(subject: Subject) {
        let hash = Hash::of(b"never put");
        let error = subject.blobs.get(hash).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.contains(&hash.to_string()), "{error}");
    }

    /// Other bytes than went in are an error; the other blobs are as they were.
    pub async fn damaged_bytes_never_come_back(subject: Subject) {
        let Some(damage) = &subject.damage else { return };
        let hash = subject.blobs.put(b"sound".to_vec()).await.unwrap();
        let other = subject.blobs.put(b"another".to_vec()).await.unwrap();
        damage(hash);
        assert_eq!(subject.blobs.get(hash).await.unwrap_err().kind, Kind::Corrupt);
        assert_eq!(subject.blobs.get(other).await.unwrap(), b"another");
    }
}
