//! Random values and random contracts, through really loaded libraries. All that is here are tests.
