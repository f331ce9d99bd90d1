/** The verbs bound to a kit: what a face holds. */
import type { Caller } from './audit.ts'
import { type Form, overflow } from './captcha.ts'
import { change, openGrant, type Wanted } from './change.ts'
import type { Flow } from './flow.ts'
import { type Credentials, login, logout, signedIn } from './login.ts'
import { lookup } from './lookup.ts'
import type { Account, Kit } from './ports.ts'
import { type Link, look, openLink, prove, type Typed } from './prove.ts'
import { type Asked, request } from './request.ts'
import { changeOwn, endOwn, type OwnWish, ownAccount } from './signed-in.ts'

/** The engine with its ports filled in. */
export type Verbs = ReturnType<typeof verbs>

/** Binds every verb to the same kit. */
export function verbs(kit: Kit) {
  return {
    request: (flow: Flow, asked: Asked) => request(kit, flow, asked),
    lookup: (flow: Flow, address: string, caller: Caller) => lookup(kit, flow, address, caller),
    look: (flow: Flow, link: Link, caller: Caller) => look(kit, flow, link, caller),
    /** Whether a link is live; notes nothing. */
    peek: async (flow: Flow, link: Link): Promise<boolean> => (await openLink(kit, flow, link)).ok,
    prove: (flow: Flow, typed: Typed) => prove(kit, flow, typed),
    /** The account that a grant is for; null for a dead one. */
    granted: async (flow: Flow, grant: string): Promise<Account | null> => {
      const opened = await openGrant(kit, flow, grant)
      return typeof opened === 'string' ? null : opened.account
    },
    change: (flow: Flow, wanted: Wanted) => change(kit, flow, wanted),
    login: (typed: Credentials) => login(kit, typed),
    signedIn: (token: string) => signedIn(kit, token),
    /** The account of a signed-in browser with its sessions and latest events; null when nobody is signed in. */
    ownAccount: (token: string) => ownAccount(kit, token),
    changeOwn: (flow: Flow, wish: OwnWish) => changeOwn(kit, flow, wish),
    endOwn: (token: string, id: string | null, caller: Caller) => endOwn(kit, token, id, caller),
    logout: (token: string, caller: Caller) => logout(kit, token, caller),
    /** Seconds for which a full limit asks this caller for a captcha; null while none does. */
    overflow: (form: Form, caller: Caller) => overflow(kit, form, caller),
    ping: () => kit.store.ping(),
    now: () => kit.clock.now(),
  }
}
