// The webhooks' way to `/api/v1`: one function per question.

import type { Page } from "../book/pages.ts";
import { v1, type Schema } from "../v1/client.ts";

export type Webhook = Schema<"Webhook">;
export type WebhookEvent = Schema<"WebhookEvent">;
export type WithSecret = Schema<"WebhookWithSecret">;
export type Tested = Schema<"WebhookTest">;
export type Delivery = Schema<"Delivery">;
export type DeliveryState = Schema<"DeliveryState">;

/** A webhook as it is written. */
export interface HookText {
  url: string;
  events: WebhookEvent[];
  description: string;
  /** How many deliveries may be under way at once. */
  parallel: number;
}

const PAGE = 50;
const until = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
const at = (webhook: string): { params: { path: { webhook: string } } } => ({ params: { path: { webhook } } });

async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

export const hooks = {
  all: async (signal?: AbortSignal): Promise<Webhook[]> => (await data(v1.GET("/webhooks", until(signal)))).webhooks,
  one: (id: string, signal?: AbortSignal): Promise<Webhook> => data(v1.GET("/webhooks/{webhook}", { ...at(id), ...until(signal) })),
  /** The same `once` again makes none again, and answers the same secret. */
  make: (hook: HookText, once: string): Promise<WithSecret> => data(v1.POST("/webhooks", { body: { ...hook, enabled: true }, headers: { "idempotency-key": once } })),
  /** Changes it, if nobody did since the tag was read; what is not said stays as it is. */
  change: (id: string, said: Partial<HookText>, tag: string): Promise<Webhook> => data(v1.PATCH("/webhooks/{webhook}", { ...at(id), body: { url: null, events: null, description: null, parallel: null, enabled: null, ...said }, headers: { "if-match": tag } })),
  enable: (id: string, enabled: boolean): Promise<Webhook> => data(v1.PATCH("/webhooks/{webhook}", { ...at(id), body: { url: null, events: null, description: null, parallel: null, enabled } })),
  remove: async (id: string): Promise<void> => void (await v1.DELETE("/webhooks/{webhook}", at(id))),
  renew: (id: string): Promise<WithSecret> => data(v1.POST("/webhooks/{webhook}/secret", at(id))),
  test: (id: string): Promise<Tested> => data(v1.POST("/webhooks/{webhook}/test", at(id))),
  deliveries: async (id: string, state: DeliveryState | null, cursor: string | null, signal: AbortSignal): Promise<Page<Delivery>> => {
    const query = { limit: PAGE, ...(state === null ? {} : { state }), ...(cursor === null ? {} : { cursor }) };
    const { deliveries, next_cursor } = await data(v1.GET("/webhooks/{webhook}/deliveries", { params: { path: { webhook: id }, query }, signal }));
    return { rows: deliveries, next: next_cursor, total: null };
  },
  replay: async (id: string, delivery: string): Promise<number> => (await data(v1.POST("/webhooks/{webhook}/replay", { ...at(id), body: { delivery, from: null, until: null } }))).queued,
  /** Everything of a span once more; instants are RFC 3339. */
  replaySpan: async (id: string, from: string, to: string | null): Promise<number> => (await data(v1.POST("/webhooks/{webhook}/replay", { ...at(id), body: { delivery: null, from, until: to } }))).queued,
};
