// Every page of the console as people see it, light and dark: every word can be read, nothing is wider than the window, and a picture is kept.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Book } from "./book.mjs";
import { launch } from "./browser.mjs";
import { picture } from "./journey.mjs";
import { contrast, fits, open, until } from "./pages.mjs";
import { ROOT } from "./server.mjs";

let book, browser, ana, bea, uploaded, events, checked, webhook, erasure;
async function prepared() {
  [book, browser] = await Promise.all([Book.opens(join(ROOT, "flows/shop")), launch()]);
  const add = async (first_name, last_name, more = {}) => (await book.add({ first_name, last_name, ...more })).id;
  ana = await add("Ana", "Ruiz", { attributes: { orders: 7, total_spent: 320.5, email: "ana@shop.example", last_order: "2026-11-02" }, tags: ["friend", "met at the fair in spring"] });
  bea = await add("Ana", "Ruiz-Sato", { attributes: { orders: 1, email: "bea@shop.example" } });
  for (let n = 0; n < 24; n++) await add(["Chidi", "Dörte", "مريم", "李"][n % 4], `Kaya ${n}`, { attributes: { orders: n % 6 }, tags: n % 5 === 0 ? ["quote-open"] : [] });
  await book.call("POST", `/contacts/${ana}/notes`, { text: "Likes it dark. Delivers to the back door." });
  await book.call("PUT", `/contacts/${ana}/consents`, { topic: "news", given: true, proof: "the form at the fair" });
  const upload = async (name, kind, text) => {
    const response = await fetch(`${book.origin}/api/v1/imports?name=${name}&kind=${kind}`, { method: "POST", headers: { authorization: `Bearer ${book.key}`, "content-type": "application/octet-stream" }, body: text });
    assert.ok(response.ok, await response.clone().text());
    return (await response.json()).id;
  };
  uploaded = await upload("people.csv", "contacts", "Given name;Mail;orders;Remarks\r\nIda;ida@shop.example;3;calls on Mondays\r\n");
  events = await upload("orders.csv", "events", "Customer;Day;Total\r\nana@shop.example;2026-04-03;12.50\r\n");
  checked = await upload("few.csv", "contacts", "email,orders\r\nida@shop.example,3\r\nno address,many\r\n");
  await book.call("POST", `/imports/${checked}/check`, { map: {} });
  await until(async () => (await book.call("GET", `/imports/${checked}`)).state, (state) => state === "checked", "the file is checked");
  ({ webhook } = await book.call("POST", "/webhooks", { url: "https://a-receiver-that-is-not-there.example/switchboard/webhooks/in", events: ["contact.created", "tag.added", "conversation.handed_off"], description: "The books" }));
  const gone = await add("Gone", "Person", { tags: ["gone"] });
  ({ erasure } = await book.call("POST", `/contacts/${gone}/erase`, { preview: false }));
}
async function closed() {
  await browser?.close();
  await book?.closes();
}

/** Where one goes, what is there when it is drawn, and what it is called. */
const pages = () => [
  ["contacts", "/console/contacts", (page) => page.getByText("Kaya 3", { exact: false }).first()],
  ["condition", "/console/contacts?where=orders+%3E%3D+3+and+has+tg", (page) => page.locator(".fault")],
  ["contact", `/console/contacts/${ana}`, (page) => page.getByText("Came to be", { exact: false })],
  ["merge", `/console/contacts/${ana}/merge/${bea}`, (page) => page.getByText("Afterwards", { exact: true })],
  ["said", "/console/contacts?said=teapot", (page) => page.locator("main")],
  ["segments", "/console/segments", (page) => page.getByRole("link", { name: "Our best customers" })],
  ["segment", "/console/segments/vip", (page) => page.getByRole("img", { name: /people in the last/ })],
  ["segment-new", "/console/segments?new=1&where=orders+%3E%3D+3", (page) => page.getByText(/of \d+ people/)],
  ["flows", "/console/flows", (page) => page.locator(".react-flow__node").first()],
  ["flow", "/console/flows/talk-to-us", (page) => page.locator(".react-flow__node").first()],
  ["block", "/console/flows/talk-to-us/person", (page) => page.getByRole("heading", { name: "Exits" })],
  ["webhooks", "/console/webhooks", (page) => page.getByRole("link", { name: /a-receiver/ })],
  ["webhook", `/console/webhooks/${webhook.id}`, (page) => page.getByRole("heading", { name: "How it stands" })],
  ["imports", "/console/imports/new", (page) => page.getByRole("link", { name: "people.csv" })],
  ["import-columns", `/console/imports/${uploaded}`, (page) => page.getByRole("region", { name: "Columns of the file" })],
  ["import-events", `/console/imports/${events}`, (page) => page.getByRole("region", { name: "Columns of the file" })],
  ["import-checked", `/console/imports/${checked}`, (page) => page.getByRole("region", { name: "Rows with errors" })],
  ["certificates", "/console/erasures", (page) => page.locator(".erasures summary")],
  ["certificate", `/console/erasures/${erasure.id}`, (page) => page.getByText("What went", { exact: true })],
  ["nowhere", "/console/segments/there/is/none", (page) => page.getByRole("heading", { name: "There is nothing here" })],
];

/** Registers the tests of one size of window. */
export function walk(size, window) {
  before(prepared);
  after(closed);
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}: the pages`, async () => {
      const { context, page, seen } = await open(browser, book, "/console/contacts", { ...window, colorScheme });
      for (const [name, path, drawn] of pages()) {
        await page.goto(book.origin + path);
        await drawn(page).waitFor();
        await contrast(page, name);
        await fits(page, name);
        await picture(page, `page-${name}-${size}-${colorScheme}`);
      }
      assert.deepEqual(seen, []);
      await context.close();
    });
  }
}
