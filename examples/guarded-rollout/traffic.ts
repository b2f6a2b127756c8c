// The users: a process of their own that sends real requests, to each service in turn, until its parent
// lets go of it.
import { Pool } from 'undici'

const [urls = '', rate = '0', users = '0'] = process.argv.slice(2)
const requestsPerSecond = Number(rate)
const pools = urls.split(',').map((url) => new Pool(url, { connections: 32 }))
const startedAt = performance.now()
const tickMs = 20
let sent = 0

async function request(nth: number): Promise<void> {
  const user = nth % Number(users)
  // Each round the other way about: no user stays with one service.
  const pool = pools[(nth + Math.floor(nth / Number(users))) % pools.length] as Pool
  const { body } = await pool.request({
    path: '/checkout',
    method: 'GET',
    headers: { 'x-user': `user-${user}` },
  })
  await body.dump()
}

function send(): void {
  // By the time that has passed, not by the timer: a late timer must not lower the rate.
  const due = Math.floor(((performance.now() - startedAt) / 1000) * requestsPerSecond)
  for (; sent < due; sent++) request(sent).catch(() => {})
}

const timer = setInterval(send, tickMs)
process.on('disconnect', () => {
  clearInterval(timer)
  void Promise.all(pools.map((pool) => pool.destroy())).finally(() => process.exit(0))
})
