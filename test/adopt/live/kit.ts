/** An application's database on MariaDB. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RowDataPacket } from 'mysql2/promise'
import { mysql } from '../../../src/stores/mysql.ts'
import { inMysql, newMysql } from '../../new-mysql.ts'
import { type Place, placeOf } from '../kit.ts'

/** Declares a story on MariaDB. `collation`: of the database, as the application chose it. */
export function onMysql(name: string, story: (place: Place) => Promise<void>, collation?: string): void {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-adopt-'))
    const { url, drop } = await newMysql({}, false, collation)
    try {
      await story(
        placeOf('mysql', url, folder, {
          run: (sql) => inMysql(url, async (db) => void (await db.query(sql))),
          rows: (sql) => inMysql(url, async (db) => (await db.query<RowDataPacket[]>(sql))[0]),
          database: () => mysql(url),
        }),
      )
    } finally {
      await drop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
