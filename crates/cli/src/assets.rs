//! The files of a bot that are not its language: what lies in `files/`, found within limits and kept by content.

use crate::folder::{FolderError, Wanted, walk};
use anyhow::{Context, bail};
use engine::Asset;
use model::BlobId;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use store::Blobs;

/// The folder within the bot's.
pub const FOLDER: &str = "files";
/// How many files may lie there.
const MOST: usize = 500;
/// The largest file, in bytes.
const LARGEST: u64 = 50 * 1024 * 1024;
/// All files together, in bytes.
const LARGEST_SUM: u64 = 200 * 1024 * 1024;

/// The files of a bot's folder: the path within the bot, and where each is. Links are not followed.
pub fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, FolderError> {
    let mut found = Vec::new();
    let root = folder.join(FOLDER);
    if root.is_dir() {
        let wanted = Wanted { is: |_| true, most: MOST, too_many: |folder| FolderError::TooManyFiles(folder, MOST) };
        walk(&root, FOLDER, &wanted, &mut found)?;
    }
    Ok(found)
}

/// What the files of a bot's folder are.
pub fn read(folder: &Path) -> Result<Vec<Asset>, FolderError> {
    let mut assets = Vec::new();
    let mut sum = 0;
    for (name, path) in list(folder)? {
        let asset = look(name, &path)?;
        sum += asset.size;
        if sum > LARGEST_SUM {
            return Err(FolderError::FilesTooLarge(folder.join(FOLDER).display().to_string(), LARGEST_SUM / (1024 * 1024)));
        }
        assets.push(asset);
    }
    Ok(assets)
}

fn look(name: String, path: &Path) -> Result<Asset, FolderError> {
    let io = |e| FolderError::Io(path.display().to_string(), e);
    let mut file = File::open(path).map_err(io)?;
    let (mut hash, mut head, mut size) = (Sha256::new(), Vec::new(), 0_u64);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(io)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        if size == 0 {
            head = bytes.iter().take(Asset::HEAD).copied().collect();
        }
        size += u64::try_from(read).unwrap_or(u64::MAX);
        if size > LARGEST {
            return Err(FolderError::FilesTooLarge(path.display().to_string(), LARGEST / (1024 * 1024)));
        }
        hash.update(bytes);
    }
    Ok(Asset { path: name, blob: BlobId(hex(&hash.finalize())), size, head })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Stores the bytes of files under their hash, before anything refers to them; those that are stored stay as they are.
///
/// # Errors
/// If a file cannot be read or stored, or is not any more what it was when the bot was loaded.
pub fn keep(assets: &[Asset], folder: &Path, blobs: &dyn Blobs) -> anyhow::Result<()> {
    for asset in assets.iter().filter(|asset| !blobs.exists(&asset.blob)) {
        // The path is one that was listed in this folder.
        let path = folder.join(&asset.path);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if hex(&Sha256::digest(&bytes)) != asset.blob.0 {
            bail!("{} changed while the bot was loaded; try again", path.display());
        }
        blobs.put(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::MemBlobs;

    #[test]
    fn files_are_found_hashed_and_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files/menus");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("lunch.pdf"), b"%PDF-1.7 lunch").unwrap();
        std::fs::write(files.join(".hidden"), b"x").unwrap();
        std::fs::write(folder.path().join("secret.txt"), b"x").unwrap();
        std::os::unix::fs::symlink("../../secret.txt", files.join("link.txt")).unwrap();
        let assets = read(folder.path()).unwrap();
        let [asset] = assets.as_slice() else { panic!("{assets:?}") };
        assert_eq!((asset.path.as_str(), asset.size), ("files/menus/lunch.pdf", 14));
        assert!(asset.head.starts_with(b"%PDF-"));
        let blobs = MemBlobs::new();
        keep(&assets, folder.path(), &blobs).unwrap();
        assert_eq!(blobs.get(&asset.blob).unwrap().unwrap(), b"%PDF-1.7 lunch");
        // What is stored needs the folder no more; what is not must be what it was.
        std::fs::write(files.join("lunch.pdf"), b"%PDF-1.7 other").unwrap();
        keep(&assets, folder.path(), &blobs).unwrap();
        let told = keep(&assets, folder.path(), &MemBlobs::new()).unwrap_err().to_string();
        assert!(told.contains("changed"), "{told}");
    }

    #[test]
    fn a_folder_of_too_many_or_too_large_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("files")).unwrap();
        let large = File::create(folder.path().join("files/film.mp4")).unwrap();
        large.set_len(LARGEST + 1).unwrap();
        assert!(matches!(read(folder.path()), Err(FolderError::FilesTooLarge(_, 50))));
        large.set_len(1).unwrap();
        for n in 0..MOST {
            File::create(folder.path().join(format!("files/{n}.txt"))).unwrap();
        }
        assert!(matches!(read(folder.path()), Err(FolderError::TooManyFiles(_, _))));
    }
}
