// The fields of a webhook: where its deliveries are posted, and what it is told of.

import { useId } from "react";
import type { HookText } from "./api.ts";
import { atOnce, EVENTS } from "./words.ts";

interface Props {
  hook: HookText;
  write(hook: HookText): void;
}

export function HookFields({ hook, write: put }: Props) {
  const id = useId();
  const write = (change: Partial<HookText>): void => put({ ...hook, ...change });
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-url`}>Address</label>
        <input id={`${id}-url`} type="url" value={hook.url} maxLength={2_048} required placeholder="https://shop.example/switchboard" autoComplete="off" spellCheck={false} dir="ltr" onChange={(e) => write({ url: e.target.value })} />
        <p className="hint">Deliveries are posted there. It must be public, unless whoever runs the server allows it.</p>
      </div>
      <div className="field">
        <label htmlFor={`${id}-description`}>What it is for</label>
        <input id={`${id}-description`} value={hook.description} maxLength={500} autoComplete="off" dir="auto" onChange={(e) => write({ description: e.target.value })} />
      </div>
      <div className="hook-choices">
        {EVENTS.map((group) => {
          const names = group.events.map(([name]) => name);
          const all = names.every((name) => hook.events.includes(name));
          return (
            <fieldset key={group.title}>
              <legend>
                {group.title}{" "}
                <button type="button" className="link" aria-label={`${all ? "None" : "All"} of ${group.title}`} onClick={() => write({ events: [...hook.events.filter((e) => !names.includes(e)), ...(all ? [] : names)] })}>
                  {all ? "None" : "All"}
                </button>
              </legend>
              {group.events.map(([name, says]) => (
                <label key={name} className="check-line">
                  <input type="checkbox" checked={hook.events.includes(name)} onChange={(e) => write({ events: e.target.checked ? [...hook.events, name] : hook.events.filter((other) => other !== name) })} />
                  <span>
                    <code>{name}</code> <small>{says}</small>
                  </span>
                </label>
              ))}
            </fieldset>
          );
        })}
      </div>
      <div className="field">
        <label htmlFor={`${id}-parallel`}>Deliveries at once</label>
        <select id={`${id}-parallel`} value={hook.parallel} onChange={(e) => write({ parallel: Number(e.target.value) })}>
          {[...new Set([1, 2, 4, 8, 16, hook.parallel])].sort((a, b) => a - b).map((n) => (
            <option key={n} value={n}>
              {atOnce(n)}
            </option>
          ))}
        </select>
        <p className="hint">Those of one contact are never under way together.</p>
      </div>
    </>
  );
}
