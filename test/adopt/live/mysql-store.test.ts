/** MariaDB keeps what every store keeps. */
// Debian packages: mariadb-server
import type { RowDataPacket } from 'mysql2/promise'
import { own } from '../../../src/accounts/own.ts'
import { storeContract } from '../../../src/stores/contract.ts'
import { inMysql, type MysqlDatabase, newMysql } from '../../new-mysql.ts'

let made: ReturnType<typeof newMysql> | null = null

/** Emptied, which is much quicker than made anew. */
async function emptied(): Promise<MysqlDatabase> {
  made ??= newMysql()
  const one = await made
  await inMysql(one.url, async (db) => {
    const [tables] = await db.query<RowDataPacket[]>('SHOW TABLES')
    const names = tables.map((row) => String(Object.values(row)[0]))
    const ours = names.filter((name) => !/_(migrations|locks|last_event)$/.test(name))
    await db.query(`${ours.map((name) => `DELETE FROM ${name};`).join('')} UPDATE latchkey_last_event SET seq = 0`)
  })
  return one
}

storeContract('mysql', async () => {
  const { database } = await emptied()
  const opened = await database.open(own, true)
  return { ...opened, close: () => opened.store.close() }
})
