//! YAML: one reader for everything that people and charts write, one writer for everything that
//! lifeboat emits.
//!
//! The reader sees a document as the cluster sees it: `kubectl`, Helm and Argo CD all read through Go's
//! `sigs.k8s.io/yaml`, whose YAML 1.1 rules turn `on` into a boolean and `0123` into 83. It keeps the
//! place of every key and value, reports duplicate keys instead of dropping them in silence, and has a
//! budget for everything that input can grow. [`stream`] cuts a stream of any length into documents.
//!
//! The writer ([`write`](mod@write)) quotes whatever any YAML 1.1 or 1.2 reader could misread.
//!
//! ```
//! use lifeboat::yaml;
//! let document = yaml::read("replicas: 0x10\nenabled: on\n", 1, &yaml::Budget::default()).unwrap();
//! assert_eq!(document.root.unwrap().to_json().to_string(), r#"{"replicas":16,"enabled":true}"#);
//! ```

mod budget;
mod read;
pub mod stream;
mod tree;
pub mod write;

pub use budget::Budget;
pub use read::{Document, Duplicate, Error, ErrorKind, read, read_all};
pub use tree::{Entry, Node, Place, Value};
