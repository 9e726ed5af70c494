// The client of `/api/v1`, typed by the API's own document (`schema.ts`, which `npm run api` writes anew).
//
// What is not done is thrown as an ApiError, like everywhere in the console: whoever asks gets `data`.

import createClient from "openapi-fetch";
import { ask, WRITE } from "../api.ts";
import type { components, paths } from "./schema.ts";

/** `v1.GET("/contacts/{contact}", { params: { path: { contact } } })` */
export const v1 = createClient<paths>({ baseUrl: "/api/v1", headers: WRITE, fetch: (request) => ask(request) });

/** What the document calls by this name. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];
