/**
 * Writes `docs/configuration.md` from the options' own doc comments, the variables and the findings, and the list of
 * events in `docs/audit.md`, and the snippets of `docs/embed.md` from the examples, so that no page can say another thing
 * than the code. `--check` fails when one does.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { names } from '../src/audit/names.ts'
import { findings } from '../src/server/findings.ts'
import { inFiles } from '../src/server/secret-files.ts'
import { variables } from '../src/server/variables.ts'

const page = 'docs/configuration.md'
const auditPage = 'docs/audit.md'
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()

/** Name, type and comment of each member of an exported type. */
function members(file: string, type: string): string[] {
  const text = readFileSync(file, 'utf8')
  const start = text.search(new RegExp(`type ${type} = (\\w+ & )?{`))
  if (start < 0) throw new Error(`${file} has no type ${type}.`)
  const body = text.slice(start, text.indexOf('\n}', start))
  const rows = [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)(\??): ([^\n]+)/g)]
  return rows.map(([, comment = '', name, optional, kind = '']) => {
    const about = cell(comment.replaceAll(/\n\s*\*/g, ' '))
    return `| \`${name}\`${optional ? '' : ' (required)'} | \`${cell(kind.replaceAll('readonly ', ''))}\` | ${about} |`
  })
}

const table = (head: string[], rows: string[]): string =>
  [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n')

const options = (type: string, file = 'src/options.ts'): string =>
  table(['option', 'type', 'what it is'], members(file, type))

const text = `# Configuration

One type for three doors: \`latchkey({ … })\` in code, \`latchkey.config.ts\` (or \`.js\`, \`.json\`) for the server, and the
environment for secrets and addresses, which wins. This page is made by \`node scripts/docs.ts\`.

## Options

${options('Options')}

### Mail by SMTP

${options('SmtpOptions')}

### The audit

${options('AuditOptions', 'src/audit/auditor.ts')}

Days are whole ones of UTC. [audit.md](audit.md) says what is noted, and how to check it.

### The users table

${options('AccountsTable', 'src/engine/ports.ts')}
${options('UsersTable').split('\n').slice(2).join('\n')}

\`id\`, \`email\` and \`password\` are required; the others may be absent. [hashes.md](hashes.md) lists
the forms of its passwords.

### The users table's passwords

${options('HashOptions', 'src/accounts/survey.ts')}

\`hash\` is such an object or, without a pepper, the form's name alone.

### Accounts that functions keep

Five functions in place of a table: [functions](adopt/functions.md) has an example, and what it cannot promise.

${options('AccountFunctions')}

An account, as three of them answer it:

${options('AccountGiven')}

What \`setPassword\` is given; it answers \`'set'\`, \`'stale'\` (the account is not as \`expected\`), \`'not-set'\` (certainly not; try
again later) or \`{ refused: ['used-before'] }\`, and throws where it does not know:

${options('PasswordGiven')}

### Links of the product before

\`earlier: { django: { … } }\`; on the server \`secretKey\` comes from \`DJANGO_SECRET_KEY\`. [adopt/django.md](adopt/django.md) tells more.

${options('DjangoLinks', 'src/accounts/django-links.ts')}

### A flow's options

A flow is a literal; take one and say what differs: \`{ ...flows.code, brand: { name: 'NORSU Alumni' } }\`.

${options('Shared', 'src/engine/flow.ts')}

## Environment

${table(
  ['variable', 'what it is'],
  Object.entries(variables).map(([name, about]) => `| \`${name}\` | ${cell(about)} |`),
)}

\`True\` and \`False\` are read as Django reads them. A secret may stand in a file, as Docker and systemd hand it over:
${inFiles.map((name) => `\`${name}_FILE\``).join(', ')} name one each.

## What the start may find

An error keeps the server from starting; a warning does not. \`latchkey doctor\` prints them too.

${table(
  ['number', 'level', 'what is wrong', 'what to do'],
  Object.entries(findings).map(
    ([code, [level, what, hint]]) => `| ${code} | ${level} | ${cell(what)} | ${cell(hint)} |`,
  ),
)}
`

const events = table(
  ['event', 'when it is written', 'fields'],
  Object.entries(names).map(([name, { when, fields }]) => `| \`${name}\` | ${cell(when)} | ${fields.join(', ')} |`),
)
const between = /<!-- events -->[\s\S]*<!-- \/events -->/
const audit = (now: string): string => now.replace(between, `<!-- events -->\n${events}\n<!-- /events -->`)

/** Each snippet is what an example's file has from the line that begins so, to its end or to the line that begins so. */
const embedPage = 'docs/embed.md'
const embed = (now: string): string =>
  now.replaceAll(
    /(<!-- from (\S+): (.+?)(?: … (.+))? -->\n)[\s\S]*?(<!-- \/from -->)/g,
    (_, head, file, first, last, foot) => {
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
      const start = lines.findIndex((line) => line.trimStart().startsWith(first))
      const margin = /^ */.exec(lines[start] ?? '')?.[0]
      const end = last ? lines.findIndex((line, at) => at > start && line.startsWith(margin + last)) : lines.length - 1
      if (start < 0 || end < 0) throw new Error(`${file} has no line that begins with "${start < 0 ? first : last}".`)
      return `${head}\`\`\`ts\n${lines.slice(start, end + 1).join('\n')}\n\`\`\`\n${foot}`
    },
  )

const pages = [
  [page, text],
  [embedPage, embed(readFileSync(embedPage, 'utf8'))],
  [auditPage, audit(readFileSync(auditPage, 'utf8'))],
] as const
for (const [path, should] of pages) {
  if (!process.argv.includes('--check')) {
    writeFileSync(path, should)
    console.log(`${path} written`)
  } else if (readFileSync(path, 'utf8') === should) console.log(`${path} is as the code says`)
  else {
    console.error(`${path} does not say what the code says: run "node scripts/docs.ts".`)
    process.exitCode = 1
  }
}
