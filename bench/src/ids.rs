//! Ids of generated jobs: the same number is the same job in every store.

/// The id of a job as text: a UUID of version 4 by its looks, without a pattern to compress or order.
pub(crate) fn id(number: u64) -> String {
    let (high, low) = (mix(number.wrapping_mul(2)), mix(number.wrapping_mul(2) + 1));
    let bits = u128::from(high) << 64 | u128::from(low);
    let bits = bits & !(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

/// The output function of splitmix64, which spreads a counter over all 64 bits.
pub(crate) fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}
