import type { Flags } from '@sluice/sdk'

/** Lets users come in, a thousand a second; one in a hundred fails on either side. */
export function startTraffic(flags: Flags, flag: string): () => void {
  let count = 0
  const timer = setInterval(() => {
    for (let n = 0; n < 100; n += 1) {
      count += 1
      const isOk = count % 100 !== 0
      const branch = () => isOk
      flags.guarded(flag, `user-${count % 20_000}`, { on: branch, off: branch, isOk: (ok) => ok })
    }
  }, 100)
  return () => clearInterval(timer)
}
