import { Door, Logo } from "../icons.tsx";
import type { LiveState } from "../live.ts";
import { HOME, isPlain, type PageName } from "../nav.tsx";
import type { Agent } from "../types.ts";
import { Avatar } from "./Avatar.tsx";

interface Props {
  page: PageName;
  /** Requests that wait, shown while another page is open. */
  waiting: number;
  turnTo(page: PageName): void;
  agent: Agent;
  bot: string;
  accepting: boolean;
  /** The server still has to hear of that. */
  telling: boolean;
  live: LiveState;
  setAccepting(on: boolean): void;
  signOut(): void;
}

const PAGES: readonly [PageName, string][] = [
  ["desk", "Desk"],
  ["contacts", "Contacts"],
  ["segments", "Segments"],
  ["flows", "Flows"],
  ["webhooks", "Webhooks"],
];

/** The bar at the top: which bot, whether chats are accepted, whether the console is connected, who is signed in. */
export function TopBar({ page, waiting, turnTo, agent, bot, accepting, telling, live, setAccepting, signOut }: Props) {
  return (
    <header className="top-bar">
      <Logo />
      <p className="bot-name" title={bot}>
        <bdi>{bot}</bdi>
      </p>
      <nav className="pages" aria-label="Pages">
        {PAGES.map(([name, title]) => (
          <a
            key={name}
            href={HOME[name]}
            aria-current={page === name ? "page" : undefined}
            onClick={(e) => {
              if (!isPlain(e)) return;
              e.preventDefault();
              turnTo(name);
            }}
          >
            {title}
            {name === "desk" && page !== "desk" && waiting > 0 && (
              <span className="count" role="img" aria-label={`${waiting} waiting`}>
                {waiting}
              </span>
            )}
          </a>
        ))}
      </nav>
      <p className={`live ${live}`} role="status">
        {live === "away" ? "Reconnecting…" : live === "connecting" ? "Connecting…" : ""}
      </p>
      <button type="button" role="switch" aria-checked={accepting} aria-busy={telling} aria-label={accepting ? "Accepting chats" : "Not accepting"} className="accepting" onClick={() => setAccepting(!accepting)}>
        <span className="track" aria-hidden="true">
          <span className="thumb" />
        </span>
        <span className="accepting-words">{accepting ? "Accepting chats" : "Not accepting"}</span>
      </button>
      <div className="me">
        <Avatar id={agent.id} name={agent.name} />
        <span className="me-name">
          <bdi>{agent.name}</bdi>
          <span className="me-groups">{agent.groups.join(", ")}</span>
        </span>
        <button type="button" className="icon-button" onClick={signOut} aria-label="Sign out" title="Sign out">
          <Door />
        </button>
      </div>
    </header>
  );
}
