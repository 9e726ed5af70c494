use super::*;
use crate::Options;

fn db(dir: &tempfile::TempDir) -> Db {
    Db::open(dir.path(), &Options::default()).unwrap()
}

fn apply(db: &Db, rows: Rows) {
    let mut batch = sled::Batch::default();
    for (key, value) in rows.0 {
        batch.insert(key, value.unwrap());
    }
    db.apply(&Options::default(), batch).unwrap();
}

/// A value in chunks as data 3 wrote it: not squeezed.
fn put_plain(rows: &mut Rows, key: &[u8], content: &[u8]) {
    let count = u16::try_from(content.len().div_ceil(CHUNK).max(1)).unwrap().to_be_bytes();
    let whole = crc32fast::hash(content).to_be_bytes();
    for (chunk, part) in content.chunks(CHUNK).enumerate() {
        let key = chunk_key(key, u16::try_from(chunk).unwrap());
        let led: &[&[u8]] = if chunk == 0 { &[&whole, &count] } else { &[&whole] };
        let value = seal(PLAIN, &key, &[led, &[part]].concat());
        rows.0.push((key, Some(value)));
    }
}

#[test]
fn values_of_data_3_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let db = db(&dir);
    let mut rows = Rows::default();
    let (small, large) = (b"a value".to_vec(), (0..50_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
    put_plain(&mut rows, b"Ksmall", &small);
    put_plain(&mut rows, b"Klarge", &large);
    apply(&db, rows);
    assert_eq!(get_chunked(&db, b"Ksmall").unwrap(), Some((small, 1)));
    assert_eq!(get_chunked(&db, b"Klarge").unwrap(), Some((large, 5)));
    assert_eq!(get_chunked(&db, b"Kno").unwrap(), None);
}

#[test]
fn a_stretch_divides_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let db = db(&dir);
    let mut rows = Rows::default();
    // What cannot be squeezed, so that each has as many chunks as it is long.
    let noise = |length: usize| (0..length as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29) as u8).collect::<Vec<_>>();
    let sizes = [10, 30_000, 13_000, 10, 10, 60_000];
    for (id, size) in (1..).zip(sizes) {
        rows.put_chunked(&person_key(ContactId(id)), &noise(size), 0).unwrap();
    }
    rows.put(active_key(ContactId(1)), &[]);
    rows.put(address_key(&Address { channel: "web".into(), id: "v".into() }), &ContactId(1).to_bytes());
    apply(&db, rows);
    for count in 1..15 {
        let (mut from, mut found, mut turns) = (Some(vec![PERSON]), Vec::new(), 0);
        while let Some(begin) = from {
            let (stretch, after) = stretch(&db, &begin, count).unwrap();
            let mut rest = stretch.as_slice();
            while let Some((id, of, others)) = split_person(rest) {
                found.push((id.0, join(of).unwrap().len()));
                rest = others;
            }
            (from, turns) = (after, turns + 1);
        }
        assert_eq!(found, (1..).zip(sizes).collect::<Vec<_>>(), "{count} rows at a time");
        assert!(turns <= 13_usize.div_ceil(count).max(1));
    }
}
