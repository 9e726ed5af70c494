// The page on which a segment is written: its name, its rule with a count and some of whom it holds for, and whom it leaves out.

import { useContext, useEffect, useId, useMemo, useRef, useState } from "react";
import { ApiError } from "../api.ts";
import { drafts } from "../desk/drafts.ts";
import { Back } from "../icons.tsx";
import { Link, navigate } from "../nav.tsx";
import { Ticked } from "../parts/Ticked.tsx";
import { book, type Seen } from "./api.ts";
import { useAsked } from "./asked.ts";
import { ConditionField } from "./ConditionField.tsx";
import { faultsOf, refusedAt, useJudged, type Found } from "./judged.tsx";
import { LeftOut } from "./LeftOut.tsx";
import { MemoryContext } from "./pages.ts";
import { segmentPath } from "./route.ts";
import { begun, changeOf, differs, isFilled, keptForm, NEW, wholeRule, type SegmentText } from "./segmenting.ts";
import { useSettled } from "./settle.ts";
import { Failed, Waiting } from "./states.tsx";
import type { Segment, SegmentChanged } from "./types.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WhoIsIn } from "./WhoIsIn.tsx";

/** How many of those for whom the rule holds are named. */
const SAMPLE = 5;
/** The longest name, in characters, as the server has it. */
const LONGEST = 128;

interface Props {
  bot: string;
  /** The segment that is changed; none if a new one is written. */
  segment: string | null;
  /** The rule that a new one begins with. */
  where: string;
  vocabulary: Vocabulary;
  renamed(): void;
  over(e: unknown): void;
}

export function SegmentForm({ bot, segment: key, where, vocabulary, renamed, over }: Props) {
  const { answer, problem, again } = useAsked<Seen<Segment>>(key, (signal) => book.segmentSeen(key ?? "", signal), over);
  useEffect(() => {
    document.title = `${key === null ? "New segment" : (answer?.is.name ?? key)} · ${bot}`;
  }, [key, answer, bot]);
  const back = key === null ? "/console/segments" : segmentPath(key);
  return (
    <main className="book">
      <div className="book-head">
        <Link to={back} className="icon-button" title="Back">
          <Back />
          <span className="sr-only">Back</span>
        </Link>
        <h1>
          <bdi>{key === null ? "New segment" : `Change ${answer?.is.name ?? key}`}</bdi>
        </h1>
      </div>
      {problem !== null && <Failed problem={problem} again={again} />}
      {key !== null && answer === null && problem === null && <Waiting />}
      {answer !== null && answer.is.origin === "file" ? (
        <p className="book-note">
          This segment is written in <code>segments.yaml</code> in the bot’s folder, and changed there. <Link to={back}>Back to it</Link>
        </p>
      ) : (
        (key === null || answer !== null) && <Form seen={answer} where={where} vocabulary={vocabulary} renamed={renamed} over={over} />
      )}
    </main>
  );
}

interface FormProps {
  seen: Seen<Segment> | null;
  where: string;
  vocabulary: Vocabulary;
  renamed(): void;
  over(e: unknown): void;
}

/** What the server said no to. */
interface Refused {
  says: string;
  /** The field it is about. */
  field: string | null;
  /** Where the rule cannot be read. */
  faults: Found | null;
}

function Form({ seen, where: first, vocabulary, renamed, over }: FormProps) {
  const key = seen?.is.key ?? null;
  const draft = `segment ${key ?? ""}`;
  const [base, setBase] = useState<Seen<Segment> | null>(seen);
  const from = useMemo(() => (base === null ? { ...NEW, where: first } : begun(base.is)), [base, first]);
  const [form, setForm] = useState<SegmentText>(() => keptForm(drafts.get(draft), from, first));
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [theirs, setTheirs] = useState<Seen<Segment> | null>(null);
  const [saved, setSaved] = useState<SegmentChanged | null>(null);
  const once = useRef({ of: "", key: "" });
  const settled = useSettled(form.kind === "rule" ? form.where.trim() : "", 250);
  const [judged] = useJudged(settled, over, { sample: SAMPLE });
  const memory = useContext(MemoryContext);
  const id = useId();

  const write = (change: Partial<SegmentText>): void => {
    const next = { ...form, ...change };
    setForm(next);
    setSaved(null);
    setRefused(null);
    drafts.set(draft, differs(next, from) ? JSON.stringify(next) : "");
  };
  const save = async (tag: string | null): Promise<void> => {
    setBusy(true);
    setRefused(null);
    const body = changeOf(form, key === null);
    try {
      const said = JSON.stringify(body);
      if (once.current.of !== said) once.current = { of: said, key: crypto.randomUUID() };
      const changed = key === null ? await book.makeSegment(body, once.current.key) : await book.changeSegment(key, body, tag);
      drafts.set(draft, "");
      renamed();
      // Whoever was in it before the change may not be in it now.
      memory.forget("");
      // What is odd is read before one goes on.
      if (changed.warnings.length > 0) setSaved(changed);
      else navigate(segmentPath(changed.key), "replace");
    } catch (e) {
      over(e);
      if (e instanceof ApiError && e.status === 412 && key !== null) setTheirs(await book.segmentSeen(key));
      else {
        const faults = refusedAt(e);
        const field = e instanceof ApiError && typeof e.more["field"] === "string" ? e.more["field"] : null;
        const says = e instanceof ApiError && e.status === 0 ? "The server cannot be reached. What you wrote is still here." : e instanceof Error ? e.message : "It was not saved.";
        setRefused({ says, field, faults: faults === null ? null : { of: form.where, list: faults, odd: false } });
      }
    } finally {
      setBusy(false);
    }
  };
  const about = (field: string): string | undefined => (refused?.field === field ? `${id}-refused` : undefined);
  const others = vocabulary.segments.filter((s) => s.key !== key);
  const list = form.kind === "list";
  return (
    <div className="book-scroll form-page">
      <form
        className="segment-form"
        onSubmit={(e) => {
          e.preventDefault();
          if (!busy && isFilled(form)) void save(base?.tag ?? null);
        }}
      >
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input id={`${id}-name`} value={form.name} maxLength={LONGEST} required autoComplete="off" dir="auto" aria-describedby={about("name")} onChange={(e) => write({ name: e.target.value })} />
        </div>
        {key === null ? (
          <fieldset className="kinds-of-segment">
            <legend>Who is in it</legend>
            <label className="choice-line">
              <input type="radio" name={`${id}-kind`} checked={!list} onChange={() => write({ kind: "rule" })} />
              <span>
                Everybody for whom a rule holds
                <small>They come in and go out by themselves, at the very moment.</small>
              </span>
            </label>
            <label className="choice-line">
              <input type="radio" name={`${id}-kind`} checked={list} onChange={() => write({ kind: "list" })} />
              <span>
                A list
                <small>People are put on it and taken off, by you, an import or a program.</small>
              </span>
            </label>
          </fieldset>
        ) : (
          <p className="segment-kind">{list ? "A list: people are put on it and taken off on its page." : "Everybody for whom the rule holds."}</p>
        )}
        {!list && (
          <div className="field">
            <p className="label" aria-hidden="true">
              Rule
            </p>
            <ConditionField label="Rule" text={form.where} change={(where) => write({ where })} vocabulary={vocabulary} faults={refused?.faults ?? faultsOf(judged, form.where)} describedBy={`${id}-count`} placeholder="orders >= 3 and has tag vip" />
          </div>
        )}
        {!list && <WhoIsIn id={`${id}-count`} judged={judged} settled={settled} whole={wholeRule(form)} verified={form.verified} over={over} />}
        <LeftOut keys={form.exclude} others={others} change={(exclude) => write({ exclude })} />
        <label className="check-line">
          <input type="checkbox" checked={form.verified} onChange={(e) => write({ verified: e.target.checked })} /> Only people the website vouched for
        </label>
        <div className="field">
          <label htmlFor={`${id}-description`}>
            Description <span className="muted">for your colleagues</span>
          </label>
          <textarea id={`${id}-description`} value={form.description} rows={2} dir="auto" aria-describedby={about("description")} onChange={(e) => write({ description: e.target.value })} />
        </div>
        {key === null && (
          <div className="field">
            <label htmlFor={`${id}-key`}>
              Key <span className="muted">what rules, programs and addresses call it; made of the name if it is empty</span>
            </label>
            <input id={`${id}-key`} value={form.key} maxLength={64} pattern="[A-Za-z0-9_\-]+" title="Letters, digits, - and _" autoComplete="off" autoCapitalize="none" spellCheck={false} dir="ltr" aria-describedby={about("key")} onChange={(e) => write({ key: e.target.value })} />
          </div>
        )}
        {refused !== null && refused.faults === null && (
          <p className="problem" role="alert" id={`${id}-refused`}>
            {refused.says}
          </p>
        )}
        {theirs !== null && (
          <div className="conflict" role="alert">
            <p>
              Somebody changed it meanwhile{theirs.is.where === null ? "" : ": its rule is now "}
              {theirs.is.where !== null && <code dir="ltr">{theirs.is.where}</code>}. What you wrote is still here.
            </p>
            <div className="field-actions">
              <button
                type="button"
                className="button"
                disabled={busy}
                onClick={() => {
                  setBase(theirs);
                  setTheirs(null);
                  void save(theirs.tag);
                }}
              >
                Save mine
              </button>
              <button
                type="button"
                className="button"
                onClick={() => {
                  setBase(theirs);
                  setForm(begun(theirs.is));
                  drafts.set(draft, "");
                  setTheirs(null);
                }}
              >
                Take theirs
              </button>
            </div>
          </div>
        )}
        {saved !== null && (
          <div className="conflict" role="status">
            <p>It is saved, but look at this:</p>
            <ul className="plain-list">
              {saved.warnings.map((w) => (
                <li key={`${w.code} ${w.start}`}>
                  <Ticked text={w.message} />
                  {w.help !== null && <span> ({w.help})</span>}
                </li>
              ))}
            </ul>
            <div className="field-actions">
              <Link to={segmentPath(saved.key)} className="button">
                To the segment
              </Link>
            </div>
          </div>
        )}
        {theirs === null && saved === null && (
          <div className="field-actions">
            <button type="submit" className="button primary" disabled={busy || !isFilled(form)}>
              {busy ? "Saving…" : key === null ? "Make the segment" : "Save"}
            </button>
            <Link to={key === null ? "/console/segments" : segmentPath(key)} className="button">
              Cancel
            </Link>
            {differs(form, from) && (
              <button
                type="button"
                className="button quiet"
                onClick={() => {
                  setForm(from);
                  drafts.set(draft, "");
                }}
              >
                {key === null ? "Start again" : "As it was"}
              </button>
            )}
          </div>
        )}
        {key !== null && !list && (
          <p className="hint">
            A new rule is judged for everybody in the background and then takes the old one’s place at once. Whom it brings in or takes out has it in their journey. No skill starts: skills catch segments of the bot’s folder alone.
          </p>
        )}
      </form>
    </div>
  );
}
