/** The server that the others here stand on. */
// Debian packages: mariadb-server
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { type MariadbServer, startMariadb } from '../../mariadb.ts'

let server: MariadbServer | null = null
after(async () => server?.stop())

test('Debian’s MariaDB runs in a folder of its own, as nobody, and comes back with what it had', async () => {
  server = await startMariadb()
  const asked = async (sql: string): Promise<RowDataPacket[]> => {
    const connection = await createConnection({ uri: server!.url })
    const [rows] = await connection.query<RowDataPacket[]>(sql)
    await connection.end()
    return rows
  }
  await asked('CREATE DATABASE kept')
  await server.restart('killed')
  assert.deepEqual(
    (await asked(`SHOW DATABASES LIKE 'kept'`)).map((row) => Object.values(row)),
    [['kept']],
  )
})
