// Numbers of people, in words.

/** `1 person`, `2,000 people`. */
export const people = (n: number): string => `${n.toLocaleString()} ${n === 1 ? "person" : "people"}`;
