//! How bodies are kept: compressed where that makes them smaller. Compression decides the rate of a journal, because what
//! is not written need not reach the disk. Done on the caller's task, never in the one writer.
//!
//! The first byte says which: 0 as it came, 1 LZ4 block with its original length (4 bytes, little endian) in front.

use lz4_flex::block;

use super::JournalError;

const AS_IT_CAME: u8 = 0;
const LZ4: u8 = 1;
const HEAD: usize = 5;
/// Below this LZ4 finds nothing to share.
const WORTH_A_TRY: usize = 96;
/// No delivery is larger; a stored length beyond it is damage, not an order to allocate.
const LARGEST: usize = 64 << 20;

/// The bytes as they are kept.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    if let Some(packed) = compressed(bytes) {
        return packed;
    }
    let mut kept = Vec::with_capacity(bytes.len() + 1);
    kept.push(AS_IT_CAME);
    kept.extend_from_slice(bytes);
    kept
}

fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < WORTH_A_TRY || bytes.len() > LARGEST {
        return None;
    }
    let mut packed = vec![0; HEAD + block::get_maximum_output_size(bytes.len())];
    packed[0] = LZ4;
    packed[1..HEAD].copy_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
    let length = block::compress_into(bytes, &mut packed[HEAD..]).ok()?;
    packed.truncate(HEAD + length);
    packed.shrink_to_fit();
    (packed.len() <= bytes.len()).then_some(packed)
}

/// The bytes as they came.
pub(super) fn unpack(kept: &[u8]) -> Result<Vec<u8>, JournalError> {
    let damaged = |what: &str| JournalError::Broken(format!("a stored body cannot be read: {what}"));
    match kept.split_first() {
        Some((&AS_IT_CAME, bytes)) => Ok(bytes.to_vec()),
        Some((&LZ4, rest)) => {
            let (length, packed) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("it is cut short"))?;
            let length = u32::from_le_bytes(*length) as usize;
            if length > LARGEST {
                return Err(damaged("its stated length is beyond every limit"));
            }
            let mut bytes = vec![0; length];
            match block::decompress_into(packed, &mut bytes) {
                Ok(written) if written == length => Ok(bytes),
                _ => Err(damaged("its compression is damaged")),
            }
        }
        Some(_) => Err(damaged("it is packed in a way this version does not know")),
        None => Err(damaged("it is empty")),
    }
}

/// The text as it came.
pub(super) fn unpack_text(kept: &[u8]) -> Result<String, JournalError> {
    String::from_utf8(unpack(kept)?)
        .map_err(|_| JournalError::Broken("a stored event cannot be read: it is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_packed_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(unpack(&pack(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn damage_is_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn repetition_is_packed_and_noise_is_not() {
        let order = r#"{"title":"shirt","sku":"SHIRT-M"},"#.repeat(100);
        assert!(pack(order.as_bytes()).len() < order.len() / 4);
        let noise: Vec<u8> = (0..400_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        assert_eq!(pack(&noise)[0], AS_IT_CAME);
    }

    #[test]
    fn a_huge_stated_length_allocates_nothing() {
        assert!(unpack(&[LZ4, 0xff, 0xff, 0xff, 0xff, 0]).is_err());
    }
}
