// The console: the sign-in page, or the desk of whoever is signed in.

import { useCallback, useEffect, useState } from "react";
import { api, ApiError } from "./api.ts";
import { Desk } from "./desk/Desk.tsx";
import { SignIn } from "./SignIn.tsx";
import { Logo } from "./icons.tsx";
import type { Me } from "./types.ts";

type Who = { is: "unknown"; problem: string | null } | { is: "nobody"; note: string | null } | { is: "agent"; me: Me };

export function App() {
  const [who, setWho] = useState<Who>({ is: "unknown", problem: null });

  const ask = useCallback(() => {
    api.me().then(
      (me) => setWho({ is: "agent", me }),
      (e: unknown) => {
        if (e instanceof ApiError && e.status === 401) setWho({ is: "nobody", note: null });
        else setWho({ is: "unknown", problem: e instanceof Error ? e.message : "Something went wrong." });
      },
    );
  }, []);

  useEffect(ask, [ask]);
  useEffect(() => {
    if (who.is !== "unknown" || who.problem === null) return;
    const retry = setTimeout(ask, 2_000);
    return () => clearTimeout(retry);
  }, [who, ask]);
  useEffect(() => {
    if (who.is !== "agent") document.title = "Sign in · Switchboard";
  }, [who.is]);

  useEffect(() => {
    if (who.is !== "nobody") return;
    // Somebody may have signed in in another tab meanwhile.
    const look = (): void => {
      if (document.visibilityState !== "hidden") api.me().then((me) => setWho({ is: "agent", me }), () => undefined);
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [who.is]);

  const signedOut = useCallback((note: string | null) => setWho({ is: "nobody", note }), []);

  switch (who.is) {
    case "unknown":
      return (
        <main className="splash" aria-busy={who.problem === null}>
          <Logo />
          <p role="status">{who.problem ?? "Opening the desk…"}</p>
        </main>
      );
    case "nobody":
      return <SignIn note={who.note} done={ask} />;
    case "agent":
      return <Desk me={who.me} signedOut={signedOut} />;
  }
}
