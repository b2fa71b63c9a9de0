// A shared library that is no plugin: it exports something, but no entry point.
int answer(void) { return 42; }
