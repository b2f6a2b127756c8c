import { script } from './run-script.ts'

/**
 * Writes a commit at its position, if that is the next, and wakes the watchers.
 *
 * Keys: log, cut. Arguments: revision before, revision, text, try, channel.
 * Answers `ok`, `conflict`, `compacted` or `missing`, and the revision at the head.
 *
 * The try is drawn anew for each call of `append`. A client that sends the same call again after a
 * reconnection finds its own try at the position and learns that it won. XADD is the only write and
 * comes after everything that can fail; a wake-up that may not be published harms nothing.
 */
export const appendScript = script(`
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local cut, goesOn = unpack(redis.call('HMGET', KEYS[2], 'revision', 'goesOn'))
if goesOn and not newest then return { 'missing', cut } end
local head = newest and string.match(newest[1], '^%d+') or cut or '0'
local id = ARGV[2] .. '-0'
if head ~= ARGV[1] then
  local there = redis.call('XRANGE', KEYS[1], id, id)[1]
  if there and there[2][4] == ARGV[4] then return { 'ok', head } end
  if cut and not there and tonumber(ARGV[2]) <= tonumber(cut) then return { 'compacted', head } end
  return { 'conflict', head }
end
redis.call('XADD', KEYS[1], id, 'commit', ARGV[3], 'try', ARGV[4])
redis.pcall('PUBLISH', ARGV[5], ARGV[2])
return { 'ok', ARGV[2] }
`)

/**
 * Reads commits, so many or until they hold so many bytes.
 *
 * Keys: log, cut. Arguments: after, limit, bytes.
 * Answers the cut's revision and hash, whether a commit stands above it, whether this is all, and then
 * id, text, id, text …
 *
 * A replica may lag, and must not answer. PERSIST changes nothing on a log, but it is a write, and so
 * a replica refuses it; a primary that takes no writes for another reason may still be read.
 */
export const readScript = script(`
local probe = redis.pcall('PERSIST', KEYS[1])
if type(probe) == 'table' and string.find(probe.err, 'READONLY', 1, true) then return probe end
local answer = redis.call('HMGET', KEYS[2], 'revision', 'hash', 'goesOn')
answer[4] = 0
local limit, room = tonumber(ARGV[2]), tonumber(ARGV[3])
local from = '(' .. ARGV[1] .. '-0'
while limit > 0 and room > 0 do
  local count = math.min(limit, 8)
  local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', count)
  for _, entry in ipairs(entries) do
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = entry[2][2]
    room = room - #entry[2][2]
    from = '(' .. entry[1]
  end
  limit = limit - #entries
  if #entries < count then
    answer[4] = 1
    break
  end
end
return answer
`)

/** Reads fields of a hash. Keys: hash. Arguments: field, … */
export const fieldsScript = script(`return redis.call('HMGET', KEYS[1], unpack(ARGV))`)

/** Keeps a snapshot unless a newer one is there. Keys: snapshot. Arguments: revision, text. */
export const snapshotScript = script(`
local newest = tonumber(redis.call('HGET', KEYS[1], 'revision'))
if newest and newest > tonumber(ARGV[1]) then return 0 end
return redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'text', ARGV[2])
`)

/**
 * Keeps a cut unless a newer one is there, and drops commits up to it, so many at most.
 *
 * Keys: log, cut. Arguments: revision, hash, limit.
 * Answers how many were dropped, and whether those were all.
 *
 * Redis refuses whatever may take memory when it is full, but not once a script has begun to write:
 * PERSIST, which changes nothing, is that beginning. So a full server can be compacted.
 */
export const dropScript = script(`
local revision = tonumber(ARGV[1])
local cut = tonumber(redis.call('HGET', KEYS[2], 'revision'))
if not cut or cut < revision then
  redis.call('PERSIST', KEYS[2])
  redis.call('HSET', KEYS[2], 'revision', ARGV[1], 'hash', ARGV[2], 'goesOn', 1)
end
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local before = oldest and tonumber(string.match(oldest[1], '^%d+')) - 1 or revision
local last = math.min(revision, before + tonumber(ARGV[3]))
if last <= before then return { 0, 1 } end
local dropped = redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-0', last + 1))
return { dropped, last == revision and 1 or 0 }
`)

/**
 * Keeps a cut where there is nothing else. Keys: log, cut. Arguments: revision, hash.
 * Answers whether there was nothing else.
 */
export const startScript = script(`
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
if ARGV[1] ~= '0' then redis.call('HSET', KEYS[2], 'revision', ARGV[1], 'hash', ARGV[2]) end
return 1
`)

/** The server's time in milliseconds; Redis 6 must be told that what was written is sent on, not the script. */
const now = `
redis.replicate_commands()
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
`

/**
 * Puts a value on the exchange or takes it away, and forgets some whose time is over.
 *
 * Keys: shared, sharedUntil. Arguments: key, then text and milliseconds unless it is taken away.
 * Both keys go by themselves when the last value's time is over.
 */
export const publishScript = script(`${now}
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', whole(now), 'LIMIT', 0, 100)
if #ARGV == 1 then over[#over + 1] = ARGV[1] end
if #over > 0 then
  redis.call('HDEL', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
if #ARGV == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], whole(now + ARGV[3]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], whole(tonumber(last)))
redis.call('PEXPIREAT', KEYS[2], whole(tonumber(last)))
return 1
`)

/** Values whose key begins with a prefix: key, text, key, text … Keys: shared, sharedUntil. */
export const collectScript = script(`${now}
local answer = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. whole(now), '+inf')) do
  if string.sub(key, 1, #ARGV[1]) == ARGV[1] then
    local text = redis.call('HGET', KEYS[1], key)
    if text then
      answer[#answer + 1] = key
      answer[#answer + 1] = text
    end
  end
end
return answer
`)
