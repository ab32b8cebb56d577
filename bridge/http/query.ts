/** The query of an address is text. A count in it is read as a number; anything else is left for the schema to refuse. Pure. */
export function counted(text: string): number | string {
  return /^\d{1,6}$/.test(text) ? Number(text) : text;
}
