// Whether an agent accepts chats: what they chose last is shown at once and told to the server, one choice at a time, so that two quick
// ones cannot overtake each other on the way. What the server said before a choice is older than the choice.

/** What is shown: the choice, and whether the server still has to hear of it. */
export interface Choice {
  on: boolean;
  telling: boolean;
}

export interface Way {
  /** Tells the server; ends in any case, and soon. */
  tell(on: boolean): Promise<void>;
  /** Whether the choice was taken is not known; what is shown is what the server had before. */
  failed(error: unknown): void;
  /** Everything is told: what the server has is to be read. Readings meanwhile were thrown away. */
  settled(): void;
}

export class Accepting {
  private readonly listeners = new Set<() => void>();
  private shown: Choice;
  /** What the server has, as far as is known. */
  private known: boolean;
  /** What is on its way to it. */
  private told: boolean | null = null;
  private underWay: Promise<void> = Promise.resolve();
  /** How often something was chosen or taken: a reading that began at another number is old. */
  private number = 0;

  constructor(
    first: boolean,
    private readonly way: Way,
  ) {
    this.known = first;
    this.shown = { on: first, telling: false };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  choice = (): Choice => this.shown;

  choose(on: boolean): void {
    const telling = this.shown.telling;
    this.number += 1;
    this.show({ on, telling: true });
    if (!telling) this.underWay = this.tell();
  }

  /** A reading of the desk begins; what it says is handed to the function that is returned. */
  reading(): (on: boolean) => void {
    const began = this.number;
    return (on) => {
      if (this.shown.telling || began !== this.number) return;
      this.known = on;
      if (this.shown.on !== on) this.show({ on, telling: false });
    };
  }

  /** When everything that was chosen is told. */
  flush = (): Promise<void> => this.underWay;

  /** The page goes: a choice that waits for the one before it waits no longer. */
  leave = (): void => {
    if (this.told !== null && this.told !== this.shown.on) void this.way.tell(this.shown.on).catch(() => undefined);
  };

  private async tell(): Promise<void> {
    let again: boolean;
    // At least once, whatever is known: another tab may have chosen otherwise.
    do {
      const { on } = this.shown;
      again = false;
      this.told = on;
      try {
        await this.way.tell(on);
        this.known = on;
      } catch (error) {
        if (this.shown.on === on) {
          this.shown = { on: this.known, telling: true };
          this.way.failed(error);
        } else {
          // It may have been taken all the same: what was chosen since is told, be it what the server had before.
          again = true;
        }
      }
    } while (again || this.shown.on !== this.known);
    this.told = null;
    this.number += 1;
    this.show({ on: this.known, telling: false });
    this.way.settled();
  }

  private show(choice: Choice): void {
    this.shown = choice;
    for (const listener of this.listeners) listener();
  }
}
