// Where the agent writes: Enter sends, Shift+Enter makes a line, files come by button, paste or drop.

import { useEffect, useLayoutEffect, useRef, useState, type ClipboardEvent, type DragEvent } from "react";
import { api, type Place } from "../api.ts";
import { Clip, Close, Doc, Send } from "../icons.tsx";
import { sends } from "../logic/keys.ts";
import { size } from "../logic/words.ts";
import { drafts } from "./drafts.ts";

/** The longest message in characters; the server refuses longer ones. */
export const TEXT_LIMIT = 8_000;
/** The most files one message carries. */
const FILES = 10;
const TYPING_EVERY = 3_000;

interface Pending {
  key: number;
  name: string;
  bytes: number;
  preview: string | null;
  id: string | null;
  problem: string | null;
}

interface Props {
  place: Place;
  placeholder: string;
  fileLimit: number;
  send(text: string, files: { id: string; name: string }[]): void;
}

export function Composer({ place, placeholder, fileLimit, send }: Props) {
  const [text, setText] = useState(() => drafts.get(place.conversation));
  const [files, setFiles] = useState<Pending[]>([]);
  const [over, setOver] = useState(false);
  /** It was sent while files were on their way: it goes when they are there. */
  const [waits, setWaits] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const nextKey = useRef(1);
  const typedAt = useRef(0);
  const previews = useRef(new Set<string>());

  useLayoutEffect(() => {
    const el = area.current;
    if (el === null) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 180)}px`;
  }, [text]);
  useEffect(() => drafts.set(place.conversation, text), [place.conversation, text]);
  useEffect(() => {
    const urls = previews.current;
    return () => urls.forEach((url) => URL.revokeObjectURL(url));
  }, []);

  useEffect(() => {
    // The button that took the chat is gone now; writing comes next. Anybody who is elsewhere stays there.
    if (document.activeElement === null || document.activeElement === document.body) area.current?.focus();
  }, []);

  const uploading = files.some((f) => f.id === null && f.problem === null);
  const ready = files.filter((f) => f.id !== null);
  const tooLong = text.length > TEXT_LIMIT;
  const canSend = !uploading && !tooLong && (text.trim() !== "" || ready.length > 0);

  const add = (chosen: readonly File[]): void => {
    for (const file of chosen.slice(0, Math.max(0, FILES - files.length))) {
      const key = nextKey.current++;
      const preview = /^image\/(png|jpeg|gif|webp)$/u.test(file.type) ? URL.createObjectURL(file) : null;
      if (preview !== null) previews.current.add(preview);
      const problem = file.size > fileLimit ? `larger than ${size(fileLimit)}` : file.size === 0 ? "empty" : null;
      setFiles((all) => [...all, { key, name: file.name, bytes: file.size, preview, id: null, problem }]);
      if (problem !== null) continue;
      const settle = (change: Partial<Pending>): void => setFiles((all) => all.map((f) => (f.key === key ? { ...f, ...change } : f)));
      api.upload(place, file).then(
        (stored) => settle({ id: stored.id }),
        (e: unknown) => settle({ problem: e instanceof Error ? e.message : "not uploaded" }),
      );
    }
  };

  const submit = (): void => {
    if (uploading && !tooLong) return setWaits(true);
    if (!canSend) return;
    send(
      text.trim(),
      ready.map((f) => ({ id: f.id ?? "", name: f.name })),
    );
    setText("");
    setFiles([]);
    area.current?.focus();
  };

  useEffect(() => {
    if (!waits || uploading) return;
    setWaits(false);
    // One that did not arrive says so, and the agent decides what becomes of the rest.
    if (files.every((f) => f.problem === null)) submit();
  });

  const typed = (value: string): void => {
    setText(value);
    // Not what was sent any more.
    setWaits(false);
    const now = Date.now();
    if (value !== "" && now - typedAt.current > TYPING_EVERY) {
      typedAt.current = now;
      // Best effort: that the customer does not see it is no reason to disturb the agent.
      api.typing(place).catch(() => undefined);
    }
  };

  const paste = (e: ClipboardEvent): void => {
    const pasted = [...e.clipboardData.files];
    if (pasted.length > 0) {
      e.preventDefault();
      add(pasted);
    }
  };
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    setOver(false);
    add([...e.dataTransfer.files]);
  };

  return (
    <form
      className={`composer${over ? " over" : ""}`}
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
      onDragOver={(e) => {
        if (e.dataTransfer.types.includes("Files")) {
          e.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {files.length > 0 && (
        <ul className="pending" aria-label="Files to send">
          {files.map((f) => (
            <li key={f.key} className={f.problem === null ? "" : "bad"}>
              {f.preview === null ? <Doc /> : <img src={f.preview} alt="" />}
              <span>
                <bdi className="file-name">{f.name}</bdi>
                <span className="file-size" role={f.problem === null ? undefined : "alert"}>
                  {f.problem ?? (f.id === null ? "Uploading…" : size(f.bytes))}
                </span>
              </span>
              <button type="button" className="icon-button small" aria-label={`Remove ${f.name}`} onClick={() => setFiles((all) => all.filter((x) => x.key !== f.key))}>
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="compose-line">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(e) => {
            add([...(e.target.files ?? [])]);
            e.target.value = "";
          }}
        />
        <button type="button" className="icon-button" aria-label="Attach files" title="Attach files" onClick={() => picker.current?.click()}>
          <Clip />
        </button>
        <textarea
          ref={area}
          rows={1}
          value={text}
          dir="auto"
          aria-label="Message"
          aria-describedby="compose-hint"
          placeholder={placeholder}
          onChange={(e) => typed(e.target.value)}
          onPaste={paste}
          onKeyDown={(e) => {
            if (
              sends({
                key: e.key,
                shiftKey: e.shiftKey,
                ctrlKey: e.ctrlKey,
                metaKey: e.metaKey,
                altKey: e.altKey,
                isComposing: e.nativeEvent.isComposing,
                keyCode: e.nativeEvent.keyCode,
              })
            ) {
              e.preventDefault();
              submit();
            }
          }}
        />
        <button type="submit" className="button primary send" disabled={!canSend && (!uploading || tooLong)} aria-busy={waits} aria-label="Send">
          <Send />
        </button>
      </div>
      <p id="compose-hint" className={`compose-hint${tooLong ? " bad" : waits ? " waits" : ""}`}>
        {tooLong
          ? `${text.length - TEXT_LIMIT} characters too long`
          : waits
            ? "Sent as soon as the files are there"
            : "Enter sends, Shift+Enter starts a new line"}
      </p>
    </form>
  );
}
