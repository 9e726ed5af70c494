// One message of a transcript. Everything a customer wrote is text, isolated in its own direction; nothing is markup.

import { memo } from "react";
import { api, type Place } from "../api.ts";
import { Check, Checks, Doc, Pin, Tap, Warn } from "../icons.tsx";
import type { Said } from "../logic/transcript.ts";
import { exactTime, linked, safeUrl, size } from "../logic/words.ts";
import { TimeOfDay } from "../parts/Time.tsx";
import type { CardView, ChoiceView, FileRef, LinkedFile } from "../types.ts";

function author(said: Said, customer: string): string {
  switch (said.message.from) {
    case "customer":
      return customer;
    case "bot":
      return "Bot";
    case "agent":
      return said.message.name ?? "Agent";
    case "system":
      return "";
  }
}

export const Bubble = memo(function Bubble({ said, place, customer }: { said: Said; place: Place; customer: string }) {
  const { message } = said;
  if (message.from === "system") {
    return (
      <p className="system-line" dir="auto">
        {message.text} <TimeOfDay at={message.at} />
      </p>
    );
  }
  return (
    <article className={`message ${message.from}${said.follows ? " follows" : ""}`}>
      <p className={said.follows ? "sr-only" : "said-by"}>
        <bdi>{author(said, customer)}</bdi>
        {message.block !== undefined && <span className="block-name">{message.block}</span>}
      </p>
      <div className="bubble">
        {message.pressed !== undefined && (
          <p className="pressed-mark">
            <Tap /> Pressed
          </p>
        )}
        {message.text !== "" && <Words text={message.text} />}
        {message.files.map((file, i) => (
          <Attachment key={`${file.id}-${i}`} file={file} place={place} />
        ))}
        {message.linked?.map((file, i) => <Elsewhere key={i} file={file} />)}
        {message.cards !== undefined && message.cards.length > 0 && <Cards cards={message.cards} place={place} pressed={said.pressed} />}
        {message.location !== undefined && <Spot latitude={message.location.latitude} longitude={message.location.longitude} />}
        {message.unsupported !== undefined && <p className="unsupported">Sent something that cannot be shown here ({message.unsupported}).</p>}
      </div>
      <Choices title="Buttons" choices={message.buttons} pressed={said.pressed} />
      <Choices title="Quick replies" choices={message.quick_replies} pressed={said.pressed} />
      <Fate said={said} />
    </article>
  );
});

function Words({ text }: { text: string }) {
  return (
    <p className="words" dir="auto">
      {linked(text).map((piece, i) =>
        piece.href === null ? (
          <span key={i}>{piece.text}</span>
        ) : (
          <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </p>
  );
}

function Attachment({ file, place }: { file: FileRef; place: Place }) {
  const url = api.fileUrl(place, file.id);
  if (file.kind === "image" || (file.kind === "sticker" && file.mime.startsWith("image/"))) {
    return (
      <a className="picture" href={url} target="_blank" rel="noopener noreferrer">
        <img src={url} alt={file.alt || file.name} loading="lazy" />
      </a>
    );
  }
  if ((file.kind === "audio" || file.kind === "voice") && file.mime.startsWith("audio/")) {
    return <audio controls preload="none" src={url} aria-label={file.name} />;
  }
  if (file.kind === "video" && file.mime.startsWith("video/")) {
    return <video controls preload="none" src={url} aria-label={file.name} />;
  }
  return (
    <a className="file" href={url} download={file.name}>
      <Doc />
      <span>
        <bdi className="file-name">{file.name}</bdi>
        <span className="file-size">{size(file.size)}</span>
      </span>
    </a>
  );
}

/** A file that is elsewhere: named with its address. Agents' browsers ask no other server unless they choose to. */
function Elsewhere({ file }: { file: LinkedFile }) {
  const href = safeUrl(file.url);
  const label = file.alt || file.name || file.url;
  const inside = (
    <>
      <Doc />
      <span>
        <bdi className="file-name">{label}</bdi>
        <span className="file-size">
          {KIND[file.kind]} · {host(file.url)}
        </span>
      </span>
    </>
  );
  return href === null ? (
    <span className="file">{inside}</span>
  ) : (
    <a className="file" href={href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
      {inside}
    </a>
  );
}

const KIND = { image: "Picture", file: "File", audio: "Audio", voice: "Voice message", video: "Video", sticker: "Sticker" };

function host(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "no address";
  }
}

function Cards({ cards, place, pressed }: { cards: CardView[]; place: Place; pressed: Set<string> }) {
  return (
    <ol className="cards" aria-label={`${cards.length} cards`}>
      {cards.map((card, i) => (
        <li key={i} className="card">
          {card.file !== null && <Attachment file={card.file} place={place} />}
          {card.linked !== null && <Elsewhere file={card.linked} />}
          {card.title !== "" && (
            <p className="card-title" dir="auto">
              {card.title}
            </p>
          )}
          {card.text !== "" && <Words text={card.text} />}
          <Choices title={`Buttons of ${card.title}`} choices={card.buttons} pressed={pressed} />
        </li>
      ))}
    </ol>
  );
}

function Spot({ latitude, longitude }: { latitude: number; longitude: number }) {
  const at = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return (
    <a className="file" href={`https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`} target="_blank" rel="noopener noreferrer">
      <Pin />
      <span>
        <span className="file-name">Location</span>
        <span className="file-size">{at}</span>
      </span>
    </a>
  );
}

function Choices({ title, choices, pressed }: { title: string; choices: ChoiceView[]; pressed: Set<string> }) {
  if (choices.length === 0) return null;
  return (
    <ul className="choices" aria-label={title}>
      {choices.map((choice, i) => {
        const was = choice.token !== undefined && pressed.has(choice.token);
        const href = choice.url === undefined ? null : safeUrl(choice.url);
        return (
          <li key={i} className={`choice${was ? " pressed" : ""}`}>
            {href === null ? <bdi>{choice.label}</bdi> : <a href={href} target="_blank" rel="noopener noreferrer nofollow"><bdi>{choice.label}</bdi></a>}
            {choice.phone !== undefined && <span className="phone"> {choice.phone}</span>}
            {was && <span className="sr-only"> (pressed)</span>}
          </li>
        );
      })}
    </ul>
  );
}

function Fate({ said }: { said: Said }) {
  const { message, delivery, degraded } = said;
  const when = <TimeOfDay at={message.at} />;
  return (
    <>
      {degraded.map((note, i) => (
        <p className="fate" key={i}>
          <span>
            On the channel: <bdi>{note}</bdi>
          </span>
        </p>
      ))}
      {message.from === "customer" ? (
        <p className="fate">{when}</p>
      ) : delivery.state === "failed" ? (
        <p className="fate failed">
          <Warn />{" "}
          <span>
            Not delivered
            {delivery.reason !== undefined && delivery.reason !== "" && (
              <>
                : <bdi>{delivery.reason}</bdi>
              </>
            )}
          </span>{" "}
          · {when}
        </p>
      ) : delivery.state === "unknown" ? (
        <p className="fate unknown">
          <Warn /> May not have arrived · {when}
        </p>
      ) : (
        <p className={delivery.state === "read" ? "fate read" : "fate"}>
          <Reach said={said} /> · {when}
        </p>
      )}
    </>
  );
}

/** How far a message of ours got: a word, with the mark that chats have for it. */
function Reach({ said: { delivery, readAt } }: { said: Said }) {
  switch (delivery.state) {
    case "queued":
      return <span>On its way</span>;
    case "delivered":
      return (
        <span className="reach">
          <Check /> Delivered
        </span>
      );
    case "read":
      return (
        <span className="reach" title={readAt === null ? undefined : exactTime(readAt)}>
          <Checks /> Read
        </span>
      );
    case "received":
    case "sent":
    case "unknown":
    case "failed":
      return <span>Sent</span>;
  }
}
