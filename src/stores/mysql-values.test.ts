import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../engine/outcome.ts'
import { faultOf, isOfOneOperation } from './mysql-faults.ts'
import { flavourOf } from './mysql-pool.ts'
import { written } from './mysql-values.ts'

test('values stand in a statement as digits and names keep theirs: nothing that is sent can end a text or begin one', () => {
  const sent = (text: string, ...values: unknown[]): string => written({ text, values })
  assert.equal(sent('a = $1 AND b = $2', `' OR 1=1`, null), `a = _utf8mb4 X'27204f5220313d31' AND b = NULL`)
  assert.equal(sent("`a$1``$2` = $1 AND c = 'it\\'s $2'", 7), "`a$1``$2` = 7 AND c = 'it\\'s $2'")
  assert.equal(sent('a IN ($1)', [1, true, 9223372036854775807n]), 'a IN (1, 1, 9223372036854775807)')
  assert.equal(sent('a IN ($1)', []), 'a IN (NULL)')
  assert.equal(
    sent('VALUES $1', [
      [1, ''],
      [2, null],
    ]),
    `VALUES (1, _utf8mb4 X''), (2, NULL)`,
  )
  for (const bad of [{}, () => 1, Number.NaN, Symbol('a')]) assert.throws(() => sent('$1', bad), TypeError)
  assert.throws(() => sent('$2', 1), TypeError)
})

test('a server that is too old is refused, and which of the two it is is told by its version', () => {
  for (const [version, flavour] of [
    ['10.11.19-MariaDB-0+deb12u1', 'mariadb'],
    ['5.5.5-10.6.2-MariaDB', 'mariadb'],
    ['11.0.2-MariaDB-log', 'mariadb'],
    ['8.0.17', 'mysql'],
    ['8.4.0-commercial', 'mysql'],
    ['9.1.0', 'mysql'],
  ] as const)
    assert.equal(flavourOf(version), flavour, version)
  for (const old of ['10.5.9-MariaDB', '5.5.5-10.3.1-MariaDB', '8.0.16', '5.7.44']) {
    assert.throws(() => flavourOf(old), { code: 'configuration' }, old)
  }
})

test('a fault says what is busy and what is broken, and quotes no value', () => {
  const of = (errno: number, message = 'x') =>
    Object.assign(new Error(message), { errno, sqlState: 'HY000', code: 'ER_X' })
  const codes = [1213, 1205, 1040, 1053, 1836, 1045, 1142, 1146, 1114].map(
    (errno) => faultOf('The database', of(errno)).code,
  )
  assert.deepEqual(codes, [
    ...Array.from({ length: 5 }, () => 'database-busy'),
    ...Array.from({ length: 4 }, () => 'database'),
  ])
  const duplicate = faultOf('The database', of(1062, "Duplicate entry 'secret' for key 'PRIMARY'"))
  assert.doesNotMatch(`${duplicate.message} ${duplicate.cause}`, /secret/)
  assert.ok(isOfOneOperation(duplicate) && !isOfOneOperation(faultOf('The database', of(1213))))
  const gone = Object.assign(new Error('connect ECONNREFUSED'), { errno: -111, code: 'ECONNREFUSED', fatal: true })
  assert.equal(faultOf('The database', gone).code, 'database-busy')
  assert.ok(faultOf('The database', gone) instanceof Fault)
})
