import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answersListener } from '../answers.ts'
import { batch, open } from './events.fixture.ts'

describe('a server that takes events', () => {
  it('takes them through node:http, and behind a body parser of Express', async () => {
    const { flags, count } = await open()
    const options = { contextOf: () => 'ada', isPublic: () => true, events: ['purchase'] }
    const listener = answersListener(flags, options)
    const parsing = express().use(express.json(), express.urlencoded(), listener)
    for (const [index, served] of [listener, parsing].entries()) {
      const server = createServer(served as RequestListener).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const send = async (type: string, body: string) => {
        const headers = { 'content-type': type }
        const { port } = server.address() as AddressInfo
        return (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status
      }
      expect(await send('application/json', JSON.stringify(batch(['purchase'])))).toBe(204)
      expect(count('new')).toEqual([index + 1, 0])
      const form = 'targetingKey=ada&events[0][0]=purchase'
      expect(await send('application/x-www-form-urlencoded', form)).toBe(415)
      await new Promise((resolve) => server.close(resolve))
    }
    expect(count('new')).toEqual([2, 0])
  })

  it('reads a body itself where a parser left an empty one in its place', async () => {
    const { flags, count } = await open()
    const options = { contextOf: () => 'ada', isPublic: () => true, events: ['purchase'] }
    const listener = answersListener(flags, options)
    // As the parsers of Express 4 do with what is not theirs, once all of it has come.
    const server = createServer((request, response) =>
      setImmediate(() => listener(Object.assign(request, { body: {} }), response)),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify(batch(['purchase'])),
    })
    expect([answer.status, count('new')]).toEqual([204, [1, 0]])
    await new Promise((resolve) => server.close(resolve))
  })

  it('takes them behind Fastify, and says what it wants there', async () => {
    const { flags, count } = await open()
    const heard: string[] = []
    const listener = answersListener(flags, {
      ...{ contextOf: () => 'ada', isPublic: () => true, events: ['purchase'] },
      report: (error) => heard.push((error as Error).message),
    })
    const app = Fastify()
    onTestFinished(() => app.close())
    app.post('/forgets', (request, reply) => {
      reply.hijack()
      listener(request.raw, reply.raw)
    })
    app.post('/hands-on', (request, reply) => {
      reply.hijack()
      listener(Object.assign(request.raw, { body: request.body }), reply.raw)
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const send = async (path: string) => {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(batch(['purchase']))
      return (await fetch(origin + path, { method: 'POST', headers, body })).status
    }
    expect([await send('/forgets'), heard]).toEqual([
      500,
      [expect.stringContaining('request.raw.body = request.body in Fastify')],
    ])
    expect([await send('/hands-on'), count('new'), heard.length]).toEqual([204, [1, 0], 1])
  })

  it('reports what it cannot read, and nobody who leaves in the middle of a body', async () => {
    const heard: unknown[] = []
    const { flags, handle } = await open({ report: (error) => heard.push(error) })
    const used = new Request('http://a.test/', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    })
    await used.text()
    expect([(await handle(used)).status, heard.length]).toEqual([500, 1])

    const listener = answersListener(flags, {
      ...{ contextOf: () => 'ada', isPublic: () => true, events: ['purchase'] },
      report: (error) => heard.push(error),
    })
    let answered: Promise<unknown> = Promise.resolve()
    const server = createServer((request, response) => {
      answered = once(response, 'close')
      listener(request, response)
      setImmediate(() => socket.destroy())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n')
    socket.write('content-type: application/json\r\n\r\n{"events":')
    await once(socket, 'close')
    await answered
    await new Promise(setImmediate)
    expect(heard).toHaveLength(1)
    await new Promise((resolve) => server.close(resolve))
  })
})
