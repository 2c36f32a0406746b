//! minisign's and rsign2's secret keys, encrypted (scrypt) or not.
//!
//! ```text
//! untrusted comment: <anything>
//! base64("Ed" ‖ "Sc" or two zeros ‖ "B2" ‖ salt (32) ‖ operations (8) ‖ memory (8) ‖ key id (8) ‖ seed (32) ‖ public key (32) ‖ BLAKE2b-256 (32))
//! ```
//!
//! The last four are exclusive-ored with scrypt's output. What scrypt may cost stands in the file,
//! which may be anybody's: it is capped at what minisign itself asks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::secret::Secret;

const LEN: usize = 158;
const BODY: usize = 104;
/// Most memory that scrypt may take: N · 1,024 bytes, minisign's 1 GiB.
const MAX_LOG_N: u8 = 20;
/// Most work: N · p, twice minisign's.
const MAX_WORK: u64 = 1 << 21;
/// scrypt's block size, always the same.
const BLOCK: u32 = 8;

/// A key file that was read, and perhaps has to be decrypted.
pub(super) struct Sealed {
    cost: Option<Cost>,
    salt: [u8; 32],
    body: Zeroizing<[u8; BODY]>,
}

/// What scrypt is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    log_n: u8,
    p: u32,
}

impl Cost {
    /// What libsodium makes of the two limits (`crypto_pwhash_scryptsalsa208sha256`, `pickparams`).
    fn of(operations: u64, memory: u64) -> Result<Self, &'static str> {
        let operations = operations.max(32_768);
        let (log_n, p) = if operations < memory / 32 {
            (exponent_for(operations / u64::from(BLOCK * 4)), 1)
        } else {
            let log_n = exponent_for(memory / u64::from(BLOCK * 128));
            (
                log_n,
                (operations / 4 / (1 << log_n)).min(0x3fff_ffff) / u64::from(BLOCK),
            )
        };
        if log_n > u64::from(MAX_LOG_N) || p << log_n > MAX_WORK {
            return Err("it asks for more memory or time than minisign does");
        }
        if p == 0 {
            return Err("its limits make no sense");
        }
        Ok(Self {
            log_n: log_n as u8,
            p: p as u32,
        })
    }
}

/// The least exponent of two that is more than half of a number.
fn exponent_for(most: u64) -> u64 {
    (1..63).find(|log_n| 1 << log_n > most / 2).unwrap_or(63)
}

impl Sealed {
    /// Reads the two lines, or the second alone; `None` where the text is something else.
    pub(super) fn parse(text: &str) -> Option<Result<Self, &'static str>> {
        let line = match text.split_once('\n') {
            Some((comment, rest)) if comment.starts_with("untrusted comment:") => rest,
            _ => text,
        };
        let bytes = Zeroizing::new(STANDARD.decode(line.trim()).ok()?);
        let bytes: &[u8; LEN] = bytes[..].try_into().ok()?;
        Some(Self::read(bytes))
    }

    fn read(bytes: &[u8; LEN]) -> Result<Self, &'static str> {
        let (kinds, rest) = bytes.split_at(6);
        let cost = match kinds {
            b"EdScB2" => Some(Cost::of(number(rest, 32), number(rest, 40))?),
            b"Ed\0\0B2" => None,
            _ => return Err("it is a minisign key of an unknown kind"),
        };
        let (mut salt, mut body) = ([0; 32], Zeroizing::new([0; BODY]));
        salt.copy_from_slice(&rest[..32]);
        body.copy_from_slice(&rest[48..]);
        Ok(Self { cost, salt, body })
    }

    /// Whether a passphrase is needed.
    pub(super) fn is_encrypted(&self) -> bool {
        self.cost.is_some()
    }

    /// The key, and the id its signatures carry.
    pub(super) fn open(mut self, passphrase: &[u8]) -> Result<Secret, &'static str> {
        if let Some(Cost { log_n, p }) = self.cost {
            let params =
                scrypt::Params::new(log_n, BLOCK, p).map_err(|_| "its limits make no sense")?;
            let mut stream = Zeroizing::new([0; BODY]);
            scrypt::scrypt(passphrase, &self.salt, &params, &mut *stream)
                .map_err(|_| "its limits make no sense")?;
            self.body
                .iter_mut()
                .zip(stream.iter())
                .for_each(|(byte, mask)| *byte ^= mask);
        }
        let (secret, sum) = self.body.split_at(72);
        let expected = blake2b_simd::Params::new()
            .hash_length(32)
            .to_state()
            .update(b"Ed")
            .update(secret)
            .finalize();
        // minisign leaves the sum of a key without passphrase empty.
        let empty = self.cost.is_none() && sum.iter().all(|byte| *byte == 0);
        if !empty && sum != expected.as_bytes() {
            return Err(if self.cost.is_some() {
                "the passphrase is wrong"
            } else {
                "it is damaged"
            });
        }
        let (mut id, mut seed) = ([0; 8], Zeroizing::new([0; 32]));
        id.copy_from_slice(&secret[..8]);
        seed.copy_from_slice(&secret[8..40]);
        let key = SigningKey::from_bytes(&seed);
        if key.verifying_key().as_bytes() != &secret[40..] {
            return Err("its two halves do not belong together");
        }
        Ok(Secret {
            id,
            ..Secret::new(key)
        })
    }
}

/// The little-endian number of 64 bits at a place.
fn number(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The seed is 0, 1, … 31 and the id `minisign`; encrypted with Python's scrypt. minisign 0.11
    // signs with all three.
    const LITTLE_TIME: &str = "RWRTY0IyBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcAgAAAAAAAAAAAAAEAAAAADVOZTwXCRfcZ+6BGees4VgO9T7KswqZnI6bCTHtg3RTbpV3itT21e+Fli1FLLoJBfrAo7HDxbtIAYRLe/vtmiR7Aug3UeouvyF3KRynziUmfkqsiOE01mj52y0SAh0FVDEp0k3VNf3Y=";
    const LITTLE_MEMORY: &str = "RWRTY0IyBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcAAEAAAAAAAAAAIAAAAAAAxu/3zZLTAPsMDBdoqi9VtnQYlaYEcIGxqYH95i4hDEaplReYoESaiKvlKZFHp8ZGAp5Wi29ikCHU5PLLb5BWlhQ9AnrzE23bi5jSttKFIh10lapwDnYJXM98IPX/B5vX0YVvp3sg8zY=";
    const PLAIN: &str = "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAbWluaXNpZ24AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    /// Made by rsign2 0.6.7, `rsign generate --unencrypted`; it fills in the sum.
    const RSIGN: &str = "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgcxf+zp5PCJZbasBjMcC+0EAieVe0TP216SWjncL7PF4kcOFR46XgQJ19MiRXLZ3BU2h9PvcPiYMDkBkj1zV2I5cFARdYRgvHEicRrkDYVab1W11kK4uDTprWtRFcUtQ6oYzNQ0yFb0=";

    fn file(line: &str) -> String {
        format!("untrusted comment: minisign encrypted secret key\n{line}\n")
    }

    fn sealed(line: &str) -> Sealed {
        Sealed::parse(&file(line)).unwrap().unwrap()
    }

    #[test]
    fn keys_of_minisign_and_rsign2_are_read() {
        let seed: Vec<u8> = (0..32).collect();
        for (line, encrypted) in [(LITTLE_TIME, true), (LITTLE_MEMORY, true), (PLAIN, false)] {
            let key = sealed(line);
            assert_eq!(key.is_encrypted(), encrypted);
            let secret = key.open(b"correct horse").unwrap();
            assert_eq!(
                (&secret.here().to_bytes()[..], &secret.id),
                (&seed[..], b"minisign")
            );
            if encrypted {
                assert_eq!(
                    sealed(line).open(b"correct house").err(),
                    Some("the passphrase is wrong")
                );
            }
        }
        assert!(sealed(RSIGN).open(b"").is_ok());
        assert!(
            Sealed::parse(RSIGN).unwrap().unwrap().open(b"").is_ok(),
            "the line alone"
        );
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = STANDARD.decode(RSIGN).unwrap();
        for position in 0..bytes.len() {
            // Salt and limits of a key without passphrase say nothing.
            if (6..54).contains(&position) {
                continue;
            }
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let read = Sealed::parse(&file(&STANDARD.encode(changed))).unwrap();
            assert!(
                read.and_then(|key| key.open(b"")).is_err(),
                "byte {position}"
            );
        }

        for text in [
            "",
            "untrusted comment: x\n",
            "untrusted comment: x\nAAAA\n",
            &PLAIN[4..],
            &file(&PLAIN[4..]),
        ] {
            assert!(Sealed::parse(text).is_none(), "{text}");
        }
    }

    /// The limits libsodium names, and what nobody's machine should be asked for.
    #[test]
    fn scrypt_costs_what_minisign_asks_for_and_no_more() {
        assert_eq!(
            Cost::of(33_554_432, 1 << 30),
            Ok(Cost { log_n: 20, p: 1 }),
            "minisign"
        );

        assert_eq!(
            Cost::of(1 << 20, 32 << 20),
            Ok(Cost { log_n: 15, p: 1 }),
            "rsign2"
        );

        assert_eq!(
            Cost::of(524_288, 16 << 20),
            Ok(Cost { log_n: 14, p: 1 }),
            "libsodium, interactive"
        );

        assert_eq!(Cost::of(0, 16 << 20), Ok(Cost { log_n: 10, p: 1 }));
        for (operations, memory) in [
            (u64::MAX, 1 << 30),
            (u64::MAX, u64::MAX),
            (1 << 26, 1 << 31),
            (1 << 40, 1 << 20),
            (u64::MAX, 0),
        ] {
            assert!(
                Cost::of(operations, memory).is_err(),
                "{operations}, {memory}"
            );
        }

        let hostile = |operations: u64, memory: u64| {
            let mut bytes = STANDARD.decode(LITTLE_TIME).unwrap();
            bytes[38..46].copy_from_slice(&operations.to_le_bytes());
            bytes[46..54].copy_from_slice(&memory.to_le_bytes());
            Sealed::parse(&file(&STANDARD.encode(bytes))).unwrap().err()
        };

        assert_eq!(
            hostile(u64::MAX, u64::MAX),
            Some("it asks for more memory or time than minisign does")
        );
    }

    proptest::proptest! {
        /// Whatever a file says that claims to be a key without passphrase: read, or refused.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Sealed::parse(&STANDARD.encode(&bytes));
            let plain: Vec<u8> = b"Ed\0\0B2".iter().copied().chain(bytes).chain([0; LEN]).take(LEN).collect();
            proptest::prop_assert!(Sealed::parse(&STANDARD.encode(plain)).unwrap().and_then(|key| key.open(b"")).is_err());
        }

        #[test]
        fn any_limits_are_capped(operations: u64, memory: u64) {
            if let Ok(Cost { log_n, p }) = Cost::of(operations, memory) {
                proptest::prop_assert!(log_n <= MAX_LOG_N && u64::from(p) << log_n <= MAX_WORK);
            }
        }
    }
}
