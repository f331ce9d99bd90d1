/** Where the server listens, what it is called, and whom it believes. */
import { isIP } from 'node:net'
import { trusted } from '../http/network.ts'
import type { FileOptions } from './file-shape.ts'
import { finding } from './findings.ts'
import { isPort } from './read-mail.ts'
import type { Environment, Flags, Reading } from './variables.ts'

/** Where to listen. */
export type Listen = { readonly host: string; readonly port: number }

/** Whether a host is this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Host and port, loopback and 3000 unless said otherwise. */
export function readListen(read: Reading, flags: Flags, development: boolean): Listen {
  const host = (flags.host ?? read.text('HOST') ?? '127.0.0.1').replaceAll(/^\[|\]$/g, '')
  const port = flags.port ?? read.text('PORT') ?? '3000'
  if (!isPort(port)) read.findings.push(finding('L015', { value: port }))
  if (!isHostOrAddress(host)) read.findings.push(finding('L016', { value: host }))
  else if (development && !isLoopback(host)) read.findings.push(finding('L020', { value: host }))
  return { host, port: isPort(port) ? Number(port) : 3000 }
}

type Named = { publicUrl?: string; allowedHosts?: readonly string[]; spaUrl?: string }

/** What visitors call the server. The host of PUBLIC_URL is always among those allowed. */
export function readNames(read: Reading, file: FileOptions, listen: Listen, development: boolean): Named {
  const hosts = (read.list('ALLOWED_HOSTS') ?? file.allowedHosts ?? []).map((host) => host.toLowerCase())
  for (const host of hosts) if (!isHost(host)) read.findings.push(finding('L012', { value: host }))
  const sound = hosts.filter(isHost)
  const byHost = development ? `http://localhost:${listen.port}` : sound[0] && `https://${sound[0]}`
  const asked = read.text('PUBLIC_URL') ?? file.publicUrl ?? byHost
  const publicUrl = asked === undefined ? undefined : readOrigin(read, asked, development)
  if (asked === undefined && hosts.length === 0) read.findings.push(finding('L010'))
  const spaUrl = readSpaUrl(read, file, development)
  const local = development ? ['localhost', '127.0.0.1', '[::1]'] : []
  const allowedHosts = [...new Set([...sound, ...local, ...(publicUrl ? [new URL(publicUrl).host] : [])])]
  return { ...(publicUrl ? { publicUrl } : {}), allowedHosts, ...(spaUrl ? { spaUrl } : {}) }
}

function readOrigin(read: Reading, text: string, development: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash || url.username) {
    read.findings.push(finding('L011', { value: withoutLogin(text) }))
    return undefined
  }
  if (development && url.protocol === 'https:') read.findings.push(finding('L021'))
  if (!development && url.protocol === 'http:') read.findings.push(finding('L003'))
  return url.origin
}

function readSpaUrl(read: Reading, file: FileOptions, development: boolean): string | undefined {
  const text = read.text('SPA_URL') ?? file.spaUrl
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    read.findings.push(finding('L013', { value: withoutLogin(text) }))
    return undefined
  }
  if (!development && url.protocol === 'http:') read.findings.push(finding('L014'))
  return url.href.replace(/\/$/, '')
}

/** The proxies whose word is taken for where a request comes from. */
export function readProxies(read: Reading, file: FileOptions): readonly string[] {
  const proxies = read.list('TRUSTED_PROXIES') ?? file.trustedProxies ?? []
  for (const proxy of proxies) {
    try {
      trusted([proxy])
      if (/\/0$/.test(proxy)) read.findings.push(finding('L018'))
    } catch {
      read.findings.push(finding('L017', { value: proxy }))
    }
  }
  return proxies
}

/** An https address in the environment is told back, a password in it is not. */
const withoutLogin = (text: string): string => text.replace(/\/\/[^/@]*@/, '//…@')

/** Whether one can listen on it, as far as its form tells. */
export const isHostOrAddress = (host: string): boolean => isIP(host) !== 0 || isHostName(host)

const isHostName = (text: string): boolean => /^(?!-)[a-z0-9.-]{1,253}$/i.test(text) && !text.includes('..')

/** A host as a `Host` header has it, with or without a port. */
function isHost(text: string): boolean {
  const host = text.replace(/:\d{1,5}$/, '')
  if (/^\[.*\]$/.test(host)) return isIP(host.slice(1, -1)) === 6
  return isHostName(host) && !host.startsWith('.')
}

/** Whether this process was told that it is in production. */
export const isProduction = (environment: Environment): boolean => environment.NODE_ENV === 'production'
