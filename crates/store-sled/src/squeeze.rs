//! How large values are made smaller: LZ4, in which field names and texts that come again take almost nothing.
//!
//! Most values are small, a person or a few lines of a conversation, and have most of their names once. So the names are
//! given beforehand ([`NAMES`]). A squeezed value is led by its own length, so that it is read into room of its size; a value
//! that would not get smaller is led by 0 and is as it was.

use lz4_flex::block::{compress_into_with_dict, decompress_into_with_dict, get_maximum_output_size};

/// The bytes that lead a squeezed value.
const LED: usize = 4;

/// What a person's document and history have in common, as it is written. **Never to be changed:** what was squeezed with it
/// is read with it. A name that is not here takes its own length once per value.
const NAMES: &[u8] = b"\x82\xa6active\xc2\xa7history\x85\xa6closed\x90\xa4last\x00\xa4open\xc3\xa5total\x83\xa7journey\x00\xa6events\x00\
\xa5lines\x91\x92\xc4\x10\xa8eventful\x90\x00\x00\x87\xa7contact\x8c\xa2id\xc4\x10\x01\xaaattributes\x8c\xa6system\x80\xa4tags\x80\
\xa6status\xa6active\xa6source\xa7organic\xaafirst_seen\xcf\x00\x06\xa9last_seen\xcf\x00\x06\xa9addresses\x91\x81\xa7address\x82\
\xa7channel\xa3web\xa2id\xd9 \xa5lists\x80\xabmemberships\x80\xa5rules\xcf\xa6judged\xcf\x00\x06\xa7changed\x81\xa5notes\x91\x83\
\xa3ran\x80\xa8consents\x81\xaafirst_name\x81\xa1t\xa9last_name\x81\xa1t\xa8username\x81\xa1t\xa8language\x81\xa1t\xa7country\x81\xa1t\
\xa4name\x81\xa1t\xa5email\x81\xa1t\xa5phone\x81\xa1t\xa4city\x81\xa1t\xa7company\x81\xa1t\x81\xa1n\xa1\x81\xa1b\xc2\x81\xa1b\xc3\
\x81\xa1i\xcf\x00\x06\x81\xa1d\xaa20\x81\xa1m\x82\xa6amount\xa8currency\xa3EUR\x81\xa1l\x91\x81\xa1r\x82\
\xadconversations\x91\x8c\xa2id\xc4\x10\x01\xa7contact\xc4\x10\x01\xa7address\x82\xa7channel\xa8telegram\xa2id\xa5owner\xa3bot\xa4runs\x91\x88\
\xa2id\xc4\x10\x01\xa7version\xd9@\xa6frames\x91\x83\xa5skill\xa5block\xa4vars\x80\xa5cause\xa8customer\xa5event\x80\
\xa8began_at\xcf\x00\x06\xa8moved_at\xcf\x00\x06\xa4said\xa4rest\x81\xa6asking\x84\xa8asked_at\xcf\x00\x06\xa8deadline\xcf\x00\x06\
\xa9suspended\xc2\xa5tries\x00\xa7waiting\xa5floor\x91\xc4\x10\x01\xa6timers\x90\xa7choices\x90\xa7pending\x90\xa7greeted\xc2\
\xa7last_no\x00\xaaidle_steps\x92\x00\x00\xa5inbox\x90\xa6outbox\x90\xa4seen\x91\x92\xcf\xa6parked\x80\xa7version\x01\
t\x00\x00\x00\x81\xa7message\x87\xa2id\xc4\x10\x01\xacconversation\xc4\x10\x01\xa2no\x01\xa2at\xcf\x00\x06\xa6author\xa8customer\
\xa7content\x81\xa4text\xa6format\xa5plain\xa7buttons\x92\x82\xa5label\xa6action\x81\xa5reply\x81\xa5token\xb0\xa8delivery\xa8received\
\xa6author\x81\xa3bot\x82\xa5skill\xa5block\xa8delivery\xa7pending\xa8delivery\xa4sent\xa9delivered\xa4read\x81\xa8delivery\x86\
\xa8degraded\x90\xa9client_id\xd9$j\x00\x00\x00\x87\xa2id\xc4\x10\x01\xa2at\xcf\x00\x06\xa2by\x81\xa4flow\x82\xa5skill\xa5block\
\xacconversation\xc4\x10\x01\xa3run\xc4\x10\x01\xa5block\xa4what\x81\xa5block\x81\xa4exit\xa4next\xa2by\xa6system\xa2by\xa8customer\
\xa2by\x81\xa7channel\x81\xa9run_began\x82\xa5skill\xa7through\x81\xa9run_ended\x82\xa5skill\xa3how\xa4done\x81\xa7handled\x82\xa4rule\
\xa4what\x81\xa9attribute\x83\xa4name\xa4from\xc0\xa2to\x81\xa1t\x81\xa9tag_added\x81\xafsegment_entered\x82\xa7segment\xa5cause\
\x81\xacsegment_left\x82\xa7segment\xa5cause\xa4time\x81\xa5event\x81\xa8delivery\x81\xa5timer\x81\xa5moved\x81\xa4desk\
e\x00\x00\x00\x85\xa2id\xc4\x10\x01\xa4name\xa5visit\xa6fields\x82\xa3url\x81\xa1t\xa5title\x81\xa1t\xa8purchase\xa6fields\x82\
\xa6amount\x81\xa1n\xa3\xa3sku\x81\xa1t\xa2at\xcf\x00\x06\xa2by\x81\xa3api\x82\xa5label\xa2at\xcf\x00\x06\xa2by\x81\xa6import";

/// The value, squeezed.
pub(crate) fn squeeze(value: &[u8]) -> Vec<u8> {
    let mut out = vec![0; LED + get_maximum_output_size(value.len())];
    let (lead, room) = out.split_at_mut(LED);
    match (compress_into_with_dict(value, room, NAMES), u32::try_from(value.len())) {
        (Ok(written), Ok(length)) if written < value.len() => {
            lead.copy_from_slice(&length.to_be_bytes());
            out.truncate(LED + written);
        }
        _ => {
            out.clear();
            out.extend_from_slice(&[0; LED]);
            out.extend_from_slice(value);
        }
    }
    out
}

/// The value that [`squeeze`] was given; none if this is nothing it made.
pub(crate) fn unsqueeze(squeezed: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = squeezed.split_first_chunk::<LED>()?;
    match u32::from_be_bytes(*length) as usize {
        0 => Some(rest.to_vec()),
        length => {
            let mut out = vec![0; length];
            let written = decompress_into_with_dict(rest, &mut out, NAMES).ok()?;
            (written == length).then_some(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_squeezed_comes_back() {
        let noise: Vec<u8> = (0..40_000_u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8).collect();
        let texts =
            [&b""[..], b"a", b"ab", &[0; 70_000], &b"first_seen last_seen ".repeat(50), &noise, &noise[..13], NAMES, &NAMES[300..400]];
        for value in texts {
            let squeezed = squeeze(value);
            assert!(squeezed.len() <= value.len() + LED);
            assert_eq!(unsqueeze(&squeezed).as_deref(), Some(value));
        }
        assert!(squeeze(&b"first_seen last_seen ".repeat(50)).len() < 100);
    }

    #[test]
    fn the_names_are_those_that_data_is_squeezed_with() {
        assert_eq!((NAMES.len(), crc32fast::hash(NAMES)), (1506, 3_316_826), "what was squeezed with other names could not be read");
    }

    #[test]
    fn what_is_not_ours_is_told() {
        let squeezed = squeeze(&b"first_seen last_seen ".repeat(50));
        for length in 1..squeezed.len() {
            assert_eq!(unsqueeze(squeezed.get(..length).unwrap()), None, "{length}");
        }
    }
}
