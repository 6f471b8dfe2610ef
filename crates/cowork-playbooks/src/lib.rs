//! Deterministic tasks as small Python-subset programs, paused at each tool call.
