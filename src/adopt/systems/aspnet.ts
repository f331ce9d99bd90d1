/** ASP.NET Core Identity: `AspNetUsers`, under whatever name. `IdentityUser.cs` has its columns. */

import { undeleted } from '../guess.ts'
import { columnNamed, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** A table with `PasswordHash`, `SecurityStamp` and `NormalizedEmail`. */
export const aspnet = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    const name = (column: string): string | undefined => columnNamed(table, column)
    const [password, stamp, email, id] = [name('PasswordHash'), name('SecurityStamp'), name('Email'), idOf(table)]
    if (!password || !stamp || !email || !id || !name('NormalizedEmail')) return []
    const mapping = defined({
      table: table.name,
      id,
      email,
      password,
      username: name('UserName'),
      verified: name('EmailConfirmed'),
      secondFactor: name('TwoFactorEnabled'),
      where: undeleted(table),
    })
    return proposal('ASP.NET Core Identity', mapping, {
      forms: ['aspnet'],
      lasts: [`sessions: Identity ends them by "${stamp}", which Latchkey does not write`],
      notes: [
        `Identity looks for addresses in "${name('NormalizedEmail')}"; Latchkey reads "${email}", where they stand as they were typed.`,
      ],
    })
  })
