/** The shape of one part of the catalogue. */

export type Entry = readonly [english: string, korean: string];
export type Messages = Readonly<Record<string, Entry>>;
