//! Nothing of its own: the tests beside it hold what must not compile, and what must compile wherever it stands.
