/** `/openapi.json`: the JSON API as OpenAPI 3.1, made of the very schemas that check the bodies. */
import { z } from 'zod'
import type { Parts } from './parts.ts'
import { answers, changeBody, problem, proveBody, requestBody, spaAskBody, spaChangeBody } from './schemas.ts'

type Schema = z.ZodType

const json = (schema: Schema) => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema) as Record<string, unknown>
  return { 'application/json': { schema: rest } }
}

const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

const post = (summary: string, body: Schema, answer: Schema, refusals: Record<string, string>) => ({
  post: {
    summary,
    requestBody: { required: true, content: json(body) },
    responses: {
      200: { description: 'Done.', content: json(answer) },
      ...Object.fromEntries(
        Object.entries({ 400: 'The request is wrong.', 413: 'Too large.', 415: 'Not JSON.', ...refusals }).map(
          ([status, about]) => [status, refusal(about)],
        ),
      ),
    },
  },
})

const limited = { 429: 'Too many attempts by this caller; `Retry-After` says how long to wait.' }
const robot = { 403: 'A captcha must be solved first; `captcha` says which.' }
const dead = { 410: 'The link or the grant is invalid or expired.' }
const poor = { 422: 'The password is refused; `unmet` lists the rules. The proof is not spent.' }

/** The document for the enabled flows. */
export function openapi(parts: Parts): object {
  const { $schema: _, ...problemSchema } = z.toJSONSchema(problem) as Record<string, unknown>
  const paths: Record<string, object> = {}
  for (const { name } of parts.flows) {
    const base = `/api/flows/${name}`
    paths[`${base}/request`] = post(
      'Ask for a letter. The same answer for every address.',
      requestBody,
      answers.request,
      { ...limited, ...robot },
    )
    paths[`${base}/prove`] = post('Prove a code, or look at a link.', proveBody, answers.prove, { ...dead, ...robot })
    paths[`${base}/change`] = post('Set the password.', changeBody, answers.message, { ...dead, ...poor, ...robot })
    paths[`${base}/rules`] = {
      get: {
        summary: 'What a new password must be.',
        responses: { 200: { description: 'The rules.', content: json(answers.rules) } },
      },
    }
  }
  for (const flow of parts.flows) {
    if (flow.face !== 'json') continue
    paths[flow.routes.ask] = post('Ask for a letter. The same answer for every address.', spaAskBody, answers.message, {
      ...limited,
      ...robot,
    })
    paths[flow.routes.change] = post('Set the password with the token of the link.', spaChangeBody, answers.message, {
      ...poor,
      ...robot,
    })
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Latchkey', version: '1', description: 'Account recovery. Errors are RFC 9457 problem details.' },
    servers: [{ url: parts.publicUrl }],
    paths,
    components: { schemas: { Problem: problemSchema } },
  }
}
