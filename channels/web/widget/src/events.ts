/**
 * Reads an event stream, however it is cut into pieces.
 *
 * An event counts only when its empty line has come; what a broken connection left half is thrown away with the
 * reader, and the next stream begins at the cursor of the last whole one. Our server's events have one line of
 * data; their ids repeat the number that the data has.
 */

export interface ServerEvent {
  name: string;
  data: string;
}

export class EventReader {
  #rest = "";
  readonly #decoder = new TextDecoder();

  push(piece: Uint8Array): ServerEvent[] {
    const blocks = (this.#rest + this.#decoder.decode(piece, { stream: true })).split("\n\n");
    this.#rest = blocks.pop()!;
    const field = (block: string, name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1] ?? "";
    return blocks.map((block) => ({ name: field(block, "event"), data: field(block, "data") })).filter((event) => event.data);
  }
}
