/** What each JSON body must be: checked at the door, and described from the same lines in `/openapi.json`. */
import { z } from 'zod'

const text = (most: number, about: string) => z.string().max(most).describe(about)

const email = text(1_024, 'An e-mail address. Absent or empty: "Email is required".').nullish()
const token = text(512, "The token of a letter's link.")
const uid = text(300, "The link's `uid`, where it has one.").optional()
const password = text(8_192, 'The new password.')

const captcha = text(8_192, 'The answer of a captcha, where `captcha-required` asked for one.').optional()

/** `POST /api/flows/{flow}/request` */
export const requestBody = z.strictObject({
  email,
  flow_id: text(64, 'The `flow_id` of an earlier answer: asks for the same code again.').optional(),
  captcha,
})

/** `POST /api/flows/{flow}/prove` */
export const proveBody = z.union([
  z.strictObject({
    flow_id: text(64, 'The `flow_id` of the ask.'),
    email: text(1_024, 'The address that was asked for.'),
    code: text(64, 'The digits, as they were typed.'),
    captcha,
  }),
  z.strictObject({ token, uid }),
])

/** `POST /api/flows/{flow}/change` */
export const changeBody = z.union([
  z.strictObject({ grant: text(512, 'The `grant` of a proof.'), password, confirm: password.optional(), captcha }),
  z.strictObject({ token, uid, password, confirm: password.optional(), captcha }),
])

/** `POST /auth/forgot-password/` */
export const spaAskBody = z.strictObject({ email, captcha })

/** `POST /auth/reset-password/` */
export const spaChangeBody = z.strictObject({ token: token.nullish(), new_password: password.nullish(), captcha })

/** What a problem document looks like (RFC 9457). */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  error: z.string().describe('The title again.'),
  code: z.string().describe('Stable, for programs.'),
  detail: z.string().optional(),
  unmet: z.array(z.object({ code: z.string(), message: z.string() })).optional(),
  retry_after: z.int().optional().describe('Seconds.'),
  captcha: z
    .object({
      form: z.string(),
      provider: z.string(),
      site_key: z.string(),
      challenge: z.object({}).nullable().describe('For ALTCHA: the task, in its own format.'),
    })
    .optional()
    .describe('With `captcha-required`: what to solve.'),
})

/** Answers. */
export const answers = {
  request: z.object({
    message: z.string(),
    flow_id: z.string(),
    expires_in: z.int().describe('Seconds.'),
    resend_after: z.int().nullable().describe('Seconds.'),
  }),
  prove: z.union([
    z.object({ grant: z.string(), expires_in: z.int().describe('Seconds.'), account: z.string(), rules: z.object({}) }),
    z
      .object({
        accounts: z.array(
          z.object({
            grant: z.string(),
            name: z.string().describe('What to show: no other of these accounts is called that.'),
            account: z.string().describe('The address.'),
            username: z.string().nullable(),
          }),
        ),
        expires_in: z.int().describe('Seconds.'),
        rules: z.object({}),
      })
      .describe('For a code, where several accounts have the address: a grant for each, of which one sets a password.'),
  ]),
  message: z.object({ message: z.string() }),
  rules: z.object({
    min: z.int(),
    max: z.int(),
    upper: z.boolean(),
    lower: z.boolean(),
    digit: z.boolean(),
    special: z.boolean(),
    not_all_digits: z.boolean(),
    history: z.int(),
  }),
}
