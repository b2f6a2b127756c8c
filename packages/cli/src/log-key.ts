/** The flag that a key of the log is about: its definition, or what stands for it in an environment. */
export function flagOfKey(key: string): string | undefined {
  return /^(?:flag|(?:exposure|rollout|evidence|alert)\/[^/]+)\/(.+)$/su.exec(key)?.[1]
}
