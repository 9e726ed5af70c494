//! Exports that nobody of ours wrote: whatever is in them, they are refused in words, and nothing of them gets out of the folder.

use super::{
    chunks::Out,
    entry::{FileHead, write_bytes, write_part},
    *,
};
use crate::{
    Error, MemLoad, MemStore, Part, codec,
    conformance::people::*,
    room::{Disk, KEPT_FREE, Room},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Entries as somebody may write them, and what the header says.
#[derive(Default)]
struct Forged {
    people: u64,
    entries: Vec<u8>,
}

fn packed(letter: u8, value: &impl serde::Serialize, out: &mut Vec<u8>) {
    let mut content = Vec::new();
    codec::pack(value, &mut content).unwrap();
    led(letter, content.len(), out);
    out.extend(content);
}

fn led(letter: u8, length: usize, out: &mut Vec<u8>) {
    out.push(letter);
    out.extend(u32::try_from(length).unwrap().to_be_bytes());
}

impl Forged {
    fn file(mut self, path: &str, size: u64, bytes: &[u8]) -> Self {
        FileHead { path: path.into(), size }.write(&mut self.entries).unwrap();
        self.bytes(bytes)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        write_bytes(bytes, &mut self.entries).unwrap();
        self
    }

    fn part(mut self, part: &Part) -> Self {
        self.people += u64::from(matches!(part, Part::Person(_)));
        write_part(part, &mut self.entries).unwrap();
        self
    }

    fn raw(mut self, letter: u8, length: usize, content: &[u8]) -> Self {
        led(letter, length, &mut self.entries);
        self.entries.extend(content);
        self
    }

    fn totals(mut self, totals: Totals) -> Self {
        packed(b'z', &totals, &mut self.entries);
        self
    }

    fn write(&self, path: &Path) {
        let header = Header { people: self.people, ..Header::default() };
        let header = serde_json::to_string(&header).unwrap();
        let mut file = fs::File::create(path).unwrap();
        writeln!(file, "{MAGIC}\n{header}\n{:08x}", crc32fast::hash(header.as_bytes())).unwrap();
        let mut out = Out::new(file);
        out.write(&self.entries).unwrap();
        out.finish().unwrap();
    }
}

fn person(n: u64) -> Part {
    Part::Person(Arc::new(newcomer(n).apply(None).unwrap()))
}

fn changed(n: u64, change: impl FnOnce(&mut model::Person)) -> Part {
    let mut person = newcomer(n).apply(None).unwrap();
    change(&mut person);
    Part::Person(Arc::new(person))
}

fn record(table: &str, key: &str, value: Value) -> Part {
    Part::Record { table: table.into(), key: key.into(), value }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Imports into a folder in a folder; answers what became of it.
fn imported(forged: &Forged, disk: Option<&Disk>) -> Result<Totals, ArchiveError> {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("export"), dir.path().join("data"));
    forged.write(&file);
    fs::create_dir(&data).unwrap();
    let own = Disk::of(&data);
    let outcome = import(&file, &data, disk.unwrap_or(&own), |_| Ok(Box::new(MemLoad::new(MemStore::new()))), &|_| true);
    let outside: Vec<_> = files(dir.path()).into_iter().filter(|path| *path != file && !path.starts_with(&data)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    outcome.map(|(_, totals)| totals)
}

#[test]
fn what_is_forged_is_refused_in_words() {
    let hash = "ab".repeat(32);
    let (blob, latest) = (format!("blobs/ab/ab/{hash}"), "versions/latest");
    let forged = Forged::default;
    let mut far = message(conversation_id(1, 0), 1, "here");
    far.content.location = Some(model::Location { latitude: f64::NAN, longitude: 0.0 });
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let cases: Vec<(&str, Forged)> = vec![
        ("is no file of a data folder", forged().file("../../somewhere", 1, b"x")),
        ("is no file of a data folder", forged().file("/etc/cron.d/x", 1, b"x")),
        ("is no file of a data folder", forged().file("versions/../../x", 1, b"x")),
        ("is no file of a data folder", forged().file("format", 1, b"x")),
        ("is not what its name says", forged().file(&blob, 1, b"x").file(latest, 1, b"x")),
        ("comes twice", forged().file(latest, 1, b"x").file(latest, 1, b"y")),
        ("lacks 18446744073709551614 bytes", forged().file(latest, u64::MAX, b"x").totals(Totals::default())),
        ("lacks 1 bytes", forged().file(latest, 1, b"x").file("imports/imp_1/file", 2, b"x").part(&person(1))),
        ("has more bytes than it should", forged().file(latest, 1, b"xyz")),
        ("bytes come without a file", forged().bytes(b"x")),
        ("bytes come without a file", forged().file(latest, 1, b"x").part(&person(1)).bytes(b"x")),
        ("a file comes out of its order", forged().part(&person(1)).file(latest, 1, b"x")),
        ("says that it has 4294967295 bytes", forged().raw(b'p', u32::MAX as usize, b"x")),
        ("it was cut off", forged().raw(b'p', 60_000_000, b"x")),
        ("begins with '!'", forged().raw(b'!', 1, b"x")),
        ("a value cannot be read", forged().raw(b'p', 1, b"\xc1")),
        ("a value cannot be read", forged().raw(b'r', 5, b"\xdd\xff\xff\xff\xff")),
        ("comes out of its order", forged().part(&person(2)).part(&person(1))),
        ("comes out of its order", forged().part(&person(1)).part(&person(1))),
        ("comes out of its order", forged().part(&record("t", "k", json!(1))).part(&person(1))),
        ("comes out of its order", forged().part(&record("t", "k", json!(1))).part(&record("t", "k", json!(2)))),
        ("comes out of its order", forged().part(&Part::Journey(Box::new(journey(1))))),
        ("is no name of a table", forged().part(&record("a\0b", "k", json!(1)))),
        ("is no name of a table", forged().part(&record(&"t".repeat(65), "k", json!(1)))),
        ("at most 512 can be stored", forged().part(&record("t", &"k".repeat(513), json!(1)))),
        ("nested too deep", forged().part(&record("t", "k", deep))),
        ("a coordinate that is not a number", forged().part(&person(1)).part(&Part::Line(Box::new(model::TranscriptEntry::Message(far))))),
        ("what nobody can have done", forged().part(&changed(1, |person| person.version = 0))),
        ("what nobody can have done", forged().part(&changed(1, |person| person.version = u64::MAX))),
        ("what nobody can have done", forged().part(&changed(1, |person| person.forgotten.journey = u64::MAX))),
        (
            "a number that nobody comes to",
            forged().part(&person(1)).part(&Part::Line(Box::new(line(conversation_id(1, 0), u64::MAX, "hi")))),
        ),
        ("is not what is in it", forged().part(&person(1)).totals(Totals { people: 2, ..Totals::default() })),
        ("is not what is in it", Forged { people: 9, ..forged() }.totals(Totals::default())),
        ("something stands behind its end", forged().totals(Totals::default()).bytes(b"x")),
        ("it was cut off", forged().part(&person(1))),
        ("it was cut off", forged()),
    ];
    for (told, forged) in cases {
        let error = imported(&forged, None).expect_err(told);
        assert!(matches!(error, ArchiveError::Damaged { .. } | ArchiveError::CutOff { .. }), "{told}: {error:?}");
        assert!(error.to_string().contains(told), "{told}: {error}");
    }
    let sound = forged().file(latest, 1, b"x").part(&person(1)).part(&record("t", "k", json!([1])));
    let totals = Totals { people: 1, records: 1, files: 1, file_bytes: 1, ..Totals::default() };
    assert_eq!(imported(&sound.totals(totals), None).unwrap(), totals);
}

#[test]
fn what_comes_with_a_file_does_not_steer_a_terminal() {
    let twice = Forged::default().part(&record("t", "\u{1b}[2J", json!(1))).part(&record("t", "\u{1b}[2J", json!(2)));
    let told = imported(&twice, None).unwrap_err().to_string();
    assert!(told.contains("t/ [2J comes out of its order"), "{told}");
}

#[test]
fn an_import_leaves_a_server_its_room() {
    let free = |free: u64| Disk::of("/data").looked_at(Some(Arc::new(move |_: &Path| Some(Room { free, total: 1 << 40 }))));
    let forged = Forged::default().totals(Totals::default());
    let refused = imported(&forged, Some(&free(KEPT_FREE - 1)));
    assert!(matches!(&refused, Err(ArchiveError::Store(Error::NoCopy(why))) if why.contains("the import was given up")), "{refused:?}");
    imported(&forged, Some(&free(KEPT_FREE))).unwrap();
}
