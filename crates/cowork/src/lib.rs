//! An embeddable engine that works beside a person on their files.
