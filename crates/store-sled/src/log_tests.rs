//! The log alone: what was written comes back, torn ends are cut, damage is refused.

use super::*;

fn written(groups: &[&[&str]]) -> (tempfile::TempDir, Segment) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default();
    let mut log = Log::resume(dir.path(), create(dir.path(), &options, 7).unwrap()).unwrap();
    let mut next = 7;
    for group in groups {
        let mut frame = Frame::new(next, Vec::new());
        group.iter().for_each(|line| frame.push(line.as_bytes()));
        log.append(&options, &mut frame).unwrap();
        next = frame.next();
    }
    let segment = log.segment.clone();
    (dir, segment)
}

fn lines(segment: &Segment, last: bool) -> Result<Vec<(Seq, String)>, Error> {
    let mut found = Vec::new();
    read(segment, last, &mut |seq, line| {
        found.push((seq, String::from_utf8(line.to_vec()).unwrap()));
        Ok(())
    })?;
    Ok(found)
}

const GROUPS: &[&[&str]] = &[&[r#"{"a":1}"#, r#"{"b":2}"#], &[r#"{"c":3}"#]];

fn all() -> Vec<(Seq, String)> {
    vec![(7, r#"{"a":1}"#.into()), (8, r#"{"b":2}"#.into()), (9, r#"{"c":3}"#.into())]
}

#[test]
fn what_was_written_comes_back_with_its_seq() {
    let (_dir, segment) = written(GROUPS);
    assert_eq!(lines(&segment, false).unwrap(), all());
}

#[test]
fn an_end_that_lacks_bytes_is_cut_at_every_length() {
    let (_dir, segment) = written(GROUPS);
    let whole = fs::read(&segment.path).unwrap();
    let second = parse(&whole, 0, 7).unwrap().1;
    for cut in second..whole.len() {
        fs::write(&segment.path, &whole[..cut]).unwrap();
        assert_eq!(lines(&segment, true).unwrap(), all()[..2], "cut at {cut}");
        if cut > second {
            assert!(matches!(lines(&segment, false), Err(Error::Corrupt(_))), "in the middle of the log nothing may lack: {cut}");
        }
    }
}

#[test]
fn a_write_that_stopped_in_room_made_in_advance_is_cut_off() {
    let (_dir, segment) = written(GROUPS);
    let whole = fs::read(&segment.path).unwrap();
    let second = parse(&whole, 0, 7).unwrap().1;
    // What is missing of a frame must be more than could be zeros by what was written.
    for cut in second..whole.len() - ZEROS {
        let mut bytes = whole.clone();
        bytes[cut..].fill(0);
        bytes.resize(whole.len() + 3 * SECTOR, 0);
        fs::write(&segment.path, &bytes).unwrap();
        let found = lines(&segment, true);
        match found {
            Ok(found) => assert_eq!(found, all()[..2], "cut at {cut}"),
            // The last byte that was written was a zero itself.
            Err(_) => assert!(cut + ZEROS + 1 >= whole.len(), "cut at {cut}"),
        }
        assert!(matches!(lines(&segment, false), Err(Error::Corrupt(_))), "in the middle of the log nothing may lack: {cut}");
    }
}

#[test]
fn a_flipped_byte_is_refused_in_room_made_in_advance_too() {
    let (_dir, segment) = written(GROUPS);
    let whole = fs::read(&segment.path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        bytes.resize(whole.len() + 3 * SECTOR, 0);
        fs::write(&segment.path, &bytes).unwrap();
        assert!(matches!(lines(&segment, true), Err(Error::Corrupt(_))), "byte {at}");
    }
}

#[test]
fn a_flipped_byte_is_refused_wherever_it_is() {
    let (_dir, segment) = written(GROUPS);
    let whole = fs::read(&segment.path).unwrap();
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80, MASK, whole[at]] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&segment.path, &bytes).unwrap();
            // A flipped length can make the last frame look cut only if its header's checksum fits, which it does not.
            assert!(matches!(lines(&segment, true), Err(Error::Corrupt(_))), "byte {at} ^ {flip:#x}");
        }
    }
}

#[test]
fn sectors_that_never_reached_the_disk_are_cut_and_lost_ones_in_front_are_refused() {
    let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(3000));
    let (_dir, segment) = written(&[&[&long], &[&long], &[&long]]);
    let whole = fs::read(&segment.path).unwrap();
    let ends: Vec<usize> = [7, 8]
        .iter()
        .scan(0, |at, first| {
            *at = parse(&whole, *at, *first)?.1;
            Some(*at)
        })
        .collect();
    for sector in 0..whole.len().div_ceil(SECTOR) {
        let mut bytes = whole.clone();
        let to = ((sector + 1) * SECTOR).min(bytes.len());
        bytes[sector * SECTOR..to].fill(0);
        fs::write(&segment.path, &bytes).unwrap();
        let found = lines(&segment, true);
        if sector * SECTOR >= ends[1] {
            assert_eq!(found.unwrap().len(), 2, "sector {sector}");
        } else if to <= ends[1] {
            assert!(matches!(found, Err(Error::Corrupt(_))), "sector {sector}");
        }
    }
    let mut zeros = whole.clone();
    zeros.resize(whole.len() + 5000, 0);
    fs::write(&segment.path, &zeros).unwrap();
    assert_eq!(lines(&segment, true).unwrap().len(), 3);
}

#[test]
fn what_is_written_never_looks_like_a_sector_that_is_not_there() {
    let id = model::ContactId(u128::from_be_bytes([MASK; 16]));
    let text: String = ["\0", "\u{FF}", "\u{41}"].map(|c| c.repeat(2_000)).concat();
    let value = serde_json::json!({ "a": [0, 0, 0, 0, u64::from_be_bytes([MASK; 8])], "t": text, "z": vec![0; 2_000] });
    let put = store::RecordPut { table: "t".into(), key: id.to_string(), value: Some(value) };
    let commit = store::Commit {
        person: Some(store::PersonChange::new(id, u64::from_be_bytes([MASK; 8]))),
        records: vec![put],
        ..store::Commit::default()
    };
    let mut frame = Frame::new(1, Vec::new());
    frame.push(&store::codec::encode(&commit).unwrap());
    frame.push(&vec![0x91; 0x00C1_C1C1]);
    let (mut row, mut most) = (0, 0);
    for byte in &frame.bytes[HEADER..] {
        row = if *byte == 0 { row + 1 } else { 0 };
        most = most.max(row);
    }
    assert!((16..=ZEROS).contains(&most), "{most}");
}
