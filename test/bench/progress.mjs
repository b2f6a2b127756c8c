/** Says on a terminal what is running, over what it said before; empty clears the line. */
export function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
