//! The office file, as the agent sees it.
