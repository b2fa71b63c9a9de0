// A shared library that needs a symbol which nothing has.
int nobody_defines_this(int number);
int answer(void) { return nobody_defines_this(42); }
