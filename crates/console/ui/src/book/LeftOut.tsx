// The segments whose members another one leaves out.

import { useId } from "react";
import { Close } from "../icons.tsx";

interface Props {
  keys: readonly string[];
  others: readonly { key: string; name: string }[];
  change(keys: string[]): void;
}

export function LeftOut({ keys, others, change }: Props) {
  const id = useId();
  const left = others.filter((s) => !keys.includes(s.key));
  const nameOf = (key: string): string => others.find((s) => s.key === key)?.name ?? key;
  return (
    <div className="field">
      <label htmlFor={id}>Leave out whoever is in</label>
      {keys.length > 0 && (
        <ul className="chips">
          {keys.map((key) => (
            <li className="chip tag" key={key}>
              <bdi>{nameOf(key)}</bdi>
              <button type="button" className="tag-off" aria-label={`Leave out ${nameOf(key)} no more`} onClick={() => change(keys.filter((one) => one !== key))}>
                <Close />
              </button>
            </li>
          ))}
        </ul>
      )}
      <select
        id={id}
        value=""
        disabled={left.length === 0}
        onChange={(e) => {
          if (e.target.value !== "") change([...keys, e.target.value]);
        }}
      >
        <option value="">{left.length === 0 ? "No other segment" : "Choose a segment…"}</option>
        {left.map((s) => (
          <option key={s.key} value={s.key}>
            {s.name}
          </option>
        ))}
      </select>
    </div>
  );
}
