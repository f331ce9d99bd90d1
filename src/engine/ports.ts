/**
 * What the engine needs from the world, a page of interfaces. `stores/memory.ts` is the reference to read first;
 * `stores/contract.ts` is what any store must pass.
 *
 * Every write of a store is one atomic operation, so that it can be one transaction, share a durable commit with
 * others, or run on another thread. Times are milliseconds since 1970 and come in as data. Ids and digests are base64url.
 */
import type { AuditEvent, EventName } from './audit.ts'
import type { Keyring } from './keys.ts'
import type { Hit, LimitName, Limits, Take } from './limits.ts'
import type { Unmet } from './outcome.ts'
import type { AuditRow, Checkpoint, EventSeal, Link, Segment } from './seal.ts'

export type Clock = { now(): number }

export type Random = {
  bytes(count: number): Uint8Array
  /** 0 ≤ x < 1; for jitter, never for a secret. */
  fraction(): number
}

/** The row whose password may change, ours or an existing table's. */
export type Account = {
  readonly id: string
  /** Exactly as stored: letters go here and nowhere else. */
  readonly email: string
  readonly username: string | null
  /** As the table keeps it; null where the account has none. */
  readonly passwordHash: string | null
  readonly verified: boolean
  readonly active: boolean
  readonly locale: string | null
  /** A second factor is in use: a password alone opens no session, and a reset neither removes it nor logs in past it. */
  readonly secondFactor: boolean
  /** It signs in by single sign-on and may use no password here: it gets no proof, but a letter that names the right door. */
  readonly signOn: boolean
  /** When it last logged in to its application, in UTC and to the second, `2026-05-06 07:08:09`; null: never, or not mapped. */
  readonly lastLogin?: string | null
  /** What the table's own two columns hold, for flows that keep their proof there. */
  readonly reset: { readonly reference: string; readonly expiresAt: number } | null
}

/** A row to add to Latchkey's own table. */
export type NewAccount = {
  readonly email: string
  readonly username: string | null
  readonly passwordHash: string | null
  readonly verified: boolean
  readonly active: boolean
}

/** Where accounts are read. Their passwords are written by `Store.change` and `Store.renewHash` alone. */
export type Accounts = {
  byId(id: string): Promise<Account | null>
  /** By tidied e-mail address. More than one where a table holds spellings of one address. */
  byAddress(address: string): Promise<Account[]>
  /** By tidied e-mail address or user name, for a log-in. */
  byName(name: string): Promise<Account | null>
  /**
   * Adds rows, all or none; answers the indexes of those left out because address or user name is taken. `event` is noted
   * for each row that was added, with the account it became.
   */
  add(rows: readonly NewAccount[], at: number, event?: AuditEvent): Promise<{ taken: readonly number[] }>
  /** In order of id, `after` exclusive; for `accounts list`. */
  list(after: string | null, count: number): Promise<Account[]>
}

/** Our open question to one address. A decoy, one for an address that nobody has, looks the same until it is issued. */
export type Challenge = {
  readonly id: string
  readonly flow: string
  /** Keyed digest of the tidied address that was typed. */
  readonly addressKey: string
  /** Keyed digest of the browser that asked; null for programs. A code belongs to it. */
  readonly browser: string | null
  /** Which key its proofs are made with. */
  readonly keyId: string
  readonly askedAt: number
  readonly expiresAt: number
  /** `open` → `proved` (a code was right) → `closed`. A link goes from open to closed. */
  readonly state: 'open' | 'proved' | 'closed'
  /** Wrong tries left; 0 for links. */
  readonly triesLeft: number
  /**
   * Set by its letter's turn; null until then. A decoy is bound to an id that no account has; one whose code is for
   * several accounts to what stands for them all.
   */
  readonly accountId: string | null
  /** Whose proof its letters carry: its own id, or an older challenge's that is still good. */
  readonly mails: string
  /** What binds a grant to the one time that a code was proved. */
  readonly nonce: string | null
  /** When its latest letter was queued, or would have been. */
  readonly mailedAt: number
}

/** Mail promised. Holds no token, code or link: a proof letter's proof is derived when it is sent. */
export type Letter = {
  readonly id: string
  readonly kind: LetterKind
  readonly flow: string
  readonly challengeId: string | null
  /** The one told of by a notice; null for a proof letter, whose account is found when it is sent. */
  readonly accountId: string | null
  /** The address it goes to (a notice) or was asked for (a proof), sealed under a key that is not in the database. */
  readonly sealedAddress: string
  readonly keyId: string
  /** What the asker's browser prefers; the account's own language wins. */
  readonly locale: string
  readonly createdAt: number
  /** Not sent after this, nor with under two minutes left. */
  readonly expiresAt: number
}

export type LetterKind = 'proof' | 'changed' | 'too-many-tries'

/** A letter whose turn it is, and the lease under which it is held. */
export type Leased = { readonly letter: Letter; readonly attempts: number; readonly lease: string }

/** Letters that are neither sent nor dropped. `later`: they were tried before. `held`: one has them now. */
export type Outbox = {
  readonly due: number
  readonly held: number
  readonly later: number
  readonly oldest: number | null
}

/** How a letter's turn ended. */
export type Settlement =
  | { readonly kind: 'sent' }
  /** Not to be sent at all; the event says why. */
  | { readonly kind: 'dropped' }
  /** Dropped, and in its place one letter for each of several accounts, with the challenges that those need. */
  | { readonly kind: 'split'; readonly letters: readonly Letter[]; readonly challenges: readonly Challenge[] }
  | { readonly kind: 'again'; readonly at: number; readonly because: string }
  | { readonly kind: 'given-back' }

/** An ask, as one atomic operation. */
export type Ask = {
  readonly at: number
  /** Any of them full: refused, and nothing is counted or written but the event of a first crossing. */
  readonly refuse: readonly Take[]
  /**
   * Full: no letter. The challenge is opened all the same, so that nothing else changes either. Where it was counted
   * elsewhere, since the limiter does not work: whether there is room.
   */
  readonly mail: Take | 'room' | 'full'
  /** Tried when `mail` is full; the caller's own. */
  readonly reserve: Take | null
  /** What asks and letters of the whole installation count against; null counts nothing. */
  readonly budget: {
    readonly asks: Take | null
    readonly letters: Take | null
    /** Full: refused, as `refuse` is. Else the ask goes on, is counted all the same, and the answer says so. */
    readonly holds: boolean
  } | null
  /** The asking browser's own live challenge: mailed again while more than half its life is left. */
  readonly again: { readonly id: string; readonly halfLife: number; readonly waitUntil: number | null } | null
  /** Null for flows that keep no row. */
  readonly challenge: Challenge | null
  /** The store writes into it whose challenge it mails: the new one's, or the one's that is mailed again. */
  readonly letter: Letter
  readonly event: AuditEvent
}

export type Asked =
  /** `hits`: what was full; none where a resend must wait. */
  | { readonly kind: 'refused'; readonly limit: LimitName; readonly retryAt: number; readonly hits: readonly Hit[] }
  | {
      readonly kind: 'asked'
      /** The new one's or the one mailed again; null for flows that keep no row. */
      readonly challengeId: string | null
      readonly mailed: boolean
      /** What is used up with this one. */
      readonly over: readonly BudgetName[]
    }

/** A letter found its account: bind the challenge to it, or let the letter carry an older live proof. */
export type Binding = {
  readonly challengeId: string
  readonly accountId: string
  /** Live challenges that the account may have in this flow. */
  readonly live: number
  /** Milliseconds of life under which the oldest may be replaced. */
  readonly halfLife: number
  /** Keys that proofs can be made with. A challenge of another key is dead, and stands in nobody's way. */
  readonly keyIds: readonly string[]
  readonly at: number
  /** For flows that keep their proof in the users table: what is written there if the challenge mails its own proof. */
  readonly column: { readonly reference: string; readonly expiresAt: number } | null
}

/** A change of password, all of it or none. */
export type Change = {
  readonly at: number
  /** Null for flows that keep no row. */
  readonly challenge: {
    readonly id: string
    readonly nonce: string | null
    /** What it is bound to: the account's id, or what stands for several of which it is one. */
    readonly boundTo: string
  } | null
  /** The account as the proof saw it; the password is set only if it is still so. */
  readonly account: Account
  readonly passwordHash: string
  /** Old hashes to remember, the one just replaced among them; 0 keeps none. */
  readonly history: number
  readonly letter: Letter
  readonly event: AuditEvent
  /** Counts of wrong tries and failed log-ins that a success ends. */
  readonly forget: readonly string[]
  /** Opened in the same transaction, where the flow logs in. */
  readonly session: Session | null
}

/** The password that an account has, hashed anew: all of it or none. */
export type Renewal = {
  /** As the log-in saw it; the hash is written only if it is still so. */
  readonly account: Account
  readonly passwordHash: string
  readonly event: AuditEvent
}

/**
 * A change of a password that is kept elsewhere, between its beginning here and its end. An account has one at a time: it
 * is what closes the proof to all others while the password is being set, and what a restart finds.
 */
export type PendingChange = {
  /** Fresh for each; the host that sets the password knows a repetition by it. */
  readonly id: string
  readonly accountId: string
  readonly begunAt: number
  /** All that is needed to end it, as JSON that the store does not read. Holds no password. */
  readonly body: string
}

/** How a pending change ended. */
export type Ending =
  /** The password is set: what a `Change` does besides. */
  | ({
      readonly kind: 'changed'
      /** The hash that was replaced; null where it is not known. */
      readonly replaced: string | null
    } & Pick<Change, 'history' | 'letter' | 'event' | 'forget' | 'session'>)
  /** It is not: the proof is good again. */
  | { readonly kind: 'undone'; readonly event: AuditEvent }

export type Session = {
  /** Digest of the cookie's value. */
  readonly id: string
  readonly accountId: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly network: string
  readonly agent: string
}

/** What an operator sets while the servers run. `value` is null where it was taken back; secrets in it are sealed. */
export type Setting = {
  readonly name: string
  readonly value: string | null
  /** 1 for the first; one more with each writing. */
  readonly version: number
}

/** Told when limits of `takes` were full. */
export type Taken = { readonly hits: readonly Hit[] }

/** What keeps things. Each method is atomic; those that write are durable when they answer. */
export type Store = {
  ask(ask: Ask): Promise<Asked>
  challenge(id: string): Promise<Challenge | null>
  /** Binds, and answers the challenge whose proof the letter carries; null when the challenge is gone or closed. */
  bind(binding: Binding): Promise<Challenge | null>
  /**
   * Counts a try before anything is compared. False when the challenge has none left, is not open, or a take is full.
   * `notice` is queued, with its event, the first time that a take of that name is full; `queue` false: there is nobody
   * to tell, and the letter is given all the same, so that it takes the same time.
   */
  takeTry(
    id: string,
    at: number,
    takes: readonly Take[],
    notice: { limit: LimitName; letter: Letter; queue: boolean; event: AuditEvent },
  ): Promise<boolean>
  /**
   * The try was wrong: notes it. Where a take is full with it, that is told of once, and the notice queued as `takeTry`
   * does; counts nothing. Answers what is full.
   */
  wrongTry(
    at: number,
    takes: readonly Take[],
    event: AuditEvent,
    notice: { limit: LimitName; letter: Letter; queue: boolean; event: AuditEvent },
  ): Promise<Taken>
  /** Open → proved, once; gives back and forgets counts, notes the event. False when another was first. */
  prove(
    id: string,
    nonce: string,
    at: number,
    giveBack: readonly string[],
    forget: readonly string[],
    event: AuditEvent,
  ): Promise<boolean>
  /** True for exactly one of any number of callers with one proof. */
  change(change: Change): Promise<boolean>
  /**
   * Writes another hash of the same password, and closes the account's challenges, whose proofs hang on the old one. Its
   * sessions, ours and the application's, and its history stay. False, and nothing done, when the account has changed.
   */
  renewHash(renewal: Renewal): Promise<boolean>

  // A change of a password that is kept elsewhere: begun here, set there, ended here

  /**
   * Begins a change; `challenge` is null for flows that keep no row. `begun` for exactly one of any number of callers.
   * `busy`: another one of this account is pending. `dead`: the challenge is not as the grant saw it. It is due at `dueAt`.
   * A challenge that is bound to several accounts is closed with it, for another of them is not held up by what is pending.
   */
  beginChange(pending: PendingChange, challenge: Change['challenge'], dueAt: number): Promise<'begun' | 'busy' | 'dead'>
  /** Ends a change, for exactly one of any number of callers. False when it has ended before; then nothing is written. */
  endChange(pending: Pick<PendingChange, 'id' | 'accountId'>, at: number, ending: Ending): Promise<boolean>
  /** Up to `count` changes that are due, the earliest first; due again at `until`. */
  dueChanges(count: number, at: number, until: number): Promise<PendingChange[]>

  note(event: AuditEvent): Promise<void>
  /** Notes the event and counts it in all takes. Where one is full: neither, but that it was crossed, once. */
  noteWithin(takes: readonly Take[], event: AuditEvent): Promise<Taken>

  /** Counts all or, when any is full, none. */
  take(takes: readonly Take[], at: number, event: AuditEvent | null): Promise<Taken>
  giveBack(keys: readonly string[], forget: readonly string[]): Promise<void>
  /** Which of them are full now; counts nothing. */
  full(takes: readonly Take[], at: number): Promise<readonly Hit[]>

  /** Up to `count` letters whose time has come, held until `until`. */
  lease(count: number, at: number, until: number, lease: string): Promise<Leased[]>
  /** Holds on to what `lease` still has. */
  renew(lease: string, until: number): Promise<void>
  /** False when the lease was lost meanwhile. */
  settle(id: string, lease: string, at: number, settlement: Settlement, event: AuditEvent | null): Promise<boolean>
  /** Milliseconds until the next letter is due; null when none waits. */
  nextDue(at: number): Promise<number | null>
  /** Letters that wait, by what they wait for, and when the oldest was made; null where none waits. */
  outbox(at: number): Promise<Outbox>
  /** Calls back when a letter was queued by this process. */
  onLetter(listener: () => void): void

  openSession(session: Session, event: AuditEvent): Promise<void>
  session(id: string, at: number): Promise<Session | null>
  endSession(id: string, event: AuditEvent): Promise<void>
  /** An account's sessions that live at that time, newest first; ids decide between those of one moment. */
  sessionsOf(accountId: string, at: number, count: number): Promise<Session[]>

  // Settings

  /** All of them; a few rows. */
  settings(): Promise<Setting[]>
  /** Writes it where its version is the one after that which is there, 1 where none is. False when another was first. */
  setSetting(setting: Setting, at: number, event: AuditEvent | null): Promise<boolean>

  /** Hashes of earlier passwords, newest first. */
  history(accountId: string, count: number): Promise<string[]>
  events(after: number, count: number): Promise<(AuditEvent & { seq: number })[]>
  /** What of these names happened to an account, newest first; what was erased is nobody's. */
  eventsOf(accountId: string, names: readonly EventName[], count: number): Promise<AuditEvent[]>
  readonly audit: AuditStore
  /** Removes what is long over, in small steps; answers how many rows went. Events are the audit's own to remove. */
  purge(at: number): Promise<number>
  /** Throws when the database does not answer. */
  ping(): Promise<void>
  /** Connections of this process's pool, and operations that wait for one; absent where there is no pool. */
  pool?(): PoolUse
  close(): Promise<void>
}

/**
 * Whom events are about: their account, its challenges, and the addresses that those and `addressKeys` (digests) stand for.
 * An ask does not know its account; its challenge and its address do. What names another account is about that one alone.
 */
export type Whom = { readonly accountId: string; readonly addressKeys: readonly string[] }

/**
 * The audit's chain. Numbers of events are given in the order of their commits: when one can be read, every lower one
 * that there will ever be can be read too.
 */
export type AuditStore = {
  /** The newest segment, else the checkpoint; null before the first segment. */
  tip(): Promise<Link | null>
  checkpoint(): Promise<Checkpoint | null>
  /** Those above `after`, in order. */
  segments(after: number, count: number): Promise<Segment[]>
  /** Events with what stands beside them, in order, `after` exclusive. */
  rows(after: number, count: number): Promise<AuditRow[]>
  /** Numbers, in order, of what is not erased yet about somebody; `after` exclusive. */
  about(whom: Whom, after: number, count: number): Promise<number[]>
  /** Number of the newest event; 0 where there is none. */
  newest(): Promise<number>
  /** Joins a segment to the chain and writes the seals of its events. False when another was first. */
  seal(segment: Segment, seals: readonly EventSeal[]): Promise<boolean>
  /** Of the segments whose events are whole the oldest ones, as far as they hold nothing newer than `at`. */
  whole(at: number, count: number): Promise<Segment[]>
  /**
   * Writes networks and salts as they are given where events are whole, empties their agents, notes the event. False when
   * another was first.
   */
  shorten(
    segments: readonly number[],
    events: readonly { readonly seq: number; readonly network: string; readonly salt: string }[],
    event: AuditEvent,
  ): Promise<boolean>
  /** Takes account, network, agent and salt out of sealed events, and notes the event under `accountKey`. */
  erase(seqs: readonly number[], accountKey: string, event: AuditEvent): Promise<void>
  /** Removes every segment up to the checkpoint, with its events, and notes the event. False when another was first. */
  remove(upTo: Checkpoint, event: AuditEvent): Promise<boolean>
}

/** What a row's columns must hold, as data and never as SQL; null: nothing. A number past 2^53 is written as a text. */
export type Conditions = Readonly<Record<string, string | number | boolean | null>>

/** Which table and columns hold the accounts. */
export type AccountsTable = {
  /** The table's name, or a view's; on PostgreSQL also with its schema, `auth.users`, on MySQL with its database. */
  readonly table: string
  /** Column of the account's id, number, UUID or text. */
  readonly id: string
  /** Column of the address; letters go to it as it is stored. Compared without regard to A–Z and a–z. */
  readonly email: string
  /** Column of the password's hash; of the credentials' table where there is one. */
  readonly password: string
  /** Where passwords have a table of their own. An account without a row in it signs in elsewhere, and gets no proof. */
  readonly credentials?: CredentialsTable
  /**
   * Rows for which this is not so are no accounts: `{ deleted_at: null, tenant: 3 }`. Several tenants on one table are
   * several installations. Default: every row is one.
   */
  readonly where?: Conditions
  /** `lower`: every address is stored in lower case, so that a plain index finds it; others are not found. Default: `folded`. */
  readonly compare?: 'folded' | 'lower'
  /** Column of the user name. Absent: one logs in by address. */
  readonly username?: string
  /** Column that is true once the address is confirmed. Absent: every address counts as confirmed. */
  readonly verified?: string
  /** Column that is true while the account may be used. Absent: every account may. */
  readonly active?: string
  /** Column of the language that the account's letters are in. */
  readonly locale?: string
  /** Column of the last log-in, which links of an earlier product hang on (`earlier`). Read, never written. */
  readonly lastLogin?: string
  /** Column that is true or filled while a second factor is in use. Read, never written. Absent: nobody has one. */
  readonly secondFactor?: string
  /** Column that is true or filled where one must sign in by single sign-on. Read, never written. Absent: nobody must. */
  readonly signOn?: string
  /**
   * How the application's own sessions end when a password is set: `with-password`, where they hang on the hash, as
   * Django's and Devise's do; or a table whose rows are deleted in the same transaction. Absent: that is not known, and
   * no page or letter says that they end, unless a hook or a webhook is told of the change.
   */
  readonly sessions?: 'with-password' | SessionsTable
}

/** The application's own sessions, a row each. */
export type SessionsTable = {
  readonly table: string
  /** Column of the id of the account that a row belongs to. */
  readonly account: string
}

/** A table that holds passwords beside the one that holds accounts, such as better-auth's `account`. */
export type CredentialsTable = {
  readonly table: string
  /** Column of the id of the account that a row belongs to. */
  readonly account: string
  /** Which rows are passwords: `{ providerId: 'credential' }`. At most one of an account may be. Default: all. */
  readonly where?: Conditions
}

/** A step of the schema that is not yet in the database. */
export type Migration = { readonly name: string; readonly sql: string }

/** How full a pool of connections is. */
export type PoolUse = { readonly used: number; readonly idle: number; readonly waiting: number }

/** A database that can keep a recovery's rows beside its accounts. */
export type Database = {
  /** What `migrate` would apply. `columns`: whether a flow keeps its proof in the users table. */
  pending(table: AccountsTable, columns: boolean): Promise<Migration[]>
  migrate(table: AccountsTable, columns: boolean): Promise<Migration[]>
  /** `clock`: the database's own, where processes share it; it is used where no other is given. */
  open(table: AccountsTable, columns: boolean): Promise<{ store: Store; accounts: Accounts; clock?: Clock }>
  /** Copies all of it to a file as it is at one moment, while it is in use; absent where the database's own tools do that. */
  backUp?(to: string): Promise<void>
}

/** Makes and compares password hashes, off the main thread, a bounded number at a time. */
export type Hasher = {
  /** In the form that the table's new passwords are written in. */
  hash(password: string): Promise<string>
  /** For a log-in: the same work whatever the hash is, and where it is null or of no known format. */
  verify(hash: string | null, password: string): Promise<boolean>
  /** For whoever has proved that the account is theirs: no more work than the hash's own. */
  matches(hash: string, password: string): Promise<boolean>
  /**
   * Whether a log-in with this password, which the hash is of, should have it hashed anew: the hash is older than what is
   * written, the form holds the password whole, and the table's hashes may change while their passwords do not.
   */
  renews(hash: string, password: string): boolean
  /** Why the form cannot hold a password whole; null when it does. What is refused is never hashed. */
  refuses(password: string): 'too-many-bytes' | 'outer-space' | null
}

/** What the host says of a password that it was to set. `stale`: the account is not as `expected`; `not-set`: certainly not. */
export type SetAnswer = 'set' | 'stale' | 'not-set' | { readonly refused: readonly Unmet[] }

/** Where functions of the host keep the accounts: what sets a password there. A call that throws may have done it or not. */
export type Elsewhere = {
  /** Milliseconds that one call may take. */
  readonly timeout: number
  /** Whether the host is given the hash; else the password itself, which is kept nowhere. */
  readonly takesHash: boolean
  /** `key` is the same whenever one change is set again. `account`: as it must still be. */
  set(wish: {
    readonly account: Account
    readonly key: string
    readonly hash?: string
    readonly password?: string
  }): Promise<SetAnswer>
  endSessions(accountId: string, key: string): Promise<void>
  /** Tells operators what cannot be so. */
  warn(message: string, about: { readonly id: string; readonly accountId: string }): void
}

/** A letter as it leaves. */
export type Mail = {
  /** Exactly one address, the envelope's recipient. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Stable per letter, so that a letter sent twice is seen as one. */
  readonly messageId: string
  readonly locale: string
}

/** Sends, or throws; a `MailRefusal` says that trying again is of no use, a `MailServerGone` that no letter would leave now. */
export type Mailer = {
  send(mail: Mail, signal: AbortSignal): Promise<void>
  /** Throws with the reason when the server cannot be used. */
  check(): Promise<void>
  close(): Promise<void>
  /** How many letters may be on the way at once. */
  readonly width: number
}

/** Where a flow's letters lead. `uid` is empty where the flow's link has none. */
export type Links = { toProof(flow: string, uid: string, token: string): string }

/** A budget of the whole installation. */
export type BudgetName = 'asks-of-all' | 'letters-of-all'

/** What operators are told of, each at most once an hour. */
export type AlarmName =
  | BudgetName
  /** Past `wrongCodesAlarm`: the whole installation is guessed at. */
  | 'wrong-codes-of-all'
  /** Past `wrongCodesOfAll`: letters carry links instead of codes. */
  | 'links-instead-of-codes'
  /** What is counted cannot be read or written: guessing is refused, asks are counted in each process alone. */
  | 'limiter-down'
  /** The audit's chain was cut behind the back of its sealer. */
  | 'audit-broken'
  /** A provider of captchas does not answer, or its keys cannot be used. */
  | 'captcha-down'

export type Alarm = (name: AlarmName) => void

/** All that a verb can be given; each states in its signature what it touches. */
export type Kit = {
  readonly store: Store
  readonly accounts: Accounts
  /** Null where the accounts are beside the store's rows, and one transaction changes both. */
  readonly elsewhere: Elsewhere | null
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly keys: Keyring
  readonly links: Links
  /** Null: nothing is counted but tries; for measuring only. */
  readonly limits: Limits | null
  /** The one spelling of an address that is compared; null for what is not exactly one plain address. */
  readonly tidyAddress: (text: string) => string | null
  /** NFC on our own table, as it stands on a mapped one (its log-in would not know). */
  readonly tidyPassword: (text: string) => string
  /** Earlier passwords to remember: the most that any enabled flow looks back. */
  readonly remembered: number
  /** Which of these this process knows to be full, so that nothing need be made for whom they refuse; counts them. */
  readonly shut: (takes: readonly Take[], at: number) => readonly Hit[]
  /** Tells operators. Never waits and never throws. */
  readonly alarm: Alarm
  /** Whether a password is on the block list. */
  readonly isCommon: (password: string) => boolean
  /** Whether it was in a breach, asked elsewhere; false where there is nobody to ask. */
  readonly isBreached: (password: string) => Promise<boolean>
}
