/** A PostgreSQL for a measure: durable as it comes, on the same disk as everything else. */
import { tmpdir } from 'node:os'
import pg from 'pg'
import { startPostgres } from '../../test/postgres.ts'

/** A server, and databases in it. */
export type Cluster = {
  /** Address of a new and empty one. */
  database(): Promise<string>
  stop(): Promise<void>
}

const durable = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  autovacuum_naptime: '1min',
}

/** Starts one; it ends with `stop`, or with this process. */
export async function startCluster(): Promise<Cluster> {
  const server = await startPostgres(durable, tmpdir())
  let made = 0
  return {
    async database() {
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      const name = `measure_${++made}`
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      const url = new URL(server.url)
      url.pathname = `/${name}`
      return url.href
    },
    stop: () => server.stop(),
  }
}
