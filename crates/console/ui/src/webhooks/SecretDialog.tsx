// The secret of a webhook, which is shown this once and nowhere else.

import { useId, useState } from "react";
import { Dialog } from "../parts/Dialog.tsx";

export function SecretDialog({ secret, done }: { secret: string; done(): void }) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const id = useId();
  const copy = (): void => {
    // Without https a browser has no clipboard: then the text is marked, to be copied by hand.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    if (clipboard === undefined) setCopied("failed");
    else clipboard.writeText(secret).then(() => setCopied("yes"), () => setCopied("failed"));
  };
  return (
    <Dialog title="Its secret" confirm="I have kept it" escapes={false} wide act={async () => undefined} close={done}>
      <p>The receiver verifies by it that a delivery is from here. It is shown now and never again; a new one can be made at any time.</p>
      <div className="field">
        <label htmlFor={id}>Secret</label>
        <div className="secret-line">
          <input id={id} value={secret} readOnly dir="ltr" onFocus={(e) => e.target.select()} />
          <button type="button" className="button" onClick={copy}>
            Copy
          </button>
        </div>
        <p className="hint" role="status">
          {copied === "yes" ? "Copied" : copied === "failed" ? "It could not be copied: mark it and copy it by hand" : ""}
        </p>
      </div>
    </Dialog>
  );
}
