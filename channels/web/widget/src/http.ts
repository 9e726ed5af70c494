/** The requests of one visit. The token travels in a header, never in an address and never as a cookie. */

import type { FileLine, Greeting, Page } from "./types";

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  let detail = "";
  try {
    detail = String((await response.json()).detail ?? "");
  } catch {
    // Not ours: a proxy's page. The status is enough.
  }
  throw new HttpError(response.status, detail, Number(response.headers.get("retry-after")) || 0);
}

/** What the browser says of itself when a visit begins: its time zone, and the other site that led here. */
function about(): Record<string, string> {
  const { referrer } = document;
  return {
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(referrer && !referrer.startsWith(`${location.origin}/`) ? { referrer } : {}),
  };
}

export class Api {
  token: string | null = null;

  constructor(readonly base: string) {}

  #call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.token) headers["authorization"] = `Bearer ${this.token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    return fetch(this.base + path, {
      method,
      headers,
      credentials: "omit",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }).then(checked);
  }

  async begin(): Promise<Greeting & { token: string }> {
    return (await this.#call("POST", "session", about())).json();
  }

  async greet(): Promise<Greeting> {
    return (await this.#call("GET", "session")).json();
  }

  async post(path: string, body: unknown): Promise<unknown> {
    const answer = await this.#call("POST", path, body);
    return answer.status === 204 ? {} : answer.json();
  }

  async get(path: string): Promise<unknown> {
    return (await this.#call("GET", path)).json();
  }

  async page(query: string): Promise<Page> {
    return (await this.#call("GET", `messages?${query}`)).json();
  }

  stream(cursor: number, signal: AbortSignal): Promise<Response> {
    return this.#call("GET", `stream?cursor=${cursor}`, undefined, signal);
  }

  async file(id: string, line?: number): Promise<Blob> {
    return (await this.#call("GET", `files/${id}${line ? `?line=${line}` : ""}`)).blob();
  }

  /** Uploads a file; fetch tells no progress, so this is the older way. */
  upload(file: File, progress: (part: number) => void, signal: AbortSignal): Promise<FileLine> {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.base}files?name=${encodeURIComponent(file.name)}`);
      request.setRequestHeader("authorization", `Bearer ${this.token}`);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.responseType = "json";
      request.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
      request.onload = () =>
        request.status === 201
          ? done(request.response as FileLine)
          : failed(new HttpError(request.status, request.response?.detail ?? ""));
      request.onerror = () => failed(new HttpError(0, ""));
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }
}
