import { describe, expect, it } from 'vitest'
import { createEventParser } from './event-parser.ts'

function count(...texts: string[]): number {
  let events = 0
  const parse = createEventParser(() => {
    events += 1
  })
  for (const text of texts) parse(text)
  return events
}

describe('an event parser', () => {
  const streams: [string, string, number][] = [
    ['nothing', '', 0],
    ['comments', ': welcome\n\n: heartbeat\n\n', 0],
    ['an event', 'data: wake\n\n', 1],
    ['an event of several lines', 'event: x\nid: 1\ndata: a\ndata: b\n\n', 1],
    ['data without a value', 'data\n\n', 1],
    ['an event without data', 'event: wake\n\n', 0],
    ['another field', 'database: 1\n\n', 0],
    ['an event that does not end', 'data: wake\n', 0],
    ['carriage returns', 'data: a\r\rdata: b\r\r', 2],
    ['Windows lines', 'data: a\r\n\r\ndata: b\r\n\r\n', 2],
    ['all of it', ': hi\r\n\r\ndata: a\n\n\n\ndata:\r\rretry: 5\n\ndata: c\n\n', 3],
  ]

  it.each(streams)('counts %s, cut anywhere', (_, text, events) => {
    expect(count(text)).toBe(events)
    expect(count(...text)).toBe(events)
    for (let at = 0; at <= text.length; at += 1) {
      expect(count(text.slice(0, at), '', text.slice(at)), `cut at ${at}`).toBe(events)
    }
  })

  it('refuses a line without end', () => {
    const parse = createEventParser(() => {})
    parse('x'.repeat(60_000))
    expect(() => parse('x'.repeat(60_000))).toThrow('longer than 65536')
  })
})
