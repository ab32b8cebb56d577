/** A value that survives JSON unchanged: what journals, mail, facts and reports are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
