//! Imports: a file is put down and looked at, checked, carried out, and taken back; each step tells how far it is.

mod options;
mod shown;

use self::options::ImportOptions;
pub(crate) use self::shown::Shown;
use super::{
    asked::{Asked, Body, In, Nothing},
    caller::{Caller, ContactsRead, ContactsWrite},
    once::IdempotencyKey,
    openapi::{Answer, Any, Api, Done, Made, Operation, Part, Taken, about},
};
use crate::{problem::Problem, state::Shared};
use axum::{
    body::{Body as Raw, BodyDataStream},
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use crm::import::{ErrorLines, Fault, Kind, Shape};
use futures::{StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header};
use runtime::{Handle, Import, ImportError, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// How long the next piece of a file may take to arrive.
const PIECE_WITHIN: Duration = Duration::from_secs(60);
/// Wrong rows of one page.
const ROWS: usize = 200;

/// The routes of imports.
pub(super) fn routes(api: Api) -> Api {
    const OF_EVENTS: &str = "for a file of events; agents at the console need it only to start flows";
    let state = "the import is in a state in which this cannot be done";
    let upload = about("uploadImport", "Upload a file of contacts or events")
        .says(
            "CSV or JSONL, as the body, up to 4 GiB; encoding, delimiter and columns are found out. Nothing is imported yet: `POST \
             /imports/{import}/check` says what would happen, `POST /imports/{import}/run` does it.",
        )
        .also(Scope::EventsWrite, OF_EVENTS)
        .leads_to(201, "/imports/{import}", "/id")
        .refuses(409, "state", "the same file is being put down right now, under the same idempotency key")
        .refuses(422, "invalid", "this is no file that can be imported");
    let check = about("checkImport", "Check an import")
        .says("Reads every row and changes nothing; the counts and the faults of the import say what would happen.")
        .also(Scope::EventsWrite, OF_EVENTS)
        .also(Scope::SegmentsWrite, "with `list`")
        .refuses(409, "state", state);
    let run = about("runImport", "Carry an import out")
        .says(
            "Row by row, going on after a restart. Whoever enters a segment by it starts no flow, nor does an event, unless `start` asks for \
             it. The same file twice changes nothing.",
        )
        .also(Scope::EventsWrite, OF_EVENTS)
        .also(Scope::SegmentsWrite, "with `list`")
        .refuses(409, "state", state);
    let stop = about("stopImport", "Stop an import").says("What was taken over stays, and can be taken back.").refuses(409, "state", state);
    let undo = about("undoImport", "Take an import back")
        .says(
            "Contacts who came by it and whom nobody touched since go; of others whatever nobody changed since goes back to what it was. \
             Events that it recorded are taken out, and segments are counted anew. What flows did about them stays.",
        )
        .also(Scope::EventsWrite, OF_EVENTS)
        .also(Scope::SegmentsWrite, "if it put people on a list")
        .refuses(409, "state", state);
    let forget = about("deleteImport", "Forget an import")
        .says("Its file, its faults and how it went; what it did stays and cannot be taken back any more.")
        .refuses(409, "state", state);
    api.get("/imports", list, about("listImports", "List imports").says("The newest first; some hundreds are remembered."))
        .post("/imports", self::upload, upload)
        .get("/imports/{import}", show, about("getImport", "Read an import").says("How far it is, and what its file looks like."))
        .delete("/imports/{import}", self::forget, forget)
        .post("/imports/{import}/check", self::check, check)
        .post("/imports/{import}/run", self::run, run)
        .post("/imports/{import}/stop", self::stop, stop)
        .post("/imports/{import}/undo", self::undo, undo)
        .get("/imports/{import}/faults", faults, about("listImportFaults", "List wrong rows").says("Every fault by row and column, in the order of the file."))
        .get(
            "/imports/{import}/errors",
            errors,
            about("getImportErrors", "Download wrong rows")
                .says("A file like the one that was uploaded, of the wrong rows alone, with what is wrong in the column `_error`: to be corrected and imported again."),
        )
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let said = error.to_string();
        match error {
            ImportError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", said),
            ImportError::State(_) => Self::new(StatusCode::CONFLICT, "state", said),
            ImportError::Invalid(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", said),
            ImportError::File(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "file", said),
            ImportError::Unavailable => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", said),
        }
    }
}

/// Imports.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportList {
    /// The newest first.
    imports: Vec<Shown>,
}

/// What a file is called, and what it tells of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// What the file is called, for people.
    #[serde(default)]
    #[schemars(length(max = 200))]
    name: Option<String>,
    /// What the file tells of; contacts, if nothing is said.
    #[serde(default)]
    kind: ImportKind,
}

/// What a file tells of.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportKind {
    /// Each row is a contact.
    #[default]
    Contacts,
    /// Each row is an event that happened to a contact.
    Events,
}

impl From<ImportKind> for Kind {
    fn from(kind: ImportKind) -> Self {
        match kind {
            ImportKind::Contacts => Self::Contacts,
            ImportKind::Events => Self::Events,
        }
    }
}

/// Whether the caller may import files of this kind, as it is asked for: `starts` flows, `lists` people. Agents at the console record
/// events as far as they start no flow.
fn may(caller: &Caller<ContactsWrite>, kind: Kind, starts: bool, lists: bool) -> Result<(), Problem> {
    if lists {
        caller.must(Scope::SegmentsWrite)?;
    }
    match kind {
        Kind::Contacts => Ok(()),
        Kind::Events if caller.is_agent() && !starts => Ok(()),
        Kind::Events => caller.must(Scope::EventsWrite),
    }
}

/// The bytes of a file as they arrive.
pub(crate) struct FileBody(BodyDataStream);

impl<S: Sync + Send> FromRequest<S> for FileBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Ok(Self(request.into_body().into_data_stream()))
    }
}

impl Part for FileBody {
    fn tell(operation: &mut Operation<'_>) {
        let file = || json!({ "type": "string", "format": "binary" });
        operation.takes(&[("text/csv", file()), ("application/x-ndjson", file()), ("application/octet-stream", file())]);
    }
}

/// `POST /api/v1/imports`
pub(crate) async fn upload(
    caller: Caller<ContactsWrite>,
    Asked(Named { name, kind }): Asked<Named>,
    State(server): State<Shared>,
    once: IdempotencyKey,
    FileBody(mut body): FileBody,
) -> Result<Made<Shown>, Problem> {
    may(&caller, kind.into(), false, false)?;
    let mut upload = server.handle.upload(name.as_deref().unwrap_or("upload"))?.of(kind.into());
    let broken = |code, text| Problem::new(StatusCode::BAD_REQUEST, code, text);
    loop {
        let piece = match tokio::time::timeout(PIECE_WITHIN, body.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(_))) => {
                upload.abandon();
                return Err(broken("broken_off", "the request broke off"));
            }
            Err(_) => {
                upload.abandon();
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long to arrive"));
            }
        };
        let written = tokio::task::spawn_blocking(move || match upload.write(&piece) {
            Ok(()) => Ok(upload),
            Err(error) => {
                upload.abandon();
                Err(error)
            }
        });
        upload = written.await.map_err(|_| Problem::internal())??;
    }
    let said = match upload.kind() {
        Kind::Contacts => format!("{}/{}", upload.digest(), upload.name()),
        Kind::Events => format!("{}/{}/events", upload.digest(), upload.name()),
    };
    let new = || Ok(upload.id().to_owned());
    let claim = match server.once.claim(&server.handle, &caller.id(), "import", &once, &said, new).await {
        Ok(claim) => claim,
        Err(problem) => {
            upload.abandon();
            return Err(problem);
        }
    };
    let import = match server.handle.import(&claim.id).await {
        Ok(known) if claim.repeated => {
            upload.abandon();
            known
        }
        // It is new, or what was claimed never came to be.
        Ok(_) | Err(ImportError::NotFound(_)) => server.handle.uploaded(upload.named(claim.id)?, caller.actor()).await?,
        Err(error) => {
            upload.abandon();
            return Err(error.into());
        }
    };
    let place = format!("/imports/{}", import.id);
    Ok(Made { body: import.into(), place, tag: None })
}

/// `GET /api/v1/imports`
pub(crate) async fn list(
    _: Caller<ContactsRead>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<ImportList>, Problem> {
    Ok(axum::Json(ImportList { imports: server.handle.imports().await?.into_iter().map(Shown::from).collect() }))
}

/// `GET /api/v1/imports/{import}`
pub(crate) async fn show(
    _: Caller<ContactsRead>,
    In(id): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<axum::Json<Shown>, Problem> {
    Ok(axum::Json(server.handle.import(&id).await?.into()))
}

/// `DELETE /api/v1/imports/{import}`
pub(crate) async fn forget(_: Caller<ContactsWrite>, In(id): In<String>, State(server): State<Shared>) -> Result<Done, Problem> {
    server.handle.forget_import(&id).await?;
    Ok(Done)
}

fn taken(import: Import) -> Taken<Shown> {
    let place = format!("/imports/{}", import.id);
    Taken { body: import.into(), place }
}

/// `POST /api/v1/imports/{import}/check`
pub(crate) async fn check(
    caller: Caller<ContactsWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
    Body(options): Body<ImportOptions>,
) -> Result<Taken<Shown>, Problem> {
    may(&caller, server.handle.import(&id).await?.kind, options.starts(), options.lists())?;
    Ok(taken(server.handle.check_import(&id, options.into()).await?))
}

/// `POST /api/v1/imports/{import}/run`
pub(crate) async fn run(
    caller: Caller<ContactsWrite>,
    In(id): In<String>,
    State(server): State<Shared>,
    Body(options): Body<ImportOptions>,
) -> Result<Taken<Shown>, Problem> {
    may(&caller, server.handle.import(&id).await?.kind, options.starts(), options.lists())?;
    Ok(taken(server.handle.run_import(&id, options.into()).await?))
}

/// `POST /api/v1/imports/{import}/stop`
pub(crate) async fn stop(_: Caller<ContactsWrite>, In(id): In<String>, State(server): State<Shared>) -> Result<Done, Problem> {
    server.handle.stop_import(&id).await?;
    Ok(Done)
}

/// `POST /api/v1/imports/{import}/undo`
pub(crate) async fn undo(caller: Caller<ContactsWrite>, In(id): In<String>, State(server): State<Shared>) -> Result<Taken<Shown>, Problem> {
    let import = server.handle.import(&id).await?;
    may(&caller, import.kind, false, import.options.list.is_some())?;
    Ok(taken(server.handle.undo_import(&id, caller.actor()).await?))
}

/// Which wrong rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichRows {
    /// How many to leave out.
    #[serde(default)]
    skip: u32,
    /// How many; 100 if nothing is said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// A page of wrong rows.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WrongRows {
    /// In the order of the file.
    rows: Vec<WrongRowShown>,
}

/// A wrong row.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WrongRow")]
struct WrongRowShown {
    /// The row as a spreadsheet numbers it, or the line of a JSONL file.
    row: u64,
    /// Its cells, in the order of the columns.
    cells: Vec<Any>,
    /// Everything that is wrong with it.
    faults: Vec<ImportFault>,
}

/// Something wrong with a row.
#[derive(Serialize, JsonSchema)]
struct ImportFault {
    /// The column; null if it is about the row as a whole.
    column: Option<String>,
    /// The beginning of the cell.
    cell: String,
    /// What is wrong, in words.
    why: String,
}

impl From<Fault> for ImportFault {
    fn from(fault: Fault) -> Self {
        Self { column: fault.column, cell: fault.cell, why: fault.why }
    }
}

/// `GET /api/v1/imports/{import}/faults`
pub(crate) async fn faults(
    _: Caller<ContactsRead>,
    In(id): In<String>,
    Asked(WhichRows { skip, limit }): Asked<WhichRows>,
    State(server): State<Shared>,
) -> Result<axum::Json<WrongRows>, Problem> {
    let limit = limit.unwrap_or(100) as usize;
    if !(1..=ROWS).contains(&limit) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", format!("limit is 1 to {ROWS}")));
    }
    let rows = server.handle.wrong_rows(&id, skip as usize, limit).await?;
    let shown = |row: runtime::WrongRow| WrongRowShown {
        row: row.row,
        cells: row.cells.into_iter().map(Any).collect(),
        faults: row.faults.into_iter().map(ImportFault::from).collect(),
    };
    Ok(axum::Json(WrongRows { rows: rows.into_iter().map(shown).collect() }))
}

/// A file that is made while it is sent.
pub(crate) struct Download {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) body: Raw,
}

impl Answer for Download {
    fn tell(operation: &mut Operation<'_>) {
        let file = || json!({ "type": "string", "format": "binary" });
        operation.answers_media(200, "The file.", &[("text/csv", file()), ("application/x-ndjson", file())], &[]);
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", self.name)) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}

/// `GET /api/v1/imports/{import}/errors`
pub(crate) async fn errors(
    _: Caller<ContactsRead>,
    In(id): In<String>,
    Asked(Nothing {}): Asked<Nothing>,
    State(server): State<Shared>,
) -> Result<Download, Problem> {
    let import = server.handle.import(&id).await?;
    let lines = ErrorLines::new(import.shape, import.columns.iter().map(|column| column.name.clone()).collect());
    let (name, media_type) = match import.shape {
        Shape::Csv { .. } => (format!("{id}.errors.csv"), "text/csv; charset=utf-8"),
        Shape::Jsonl => (format!("{id}.errors.jsonl"), "application/x-ndjson"),
    };
    let head = stream::iter([Ok::<_, ImportError>(lines.head())]);
    let rows = stream::try_unfold((server.handle.clone(), id, lines, 0), next_rows);
    Ok(Download { name, media_type, body: Raw::from_stream(head.chain(rows)) })
}

type Reading = (Handle, String, ErrorLines, usize);

async fn next_rows((handle, id, lines, skip): Reading) -> Result<Option<(Vec<u8>, Reading)>, ImportError> {
    let rows = handle.wrong_rows(&id, skip, ROWS).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let bytes = rows.iter().flat_map(|row| lines.line(&row.cells(), &row.faults)).collect();
    Ok(Some((bytes, (handle, id, lines, skip + rows.len()))))
}
