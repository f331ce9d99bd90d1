/** Every system that is recognised. One more is a file more and a line here. */
import { own } from '../../accounts/own.ts'
import { bare, columnNamed, hasTable, type Table } from '../source.ts'
import type { Proposal, System } from '../system.ts'
import { aspnet } from './aspnet.ts'
import { betterAuth } from './better-auth.ts'
import { django } from './django.ts'
import { laravel } from './laravel.ts'
import { plainTables } from './plain.ts'
import { rails } from './rails.ts'
import { spring } from './spring.ts'
import { supabase } from './supabase.ts'
import { wordpress } from './wordpress.ts'

/** In the order in which they are asked: a table belongs to the first that knows it. */
const systems: readonly System[] = [
  supabase,
  betterAuth,
  aspnet,
  django,
  laravel,
  wordpress,
  spring,
  rails,
  plainTables,
]

/** The tables that may hold accounts, but Latchkey's own. */
export function recognise(tables: readonly Table[]): Proposal[] {
  const taken = new Set(tables.filter((table) => isOurs(tables, table)).map(({ name }) => name))
  return systems.flatMap((system) => {
    const found = system(tables).filter(({ mapping }) => !taken.has(mapping.table))
    for (const { mapping } of found) {
      taken.add(mapping.table)
      // Its passwords belong to it, and are no accounts of their own.
      if (mapping.credentials) taken.add(mapping.credentials.table)
    }
    return found
  })
}

const isOurs = (tables: readonly Table[], table: Table): boolean =>
  bare(table.name).startsWith('latchkey_') ||
  (table.name === own.table &&
    hasTable(tables, 'latchkey_migrations') &&
    [...Object.values(own).slice(1), 'created_at'].every((name) => columnNamed(table, String(name)) !== undefined))
