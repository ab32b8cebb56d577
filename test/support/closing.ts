/** The line that closes a test file's output, followed by `{"passed":…,"failed":…}`; the runner takes its absence for a failure. */
export const CLOSING = '# tests ';
