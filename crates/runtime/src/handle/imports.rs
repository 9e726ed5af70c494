//! Imports for whoever asks: putting a file down, looking at it, carrying it out, taking it back.

use super::Handle;
use crate::imports::{Claim, Files, Import, ImportError, ImportState, Imports, TABLE, Upload, Worker, keeps_file};
use crm::import::{Cell, Mode, Options};
use model::{Actor, IdSource};
use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

/// Imports that are remembered; the oldest that are over go first.
const REMEMBERED: usize = 200;

/// A row that was not imported.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WrongRow {
    /// The row.
    pub row: u64,
    /// What is wrong with it.
    pub faults: Vec<crm::import::Fault>,
    /// Its cells.
    pub cells: Vec<serde_json::Value>,
}

impl WrongRow {
    /// The cells as an import reads them.
    pub fn cells(&self) -> Vec<Cell> {
        let cell = |json: &serde_json::Value| match json {
            serde_json::Value::Null => Cell::Blank,
            serde_json::Value::String(text) => Cell::Text(text.clone()),
            other => Cell::Json(other.clone()),
        };
        self.cells.iter().map(cell).collect()
    }
}

impl Handle {
    /// From now on imports are possible: their files are kept in this folder. What is in it that belongs to no import goes. Those that a
    /// stop or a crash broke off go on.
    ///
    /// # Errors
    /// If the folder cannot be used, or it cannot be read which imports there are: then nothing in it is touched.
    pub async fn imports_in(&self, folder: impl Into<PathBuf>) -> io::Result<()> {
        let imports = Imports::new(Files::open(folder)?);
        if self.imports.set(imports.clone()).is_err() {
            return Ok(());
        }
        // From before they are read.
        let hold = self.shell.veils.hold();
        let rows = self.import_rows().await.ok_or_else(|| io::Error::other("it cannot be read which imports there are"))?;
        // What was being put down when the process ended. An import whose record nobody can read has its folder all the same.
        imports.files.ids().iter().filter(|id| !rows.iter().any(|(key, _)| key == *id)).for_each(|id| imports.files.forget(id));
        let all = read(rows);
        for import in &all {
            // Earlier releases left the file of an import that was taken back.
            let is_left = import.has_file && import.state == ImportState::Undone;
            if is_left {
                self.put_import(&Import { has_file: false, ..import.clone() }).await.map_err(io::Error::other)?;
            }
            // A file that has served: the process ended between the note of that and its removal, or it came with an export.
            if is_left || !import.has_file {
                imports.files.drop_file(&import.id);
            }
        }
        for import in all.into_iter().filter(|import| import.state.is_under_way()) {
            let Some(claim) = Claim::of(&imports, &import.id, hold.clone()) else { continue };
            match &import.state {
                ImportState::Undoing => self.begin(claim, import, Work::Undo(Actor::System)),
                ImportState::Checking => {
                    self.begin(claim, Import { row: 0, read: 0, errors: 0, counts: Default::default(), ..import }, Work::Check)
                }
                _ => self.begin(claim, import, Work::Run),
            }
        }
        Ok(())
    }

    /// From now on it is known that files of imports are kept in this folder, and nothing more: none of them goes on, and nothing in it is
    /// put in order. For a folder at rest, where erasures look through them.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn import_files_in(&self, folder: impl Into<PathBuf>) -> io::Result<()> {
        // If one is known already it is the same one.
        let _ = self.imports.set(Imports::new(Files::open(folder)?));
        Ok(())
    }

    /// The records of imports, by id; none if they cannot be read.
    async fn import_rows(&self) -> Option<Vec<(String, serde_json::Value)>> {
        self.shell.read(|store| store.records(TABLE)).await
    }

    /// How many imports have their file, with those of which nobody knows; none if the store cannot be read.
    pub(crate) async fn import_files(&self) -> Option<u64> {
        let rows = self.import_rows().await?;
        Some(rows.iter().filter(|(_, record)| keeps_file(record)).count() as u64)
    }

    /// Begins to put a file down; [`Self::uploaded`] ends it. The calls of [`Upload`] block.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn upload(&self, name: &str) -> Result<Upload, ImportError> {
        let mut bytes = [0; 8];
        let seed = getrandom::fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes));
        let id: model::ContactId = IdSource::new(self.now(), seed).next();
        let id = format!("imp_{}", id.to_string().trim_start_matches("con_").to_ascii_lowercase());
        self.its()?.files.upload(id, name)
    }

    /// The file is whole: it is looked at and remembered. Answers its encoding, its shape, its columns and what they seem to be.
    ///
    /// # Errors
    /// [`ImportError`] if it is no file of people.
    pub async fn uploaded(&self, upload: Upload, by: Actor) -> Result<Import, ImportError> {
        let handle = self.clone();
        // To the end, whether or not whoever asked waits for it: the file and what is known of it are there together, or neither is.
        let taken = self.shell.runtime.spawn(async move { handle.take_upload(upload, by).await });
        taken.await.map_err(|_| ImportError::Unavailable)?
    }

    async fn take_upload(&self, upload: Upload, by: Actor) -> Result<Import, ImportError> {
        let (bot, now) = (self.bot(), self.now());
        let looked = tokio::task::spawn_blocking(move || upload.finish(now, by, &crate::imports::words(&bot, now)));
        let (import, folder) = looked.await.map_err(|_| ImportError::Unavailable)??;
        self.forget_old().await;
        self.put_import(&import).await?;
        folder.keep();
        Ok(import)
    }

    /// What all imports share; none where there are none.
    pub(crate) fn import_errors(&self) -> Option<Arc<Imports>> {
        self.imports.get().cloned()
    }

    /// Every import that is remembered, the newest first.
    ///
    /// # Errors
    /// [`ImportError::Unavailable`] if the store cannot be read.
    pub async fn imports(&self) -> Result<Vec<Import>, ImportError> {
        self.import_rows().await.map(read).ok_or(ImportError::Unavailable)
    }

    /// An import.
    ///
    /// # Errors
    /// [`ImportError::NotFound`].
    pub async fn import(&self, id: &str) -> Result<Import, ImportError> {
        let key = id.to_owned();
        let found = self.shell.read(move |store| store.record(TABLE, &key)).await.ok_or(ImportError::Unavailable)?;
        found.and_then(|value| serde_json::from_value(value).ok()).ok_or_else(|| ImportError::NotFound(id.chars().take(64).collect()))
    }

    /// Reads every row and changes nothing: the counts and the errors of the import say what would happen. Answered when it has
    /// begun.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn check_import(&self, id: &str, options: Options) -> Result<Import, ImportError> {
        self.start_import(id, options, Work::Check).await
    }

    /// Carries an import out, from the beginning or from where it was stopped. Answered when it has begun.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn run_import(&self, id: &str, options: Options) -> Result<Import, ImportError> {
        self.start_import(id, options, Work::Run).await
    }

    /// Stops an import; what was taken over stays, and can be taken back.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn stop_import(&self, id: &str) -> Result<(), ImportError> {
        let import = self.import(id).await?;
        if !matches!(import.state, ImportState::Running | ImportState::Checking) {
            return Err(ImportError::State(format!("the import is {}; there is nothing to stop", import.state.name())));
        }
        crate::drive::lock(&self.its()?.busy).remove(id);
        Ok(())
    }

    /// Takes back what an import did, where nobody changed it since. Answered when it has begun.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn undo_import(&self, id: &str, by: Actor) -> Result<Import, ImportError> {
        let imports = self.its()?;
        let (import, claim) = self.claimed(&imports, id).await?;
        match import.state {
            ImportState::Done | ImportState::Stopped | ImportState::Failed(_) => {}
            ref state => {
                return Err(ImportError::State(format!("the import is {}; only one that is over can be taken back", state.name())));
            }
        }
        let counts = &import.counts;
        let done = counts.created + counts.updated + counts.recorded + counts.unchanged;
        if import.dry || import.began.is_none() || (done == 0 && !import.may_be_further()) {
            return Err(ImportError::State("the import changed nothing".into()));
        }
        let import = Import { state: ImportState::Undoing, ended: None, ..import };
        self.put_import(&import).await?;
        self.begin(claim, import.clone(), Work::Undo(by));
        Ok(import)
    }

    /// Rows that were wrong, after the first `skip`, at most `limit`.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn wrong_rows(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<WrongRow>, ImportError> {
        let imports = self.its()?;
        let import = self.import(id).await?;
        let read = tokio::task::spawn_blocking(move || {
            if import.errors == 0 {
                return Ok(Vec::new());
            }
            let file = match imports.files.errors(&import.id) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(ImportError::File(error.to_string())),
            };
            // What is written after the last record is told again, and a line that is being written is none yet.
            let mut text = BufReader::new(file.take(import.errors));
            let (mut rows, mut line) = (Vec::new(), Vec::new());
            let told = |e: io::Error| ImportError::File(e.to_string());
            for at in 0..skip.saturating_add(limit) {
                line.clear();
                text.read_until(b'\n', &mut line).map_err(told)?;
                if !line.ends_with(b"\n") {
                    break;
                }
                if at >= skip {
                    rows.push(serde_json::from_slice(&line).map_err(|e| told(e.into()))?);
                }
            }
            Ok(rows)
        });
        read.await.map_err(|_| ImportError::Unavailable)?
    }

    /// Forgets an import that is not under way: its file, its errors and its record. What it did stays and cannot be taken back.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn forget_import(&self, id: &str) -> Result<(), ImportError> {
        let imports = self.its()?;
        let import = self.import(id).await?;
        if import.state.is_under_way() {
            return Err(ImportError::State(format!("the import is {}; stop it first", import.state.name())));
        }
        let (import, _claim) = self.claimed(&imports, id).await?;
        self.forget_whole(&imports, &import).await
    }

    async fn start_import(&self, id: &str, options: Options, work: Work) -> Result<Import, ImportError> {
        let imports = self.its()?;
        let (before, claim) = self.claimed(&imports, id).await?;
        if !before.has_file || matches!(before.state, ImportState::Undone) {
            return Err(ImportError::State("the file of this import is gone: it was carried out; upload it again".into()));
        }
        if let Some(list) = &options.list
            && self.list_of(list).is_err()
        {
            return Err(ImportError::Invalid(format!("there is no static segment \"{list}\" to put contacts in")));
        }
        // Rows of a check that was stopped or failed were only looked at: they are still to be taken over.
        let is_half = matches!(before.state, ImportState::Stopped | ImportState::Failed(_)) && before.has_begun();
        let goes_on = is_half && before.options == options && matches!(work, Work::Run);
        if is_half && !goes_on {
            return Err(ImportError::State(
                "part of this import was carried out: go on with the same options, or take it back first".into(),
            ));
        }
        let state = if matches!(work, Work::Check) { ImportState::Checking } else { ImportState::Running };
        let dry = matches!(work, Work::Check);
        let import = if goes_on {
            Import { state, ended: None, ..before }
        } else {
            Import {
                state,
                options,
                counts: Default::default(),
                row: 0,
                redone: 0,
                read: 0,
                began: None,
                ended: None,
                errors: 0,
                lists: 0,
                dry,
                ..before
            }
        };
        let (asked, bot, now) = (import.clone(), self.bot(), self.now());
        let files = imports.files.clone();
        let planned = tokio::task::spawn_blocking(move || crate::imports::planned(&files, &asked, &bot, now));
        let has_key = planned.await.map_err(|_| ImportError::Unavailable)??;
        // A row whose key is blank makes a contact as well.
        let makes_anew = !has_key || import.options.mode() == Mode::Create;
        if makes_anew && !dry && !import.options.again {
            let did = |other: &Import| match other.state {
                ImportState::Done | ImportState::Running => !other.dry,
                ImportState::Stopped | ImportState::Failed(_) => other.has_begun(),
                ImportState::Uploaded
                | ImportState::Checking
                | ImportState::Checked
                | ImportState::Asks(_)
                | ImportState::Undoing
                | ImportState::Undone => false,
            };
            if let Some(other) = self.imports().await?.iter().find(|other| other.id != id && other.digest == import.digest && did(other)) {
                let (name, at) = (&other.id, other.at);
                return Err(ImportError::State(format!(
                    "this very file was imported as {name} at {at}, and each row without a key makes a contact: say \"again\" if they are to be made once more"
                )));
            }
        }
        self.put_import(&import).await?;
        self.begin(claim, import.clone(), work);
        Ok(import)
    }

    /// An import that is not under way, and the right to begin something with it: nobody else has it meanwhile.
    async fn claimed(&self, imports: &Arc<Imports>, id: &str) -> Result<(Import, Claim), ImportError> {
        let idle = |import: Import| match import.state.is_under_way() {
            true => Err(ImportError::State(format!("the import is {} already", import.state.name()))),
            false => Ok(import),
        };
        // Before it is claimed: a worker that was told to stop looks at the claims.
        idle(self.import(id).await?)?;
        let claim = Claim::of(imports, id, self.shell.veils.hold());
        let claim = claim.ok_or_else(|| ImportError::State("the import is about to begin already".into()))?;
        // Somebody else may have had it in between.
        let import = idle(self.import(id).await?)?;
        Ok((import, claim))
    }

    /// Gives an import to a worker.
    fn begin(&self, claim: Claim, import: Import, work: Work) {
        let (imports, hold) = claim.given();
        let worker = Worker { handle: self.clone(), shell: self.shell.clone(), imports, _hold: hold };
        let carry_out = move || {
            give_way();
            match work {
                Work::Check => worker.work(import, true),
                Work::Run => worker.work(import, false),
                Work::Undo(by) => worker.undo(import, &by),
            }
        };
        // On a thread of its own: one that gave way once does so for ever.
        tokio::task::spawn_blocking(|| std::thread::scope(|scope| scope.spawn(carry_out).join().is_ok()));
    }

    /// The worker puts its pen down: what is under way goes on at the next start.
    pub(crate) fn stop_imports(&self) {
        if let Some(imports) = self.imports.get() {
            imports.stopping.store(true, Ordering::Release);
        }
    }

    fn its(&self) -> Result<Arc<Imports>, ImportError> {
        self.imports.get().cloned().ok_or_else(|| ImportError::State("this runtime keeps no files, so it cannot import".into()))
    }

    async fn put_import(&self, import: &Import) -> Result<(), ImportError> {
        let value = serde_json::to_value(import).expect("an import is plain data");
        self.shell.put_record(TABLE, &import.id, Some(value)).await.map_err(|_| ImportError::Unavailable)
    }

    async fn forget_whole(&self, imports: &Arc<Imports>, import: &Import) -> Result<(), ImportError> {
        for list in 0..import.lists {
            let key = format!("{}/{list:08}", import.id);
            self.shell.put_record(crate::imports::LISTS, &key, None).await.map_err(|_| ImportError::Unavailable)?;
        }
        self.shell.put_record(TABLE, &import.id, None).await.map_err(|_| ImportError::Unavailable)?;
        imports.files.forget(&import.id);
        Ok(())
    }

    async fn forget_old(&self) {
        let Ok(imports) = self.its() else { return };
        let Ok(all) = self.imports().await else { return };
        let over = all.into_iter().filter(|import| !import.state.is_under_way()).skip(REMEMBERED);
        for import in over.collect::<Vec<_>>() {
            // One that cannot be forgotten now is forgotten with the next one.
            let _ = self.forget_whole(&imports, &import).await;
        }
    }
}

/// The imports of these records, the newest first.
fn read(rows: Vec<(String, serde_json::Value)>) -> Vec<Import> {
    let mut imports: Vec<Import> = rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect();
    imports.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    imports
}

/// What is to be done with an import.
enum Work {
    Check,
    Run,
    Undo(Actor),
}

/// This thread, and those it begins, get what the others leave: a chat does not wait for an import. Best effort.
fn give_way() {
    // The niceness of a thread of Linux is its own.
    let _ = rustix::process::setpriority_process(None, 19);
}
