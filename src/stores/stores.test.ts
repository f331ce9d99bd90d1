import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newPostgres } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import { storeContract } from './contract.ts'
import { memory } from './memory.ts'
import { sqlite } from './sqlite.ts'

/** What is promised here has nothing to do with a disk, and a hundred files are made. */
const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

storeContract('memory', async () => {
  const opened = await memory().open(own, true)
  return { ...opened, close: () => opened.store.close() }
})

storeContract('sqlite', async () => {
  const folder = mkdtempSync(join(memoryOrDisk, 'latchkey-'))
  const database = sqlite(join(folder, 'app.db'))
  await database.migrate(own, true)
  const opened = await database.open(own, true)
  const close = async () => {
    await opened.store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...opened, close }
})

storeContract('postgres', async () => {
  const { database, drop } = await newPostgres()
  const opened = await database.open(own, true)
  const close = async () => {
    await opened.store.close()
    drop()
  }
  return { ...opened, close }
})
