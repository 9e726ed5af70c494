import { useState, type FormEvent } from "react";
import { api, ApiError } from "./api.ts";
import { Logo } from "./icons.tsx";

/** The sign-in page. */
export function SignIn({ note, done }: { note: string | null; done: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (e: FormEvent<HTMLFormElement>): Promise<void> => {
    e.preventDefault();
    const form = e.currentTarget;
    const data = new FormData(form);
    setBusy(true);
    setProblem(null);
    try {
      await api.signIn(String(data.get("login") ?? "").trim(), String(data.get("password") ?? ""));
      done();
    } catch (error) {
      const wait = error instanceof ApiError && error.retryAfter !== null ? ` Try again in ${Math.ceil(error.retryAfter / 60)} min.` : "";
      setProblem((error instanceof Error ? error.message : "Signing in did not work.") + wait);
      form.querySelector<HTMLInputElement>("input[name=password]")?.select();
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(e) => void submit(e)}>
        <Logo />
        <h1>Sign in to the desk</h1>
        <p className="lead">Answer the people your bot hands over to you.</p>
        {note !== null && <p className="note">{note}</p>}
        <label>
          Login
          <input name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={64} autoFocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={256} />
        </label>
        <p className="problem" role="alert">
          {problem}
        </p>
        <button className="button primary wide" type="submit" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p className="hint">
          The first login is printed where Switchboard was started. Lost it? Run <code>switchboard agent reset</code>.
        </p>
      </form>
    </main>
  );
}
