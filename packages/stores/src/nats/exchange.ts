import { checkExchange } from '../exchange.ts'
import { copyJson } from '../json-copy.ts'
import type { Exchange, SharedValue } from '../store.ts'
import type { JetStreamLike, Message, StreamsLike } from './client.ts'
import { inLanes, jsonOf } from './lanes.ts'
import type { Names } from './names.ts'
import { publishOnce } from './publish.ts'

/** What a message on the exchange holds. */
interface Note {
  readonly ttlMs: number
  readonly value: SharedValue['value']
}

/** A key of the exchange has no `~` and no `:`, and a subject's token no dot. */
const toToken = (key: string) => key.replaceAll('.', '~')
const toKey = (token: string) => token.replaceAll('~', '.')
const now = ':now'

/**
 * An exchange in a stream in memory that keeps the newest message of each subject.
 *
 * Ages are told by the server's clock alone: by when it took the value, and when it took a message that
 * the reader sends to learn what time it is there.
 */
export function createNatsExchange(
  jetstream: JetStreamLike,
  streams: StreamsLike,
  names: Names,
): Exchange {
  const { exchange: stream, values } = names

  const put = (token: string, payload: string) =>
    publishOnce(jetstream, streams, { stream, subject: `${values}${token}`, payload })

  const get = (subject: string) => streams.getMessage(stream, { last_by_subj: subject })

  async function askTime(): Promise<number> {
    await put(now, '')
    // Somebody else may have asked since; then it is later still.
    const message = await get(`${values}${now}`)
    return message?.time.getTime() ?? askTime()
  }

  async function listSubjects(prefix: string): Promise<string[]> {
    const { state } = await streams.info(stream, { subjects_filter: `${values}*` })
    return Object.keys(state.subjects ?? {}).filter((subject) => {
      const token = subject.slice(values.length)
      return token !== now && toKey(token).startsWith(prefix)
    })
  }

  return {
    async publish(key, value, ttlMs) {
      checkExchange(key, ttlMs)
      const token = toToken(key)
      if (value === null) await streams.purge(stream, { filter: `${values}${token}` })
      else await put(token, JSON.stringify({ ttlMs, value: copyJson(value, '') } satisfies Note))
    },

    async collect(prefix) {
      const subjects = await listSubjects(prefix)
      const messages = (await inLanes(subjects, get)).filter((message) => message !== null)
      const time = await askTime()
      const isOver = ({ data, time: takenAt }: Message) => {
        const note = jsonOf(data) as Note | undefined
        return !(time - takenAt.getTime() < (note?.ttlMs ?? 0))
      }
      // Whoever sees a value that is over sweeps it; the stream does it after a day.
      await inLanes(messages.filter(isOver), ({ seq }) =>
        streams.deleteMessage(stream, seq, false).catch(() => false),
      )
      return messages
        .filter((message) => !isOver(message))
        .map(({ subject, data }) => ({
          key: toKey(subject.slice(values.length)),
          value: (jsonOf(data) as Note).value,
        }))
        .sort(({ key: one }, { key: other }) => (one < other ? -1 : 1))
    },
  }
}
