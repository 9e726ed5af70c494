// The webhooks' pages: which other programs are told what happens here, and one of them with what it was told.

import "../book/styles/shell.css";
import "../book/styles/fields.css";
import "./webhooks.css";
import { useCallback } from "react";
import { ApiError } from "../api.ts";
import { Missing } from "../book/states.tsx";
import { useAddress } from "../nav.tsx";
import type { Me } from "../types.ts";
import { Hook } from "./Hook.tsx";
import { HookList } from "./HookList.tsx";
import { hookPlaceOf, hooksPath } from "./route.ts";

interface Props {
  me: Me;
  now: number;
  signedOut(note: string | null): void;
}

export default function Webhooks({ me, now, signedOut }: Props) {
  const place = hookPlaceOf(useAddress().pathname);
  const over = useCallback(
    (e: unknown) => {
      if (e instanceof ApiError && e.status === 401) signedOut("You were signed out. Please sign in again.");
    },
    [signedOut],
  );
  const bot = me.bot === "" ? "Switchboard" : me.bot;
  switch (place.at) {
    case "webhooks":
      return <HookList bot={bot} now={now} over={over} />;
    case "webhook":
      return <Hook key={place.id} bot={bot} id={place.id} now={now} over={over} />;
    case "nowhere":
      return <Missing all={{ to: hooksPath, says: "All webhooks" }} />;
  }
}
