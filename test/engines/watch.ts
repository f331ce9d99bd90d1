/**
 * A proxy on loopback that leads nowhere: whatever a browser asks of another host than this one arrives here and is noted,
 * but for what Firefox asks of its makers by itself.
 */
import { createServer } from 'node:http'
import { listen } from '../browser/harness.ts'

/** The proxy's port, and the addresses that were asked for, in order. */
export type Elsewhere = { readonly port: number; readonly asked: string[]; close(): Promise<void> }

/** Opens it. */
export async function openElsewhere(): Promise<Elsewhere> {
  const asked: string[] = []
  const note = (url = ''): void => {
    if (!/^(https?:\/\/)?[a-z0-9.-]+\.mozilla\.(com|net|org)[:/]/.test(url)) asked.push(url)
  }
  const server = createServer((request, response) => {
    note(request.url)
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    note(request.url)
    socket.end('HTTP/1.1 502 Nothing is there\r\n\r\n')
  })
  const port = await listen(server)
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return { port, asked, close }
}
