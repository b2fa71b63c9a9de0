//! The work inside every measured call. It is the same code in every arm and as small as it can be, so that what is
//! measured is the call around it.
//!
//! Everything here is inlined into the function that the arm calls.

pub mod header;

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const MASK: u64 = 0x5851_F42D_4C95_7F2D;

/// The 63 bytes that every text result starts with.
const GREETING: &str = "a text of sixty-four bytes, the last of which the caller picks:";

/// The 64 bytes that [`text()`] calls pass.
pub const TEXT: &str = "sixty-four bytes of plain text, as a name or a path might have..";

/// How many numbers [`numbers`] makes.
pub const NUMBERS: u32 = 1000;

/// The words of the struct that travels: three, too many for registers.
pub type Body = [u64; 3];

/// One number in, one out.
#[inline(always)]
pub const fn scalar(x: u64) -> u64 {
    x.wrapping_mul(FACTOR) ^ MASK
}

/// The same, by code that the compiler must assume can panic: there is something to contain.
///
/// # Panics
///
/// When `x` is zero. No chain of calls that starts above zero meets it.
#[inline(always)]
pub fn guarded(x: u64) -> u64 {
    assert!(x != 0, "zero is not for us");
    scalar(x)
}

/// Two numbers in.
#[inline(always)]
pub const fn pair(a: u64, b: u64) -> u64 {
    scalar(a) ^ b
}

/// Eight numbers in.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "that is what is measured")]
pub const fn eight(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) -> u64 {
    scalar(a) ^ b.wrapping_add(c) ^ d.wrapping_add(e) ^ f.wrapping_add(g) ^ h
}

/// Looks at both ends of `bytes`.
///
/// # Panics
///
/// When `bytes` is empty.
#[inline(always)]
pub fn bytes(bytes: &[u8]) -> u64 {
    u64::from(bytes[0]) ^ (u64::from(bytes[bytes.len() - 1]) << 8) ^ bytes.len() as u64
}

/// Looks at both ends of `text`.
///
/// # Panics
///
/// When `text` is empty.
#[inline(always)]
pub fn text(text: &str) -> u64 {
    bytes(text.as_bytes())
}

/// Makes a text of 64 bytes.
#[inline(always)]
pub fn greeting(seed: u64) -> String {
    let mut text = String::with_capacity(GREETING.len() + 1);
    text.push_str(GREETING);
    text.push(char::from(b'a' + (seed % 16) as u8));
    text
}

/// Makes [`NUMBERS`] numbers.
#[inline(always)]
pub fn numbers(seed: u32) -> Vec<u32> {
    (0..NUMBERS)
        .map(|number| seed.wrapping_add(number))
        .collect()
}

/// A struct in, a struct out. Each field is made in its own way, so that none are made two at a time: a vector that is
/// loaded from what was stored word by word stalls, and that is not the call's doing.
#[inline(always)]
pub const fn turn([x, y, z]: Body) -> Body {
    [scalar(x), x ^ y, x.wrapping_add(z)]
}

/// A number, or none when `x` is zero.
#[inline(always)]
pub const fn checked(x: u64) -> Option<u64> {
    if x == 0 { None } else { Some(scalar(x)) }
}

/// How often a closure is called back.
pub const CALLS_BACK: u64 = 1000;

/// The bytes of a blob.
pub const BLOB: usize = 1 << 20;

/// Two words of some memory.
#[must_use]
#[inline(always)]
pub const fn ends(first: Option<u64>, last: u64) -> u64 {
    let first = match first {
        Some(first) => first,
        None => 0,
    };
    first.wrapping_mul(3) ^ last
}

/// A mebibyte.
#[must_use]
pub fn blob(seed: u8) -> Vec<u8> {
    vec![seed; BLOB]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_what_the_arms_are_called() {
        assert_eq!(
            (TEXT.len(), greeting(7).len(), numbers(1).len()),
            (64, 64, 1000)
        );
    }

    #[test]
    fn a_chain_from_one_does_not_meet_zero() {
        let mut x = 1;
        for _ in 0..100_000 {
            x = checked(x).map_or(0, guarded);
        }
        assert_ne!(x, 0);
    }
}
