/** What the host page's one line says: data-attributes of the script element. */

export interface Options {
  /** Where the channel answers, ending in a slash. */
  base: string;
  title: string | undefined;
  open: boolean;
  color: string | undefined;
  theme: string | undefined;
  side: string | undefined;
  /** Whether the bot is told of the pages a known visitor opens. */
  visits: boolean;
  /** The language of the widget's own words; the page's if absent. */
  lang: string | undefined;
  /** Told to the bot when the panel is opened for the first time, as a deep link would. */
  payload: string | undefined;
}

export function optionsOf(source: string, data: DOMStringMap): Options {
  const channel = encodeURIComponent(data["channel"] || "web");
  return {
    base: new URL(`c/${channel}/`, source).href,
    title: data["title"],
    open: data["open"] !== undefined && data["open"] !== "false",
    color: data["color"],
    theme: data["theme"],
    side: data["side"],
    payload: data["payload"],
    visits: data["pageVisits"] !== "false",
    lang: data["lang"],
  };
}

/**
 * Black or white, whichever is read better on this colour, by its relative luminance (WCAG 2).
 * The colour is as the browser computes it: `rgb(…)`.
 */
export function textOn(color: string): string {
  const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).map((part) => (+part / 255) ** 2.2);
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue! > 0.179 ? "#000" : "#fff";
}
