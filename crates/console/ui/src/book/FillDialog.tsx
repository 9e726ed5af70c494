// Putting everybody on a list for whom a condition holds now: a rule, frozen.

import { useId, useState } from "react";
import { Dialog } from "../parts/Dialog.tsx";
import { book } from "./api.ts";
import { title, wanted, type List } from "./bulk.ts";
import { ConditionField } from "./ConditionField.tsx";
import { people } from "./count.ts";
import { counted, faultsOf, useJudged } from "./judged.tsx";
import { useSettled } from "./settle.ts";
import type { Underway } from "./underway.ts";
import type { Vocabulary } from "./vocabulary.ts";

interface Props {
  list: List;
  vocabulary: Vocabulary;
  underway: Underway;
  over(e: unknown): void;
  close(): void;
}

export function FillDialog({ list, vocabulary, underway, over, close }: Props) {
  const [where, setWhere] = useState("");
  const settled = useSettled(where.trim(), 250);
  const [judged] = useJudged(settled, over);
  const id = useId();
  const count = judged !== null && "preview" in judged && judged.of === where.trim() ? judged.preview.count : null;
  const action = { does: "add", list } as const;
  return (
    <Dialog
      title={`Put people on “${list.name}”`}
      confirm={count === null ? "Put them on it" : `Put ${people(count)} on it`}
      ready={count !== null && count > 0}
      wide
      act={async () => underway.begin({ job: await book.bulk(where.trim(), wanted(action)), title: title(action) })}
      close={close}
    >
      <p className="muted">Whoever the condition holds for now is put on the list and stays on it, whatever they do later.</p>
      <ConditionField label="Condition" text={where} change={setWhere} vocabulary={vocabulary} faults={faultsOf(judged, where)} describedBy={`${id}-count`} placeholder="orders >= 3 and has tag vip" />
      <p className="muted" id={`${id}-count`} role="status">
        {where.trim() === "" ? "" : judged !== null && "problem" in judged ? judged.problem : counted(judged, where.trim(), null)}
      </p>
    </Dialog>
  );
}
