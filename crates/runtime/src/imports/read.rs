//! A file read and judged on a thread of its own, in pieces, so that rows are carried out meanwhile.

use super::{Import, ImportError, files::sample};
use crm::import::{Cell, Decoded, Fault, Reader, RowError, Rows, Said, Vocabulary};
use engine::Bot;
use model::Instant;
use std::{
    fs::File,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Rows of a piece.
const PIECE: usize = 64;

/// Bytes of cells after which a piece is full.
const FULL: usize = 1024 * 1024;

/// What was judged of a row, and its cells, which go to the file of errors if it comes to nothing.
pub(super) struct Judged {
    pub row: u64,
    pub said: Result<Said, Vec<Fault>>,
    pub cells: Vec<Cell>,
}

/// How much memory cells take, in bytes.
pub(super) fn size(cells: &[Cell]) -> usize {
    let one = |cell: &Cell| match cell {
        Cell::Blank => 0,
        Cell::Text(text) => text.len(),
        Cell::Json(json) => json.as_str().map_or(64, str::len),
    };
    cells.iter().map(one).sum()
}

/// Some rows, and how much of the file was read by then.
pub(super) struct Piece {
    pub rows: Vec<Judged>,
    /// All columns by name, if some of them turned up in these rows; else none.
    pub columns: Vec<String>,
    pub read: u64,
}

/// Counts the bytes that were read of a file.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The words of a bot.
pub(crate) fn words(bot: &Bot, now: Instant) -> Vocabulary<'_> {
    Vocabulary {
        attributes: bot.attributes(),
        statuses: bot.statuses(),
        language: bot.languages().first().map(String::as_str),
        country: bot.country(),
        zone: bot.timezone(),
        now,
    }
}

/// What reads an import's rows, by its file and what was asked for.
pub(super) fn plan(file: File, import: &Import, bot: &Bot, now: Instant) -> Result<Reader, ImportError> {
    let (names, sample) = sample(Decoded::new(file, import.encoding), import.shape)?;
    let reader = Reader::new(import.kind, import.shape, &names, &sample, &import.options, &words(bot, now));
    reader.map_err(|why| ImportError::Invalid(why.to_string()))
}

/// Judges the rows after one of them; `give` takes the pieces and says whether more is wanted.
///
/// # Errors
/// Why the file cannot be read on; what came before was given.
pub(super) fn judge(
    file: File,
    import: &Import,
    mut plan: Reader,
    bot: &Bot,
    now: Instant,
    after: u64,
    mut give: impl FnMut(Piece) -> bool,
) -> Result<(), String> {
    let words = words(bot, now);
    let read = Arc::new(AtomicU64::new(0));
    let text = Decoded::new(Counted { file, read: read.clone() }, import.encoding);
    let known = plan.columns();
    let mut rows = Rows::new(text, import.shape, &known).map_err(|e| e.to_string())?;
    let (mut piece, mut held, mut columns) = (Vec::with_capacity(PIECE), 0, Vec::new());
    let mut told = Ok(());
    loop {
        match rows.next_row() {
            Ok(None) => break,
            Ok(Some(row)) if row.number <= after => continue,
            Ok(Some(row)) => {
                if take_up(&mut plan, &rows, import, &words) {
                    columns = rows.names().to_vec();
                }
                let unreadable = if import.broken > 0 { plan.unreadable(&row) } else { None };
                let said = match (plan.judge(&row, &words), unreadable) {
                    (said, None) => said,
                    (Ok(_), Some(fault)) => Err(vec![fault]),
                    (Err(faults), Some(fault)) => Err([faults, vec![fault]].concat()),
                };
                held += size(&row.cells);
                piece.push(Judged { row: row.number, said, cells: row.cells });
            }
            Err(RowError::Fault(fault)) if fault.row <= after => continue,
            Err(RowError::Fault(fault)) => {
                let cells: Vec<Cell> = rows.take_unread().map(Cell::Text).into_iter().collect();
                held += size(&cells);
                piece.push(Judged { row: fault.row, said: Err(vec![fault]), cells });
            }
            Err(RowError::Broken(why)) => {
                told = Err(why);
                break;
            }
        }
        if piece.len() >= PIECE || held >= FULL {
            held = 0;
            let rows = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            if !give(Piece { rows, columns: std::mem::take(&mut columns), read: read.load(Ordering::Relaxed) }) {
                return Ok(());
            }
        }
    }
    give(Piece { rows: piece, columns, read: read.load(Ordering::Relaxed) });
    told
}

/// The first day that can be read in two ways, if how they are written was not said. Nothing else is judged: every row is read before the
/// first one is carried out.
pub(super) fn asks(file: File, import: &Import, plan: &Reader, bot: &Bot, now: Instant) -> Option<Fault> {
    let words = words(bot, now);
    if import.options.dates.is_some() || !plan.has_dates(&words) {
        return None;
    }
    let mut plan = plan.clone();
    // What is wrong with the file is told when its rows are carried out.
    let mut rows = Rows::new(Decoded::new(file, import.encoding), import.shape, &plan.columns()).ok()?;
    loop {
        match rows.next_row() {
            Ok(None) | Err(RowError::Broken(_)) => return None,
            Ok(Some(row)) => {
                take_up(&mut plan, &rows, import, &words);
                if let Some(fault) = plan.asks(&row, &words) {
                    return Some(fault);
                }
            }
            Err(RowError::Fault(_)) => {}
        }
    }
}

/// Takes up columns that turned up in the row that was read last; whether there were any.
fn take_up<R: Read>(plan: &mut Reader, rows: &Rows<R>, import: &Import, words: &Vocabulary<'_>) -> bool {
    let are_new = import.shape.is_jsonl() && rows.names().len() > plan.width();
    if are_new {
        plan.grow(rows.names(), words);
    }
    are_new
}
