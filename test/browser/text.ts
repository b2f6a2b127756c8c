/** What the site says of its two public flags. */
export function textOf(newProfile: boolean, theme: string): string {
  return `profile ${newProfile ? 'new' : 'old'}, theme ${theme}`
}
