// The console's way to the server: one function per route, one kind of error.

import type { Picture, Resting } from "./flows/types.ts";
import { sentence } from "./logic/words.ts";
import type { DeskView, FileRef, JourneyPage, Me, Page, PersonView } from "./types.ts";

/** What the server, or the way to it, said no to. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 when the server was not reached. */
    readonly status: number,
    /** A stable word for programs. */
    readonly code: string,
    message: string,
    /** Seconds after which trying again makes sense. */
    readonly retryAfter: number | null = null,
    /** Whatever else the problem says: places of faults, counts. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const BASE = "/console/api";
/** How long a short answer is waited for where others wait behind it, in milliseconds. */
const PATIENCE = 10_000;
// Writes carry this header: a form or a link of another site cannot.
export const WRITE = { "x-switchboard": "console" };

const call = (path: string, init?: RequestInit): Promise<Response> => ask(BASE + path, init);

/** Asks the server; whatever is not done is an {@link ApiError}. */
export async function ask(address: string | Request, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (e) {
    // Somebody who no longer wants the answer is not told that the server is away.
    if ((init?.signal ?? (address instanceof Request ? address.signal : null))?.aborted === true) throw e;
    throw new ApiError(0, "offline", "The server cannot be reached. Trying again when it is back.");
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const after = Number(response.headers.get("retry-after"));
  throw new ApiError(
    response.status,
    typeof problem["code"] === "string" ? problem["code"] : "error",
    typeof problem["detail"] === "string" ? sentence(problem["detail"]) : `The server answered ${response.status}.`,
    Number.isFinite(after) && after > 0 ? after : null,
    problem,
  );
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await call(path, signal === undefined ? {} : { signal })).json()) as T;
}

async function post(path: string, body: unknown, keepalive = false, signal?: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json", ...WRITE };
  return call(path, { method: "POST", headers, body: JSON.stringify(body), keepalive, ...(signal === undefined ? {} : { signal }) });
}

/** Which conversation of which contact. */
export interface Place {
  contact: string;
  conversation: string;
}

const at = (place: Place): string =>
  `/contacts/${encodeURIComponent(place.contact)}/conversations/${encodeURIComponent(place.conversation)}`;

export const api = {
  me: () => get<Me>("/me"),
  signIn: async (login: string, password: string): Promise<void> => void (await post("/sign-in", { login, password })),
  signOut: async (): Promise<void> => void (await post("/sign-out", {})),
  desk: () => get<DeskView>("/desk"),
  /** Arrives even if the page is closed at once: who stops accepting chats often goes. */
  accepting: async (accepting: boolean): Promise<void> => void (await post("/accepting", { accepting }, true, AbortSignal.timeout(PATIENCE))),
  skills: async (): Promise<string[]> => (await get<{ skills: string[] }>("/skills")).skills,
  person: (place: Place) => get<PersonView>(at(place)),
  newest: (place: Place, limit: number) => get<Page>(`${at(place)}/messages?limit=${limit}`),
  before: (place: Place, no: number, limit: number) => get<Page>(`${at(place)}/messages?before=${no}&limit=${limit}`),
  after: (place: Place, no: number, limit: number) => get<Page>(`${at(place)}/messages?after=${no}&limit=${limit}`),
  journey: (place: Place, skip: number, limit: number) => get<JourneyPage>(`${at(place)}/journey?skip=${skip}&limit=${limit}`),
  take: async (place: Place): Promise<void> => void (await post(`${at(place)}/take`, {})),
  say: async (place: Place, clientId: string, text: string, files: string[]): Promise<void> =>
    void (await post(`${at(place)}/messages`, { client_id: clientId, text, files })),
  /** The request is named: one that is sent twice never closes the one after it. `last`: the page is going and hears no answer. */
  resolve: async (place: Place, request: string, skill: string | null, last = false): Promise<void> =>
    void (await post(`${at(place)}/resolve`, { request, ...(skill === null ? {} : { skill }) }, last)),
  note: async (place: Place, text: string): Promise<void> => void (await post(`${at(place)}/notes`, { text })),
  dismiss: async (place: Place): Promise<void> => void (await post(`${at(place)}/dismiss`, {})),
  typing: async (place: Place): Promise<void> => void (await post(`${at(place)}/typing`, {})),
  upload: async (place: Place, file: File): Promise<FileRef> => {
    const response = await call(`${at(place)}/files?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { "content-type": file.type === "" ? "application/octet-stream" : file.type, ...WRITE },
      body: file,
    });
    return (await response.json()) as FileRef;
  },
  fileUrl: (place: Place, id: string): string => `${BASE}${at(place)}/files/${encodeURIComponent(id)}`,
  flows: () => get<Picture>("/flows"),
  resting: () => get<Resting>("/flows/resting"),
  streamUrl: `${BASE}/stream`,
};
