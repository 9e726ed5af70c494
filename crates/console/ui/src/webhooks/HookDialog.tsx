// A webhook that is made.

import { useRef, useState } from "react";
import { Dialog } from "../parts/Dialog.tsx";
import type { HookText } from "./api.ts";
import { HookFields } from "./HookFields.tsx";
import { isWritten, NEW_HOOK, trimmed } from "./words.ts";

interface Props {
  /** The same `once` again is the same webhook. */
  make(hook: HookText, once: string): Promise<void>;
  over(e: unknown): void;
  close(): void;
}

export function HookDialog({ make, over, close }: Props) {
  const [hook, setHook] = useState(NEW_HOOK);
  const once = useRef({ of: "", key: "" });
  return (
    <Dialog
      title="New webhook"
      confirm="Make it"
      wide
      ready={isWritten(hook)}
      act={async () => {
        const said = trimmed(hook);
        const text = JSON.stringify(said);
        if (once.current.of !== text) once.current = { of: text, key: crypto.randomUUID() };
        try {
          await make(said, once.current.key);
        } catch (e) {
          over(e);
          throw e;
        }
      }}
      close={close}
    >
      <HookFields hook={hook} write={setHook} />
    </Dialog>
  );
}
