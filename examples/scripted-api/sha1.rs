//! SHA-1 (RFC 3174), to give a system prompt a short name in the log.
//!
//! Not for anything that an attacker could gain from: the name only has to be the same for the
//! same text, in this program and in others that read its logs.

/// The digest in lower-case hexadecimal.
pub(crate) fn hex(message: &[u8]) -> String {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - message.len() < 9 {
        // The length needs eight bytes of its own.
        padded.resize(padded.len() + 64, 0);
    }
    let bits = (message.len() as u64).wrapping_mul(8);
    padded.truncate(padded.len() - 8);
    padded.extend_from_slice(&bits.to_be_bytes());
    let (blocks, _) = padded.as_chunks::<64>();
    for block in blocks {
        mix(&mut state, block);
    }
    state.iter().fold(String::new(), |text, word| format!("{text}{word:08x}"))
}

#[allow(clippy::many_single_char_names, reason = "these are the standard's names")]
fn mix(state: &mut [u32; 5], block: &[u8; 64]) {
    let (words, _) = block.as_chunks::<4>();
    let mut schedule: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
    while schedule.len() < 80 {
        let back = |by: usize| schedule.iter().nth_back(by - 1).copied().unwrap_or_default();
        let word = back(3) ^ back(8) ^ back(14) ^ back(16);
        schedule.push(word.rotate_left(1));
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (i, word) in schedule.into_iter().enumerate() {
        let (choice, constant) = match i {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a.rotate_left(5).wrapping_add(choice).wrapping_add(e);
        let next = next.wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(add);
    }
}
