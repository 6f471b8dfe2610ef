//! The built-in tools of the Cowork SDK.
