/** For `pMap` over journals, objects or mail: enough to keep a server busy, and not so much that one list of thousands fills memory. */
export const AT_ONCE = { concurrency: 64 };
