/** What bounds a prompt. The same definition, state and bounds give the same bytes. */
export interface Bounds {
  /** Longest result of a tool that is shown whole, in characters of its JSON; a tool may have a bound of its own. */
  result: number;
  /** Longest request, in bytes of its JSON. */
  room: number;
}

export interface Fitted {
  /** Calls, by ordinal, of whose results only a little is shown, to make room. */
  shortened: number[];
  /** How many turns of the working memory were left out. */
  dropped: number;
  /** Characters to which each further result and each fact was cut; null when that was not needed. */
  most: number | null;
  /** By how many bytes it is too long all the same; 0 when it fits. */
  over: number;
}
