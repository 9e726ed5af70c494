/**
 * What the browser keeps between visits: the token, what was seen, what is yet to be sent.
 *
 * localStorage where there is one; else memory, so that a page without storage still chats until it is left.
 */

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export class Memory implements Store {
  readonly #map = new Map<string, string>();
  get length() {
    return this.#map.size;
  }
  key(n: number) {
    return [...this.#map.keys()][n] ?? null;
  }
  getItem(key: string) {
    return this.#map.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.#map.set(key, value);
  }
  removeItem(key: string) {
    this.#map.delete(key);
  }
}

function best(): Store {
  try {
    const store = localStorage;
    store.setItem("switchboard", "");
    store.removeItem("switchboard");
    return store;
  } catch {
    // Forbidden (a sandbox, a setting) or full.
    return new Memory();
  }
}

export class Keep {
  constructor(
    readonly prefix: string,
    private store: Store = best(),
  ) {}

  get(name: string): string | null {
    try {
      return this.store.getItem(this.prefix + name);
    } catch {
      return null;
    }
  }

  set(name: string, value: string | null) {
    try {
      if (value === null) this.store.removeItem(this.prefix + name);
      else this.store.setItem(this.prefix + name, value);
    } catch {
      // Full: what is in memory goes on; only durability is lost.
    }
  }

  /** Names that begin so, in order. */
  names(begin: string): string[] {
    const found: string[] = [];
    const whole = this.prefix + begin;
    try {
      for (let n = 0; n < this.store.length; n++) {
        const key = this.store.key(n);
        if (key?.startsWith(whole)) found.push(key.slice(this.prefix.length));
      }
    } catch {
      // Storage went away: nothing is kept.
    }
    return found.sort();
  }
}

/** How far one has come, as a number: kept, and known to this page as well when nothing more can be kept. */
export class Mark {
  #known = 0;

  constructor(
    private keep: Keep,
    private name: string,
  ) {}

  get at(): number {
    return Math.max(this.#known, Number(this.keep.get(this.name)) || 0);
  }

  set at(no: number) {
    this.#known = no;
    this.keep.set(this.name, `${no}`);
  }

  /** Somebody else is here, whose page may have kept theirs already. */
  anew() {
    this.#known = 0;
  }

  forget() {
    this.anew();
    this.keep.set(this.name, null);
  }
}
