/**
 * Mutants of one source file: every small change that a slip of the hand could make. All of them are written into one
 * text, each behind a switch, so that a file is loaded once and then run as each of its mutants in turn.
 */
import { parseSync } from 'vite'

/** One change. `place` is the function it stands in: with the two texts it names the mutant though lines move. */
export type Mutant = {
  readonly id: number
  readonly file: string
  readonly line: number
  readonly place: string
  readonly from: string
  readonly to: string
}

/** A file with all its mutants behind switches. */
export type Instrumented = { readonly text: string; readonly mutants: readonly Mutant[] }

// biome-ignore lint/suspicious/noExplicitAny: a syntax tree, of which a dozen kinds of node are looked at.
type Node = Record<string, any> & { type: string; start: number; end: number }

const swapped: Record<string, readonly string[]> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '>>>': ['>>'],
  '+=': ['-='],
  '-=': ['+='],
  '++': ['--'],
  '--': ['++'],
}

const otherMethods = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
  ['min', 'max'],
  ['max', 'min'],
  ['floor', 'ceil'],
  ['ceil', 'floor'],
])

/** Methods whose call can be left out: the value goes on as it was. */
const skippable = new Set(
  'toLowerCase toUpperCase trim sort reverse filter slice normalize replace replaceAll padStart flat'.split(' '),
)

const skippedKeys = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'superTypeArguments'])
const isType = (type: string): boolean =>
  type.startsWith('TS') && !['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'].includes(type)
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** Writes the mutants of `source` into it, numbered from `first`. */
export function instrument(file: string, source: string, first: number): Instrumented {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const mutants: Mutant[] = []
  const places: string[] = []
  const text = (node: Node): string => source.slice(node.start, node.end)

  const add = (at: Node, from: string, to: string): number => {
    const id = first + mutants.length
    const line = source.slice(0, at.start).split('\n').length
    const squeezed = (one: string): string => {
      const flat = one.replace(/\s+/g, ' ')
      return flat.length > 90 ? `${flat.slice(0, 60)} … ${flat.slice(-25)}` : flat
    }
    mutants.push({ id, file, line, place: places.at(-1) ?? '', from: squeezed(from), to: squeezed(to) })
    return id
  }

  /** The node's text with the mutants of all that it holds. */
  const inner = (node: Node, chained: boolean): string => {
    let out = ''
    let at = node.start
    for (const [key, child] of childrenOf(node)) {
      if (child.start < at) continue
      const spine = chained && (key === 'object' || key === 'callee' || key === 'expression')
      out += source.slice(at, child.start) + render(child, node, key, spine)
      at = child.end
    }
    return out + source.slice(at, node.end)
  }

  const render = (node: Node, parent: Node, key: string, chained: boolean): string => {
    if (isType(node.type) || node.type === 'ImportDeclaration' || isFixed(node, parent, key)) return text(node)
    const named = placeOf(node)
    if (named) places.push(named)
    const rendered = written(node, parent, key, chained)
    if (named) places.pop()
    return rendered
  }

  const written = (node: Node, parent: Node, key: string, chained: boolean): string => {
    const changes = chained ? [] : changesOf(node, parent, key, text)
    const ids = changes.map((to) => [add(node, text(node), to), to] as const)
    const rest = inner(node, chained || node.type === 'ChainExpression')
    if (node.type === 'ExpressionStatement' && !node.directive) {
      return `if (!__m(${add(node, text(node), '')})) { ${rest} }`
    }
    if (node.type === 'BlockStatement' && key === 'body' && /Function/.test(parent.type) && node.body.length > 0) {
      return `{ if (__m(${add(node, `${places.at(-1)} { … }`, '{ return }')})) return; ${rest.slice(1)}`
    }
    if (ids.length === 0) return rest
    return `(${ids.map(([id, to]) => `__m(${id}) ? (${to}) : `).join('')}(${rest}))`
  }

  const body = (program.body as unknown as Node[]).map(
    (node) => [node.start, node.end, render(node, program as unknown as Node, 'body', false)] as const,
  )
  let out = ''
  let at = 0
  for (const [start, end, rendered] of body) {
    out += source.slice(at, start) + rendered
    at = end
  }
  return { text: out + source.slice(at), mutants }
}

function childrenOf(node: Node): [string, Node][] {
  return Object.entries(node)
    .filter(([key]) => !skippedKeys.has(key))
    .flatMap(([key, value]): [string, Node][] =>
      Array.isArray(value) ? value.filter(isNode).map((one) => [key, one]) : isNode(value) ? [[key, value]] : [],
    )
    .sort(([, left], [, right]) => left.start - right.start)
}

/** What is no value that could be another: names, patterns, keys. */
function isFixed(node: Node, parent: Node, key: string): boolean {
  if (key === 'key' && !parent.computed) return true
  if (key === 'left' && parent.type === 'AssignmentExpression') return true
  if (key === 'argument' && parent.type === 'UpdateExpression') return true
  return node.type === 'TSTypeAnnotation' || (node.type === 'ExportNamedDeclaration' && node.exportKind === 'type')
}

function placeOf(node: Node): string | null {
  if (node.type === 'FunctionDeclaration') return node.id?.name ?? null
  if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier') return node.id.name
  return node.type === 'MethodDefinition' ? (node.key.name ?? null) : null
}

/** The texts that could stand in the place of this expression. */
function changesOf(node: Node, parent: Node, key: string, text: (node: Node) => string): string[] {
  const changes = own(node, text)
  const isTest = key === 'test' && parent.type !== 'SwitchCase'
  if (isTest && /^(For|While|DoWhile)/.test(parent.type)) changes.push('false')
  else if (isTest) changes.push('true', 'false')
  if (key === 'body' && parent.type === 'ArrowFunctionExpression' && node.type !== 'BlockStatement') {
    changes.push('undefined')
  }
  return [...new Set(changes)].filter((one) => one !== text(node))
}

function own(node: Node, text: (node: Node) => string): string[] {
  switch (node.type) {
    case 'BinaryExpression':
      return (swapped[node.operator] ?? []).map((operator) => `${text(node.left)} ${operator} ${text(node.right)}`)
    case 'AssignmentExpression':
      return (swapped[node.operator] ?? []).map((operator) => `${text(node.left)} ${operator} ${text(node.right)}`)
    case 'UpdateExpression':
      return swapped[node.operator]!.map((operator) =>
        node.prefix ? operator + text(node.argument) : text(node.argument) + operator,
      )
    case 'LogicalExpression': {
      const [left, right] = [text(node.left), text(node.right)]
      if (node.operator === '??') return [left, right]
      return [`(${left}) ${node.operator === '&&' ? '||' : '&&'} (${right})`, left, right]
    }
    case 'UnaryExpression':
      return node.operator === '!' || node.operator === '-' ? [text(node.argument)] : []
    case 'Literal':
      return ofLiteral(node)
    case 'TemplateLiteral':
      return [`''`]
    case 'ArrayExpression':
      return node.elements.length > 0 ? ['[]'] : [`['mutant']`]
    case 'CallExpression':
      return ofCall(node, text)
    case 'ChainExpression':
      return [text(node).replace(/\?\.(?=[[(])|\?(?=\.)/, '')]
    default:
      return []
  }
}

function ofLiteral(node: Node): string[] {
  if (node.regex) return ofPattern(node.regex.pattern).map((pattern) => `/${pattern}/${node.regex.flags}`)
  if (typeof node.value === 'boolean') return [String(!node.value)]
  if (typeof node.value === 'number')
    return [String(node.value + 1), ...(node.value > 0 ? [String(node.value - 1)] : [])]
  if (typeof node.value === 'string') return [node.value === '' ? `'mutant'` : `''`]
  return []
}

/** A pattern without an anchor, with another count, with a class turned round. */
function ofPattern(pattern: string): string[] {
  const tries = [
    pattern.replace(/^\^/, ''),
    pattern.replace(/\$$/, ''),
    pattern.replace(/\{(\d+)\}/, (_, count) => `{${Number(count) + 1}}`),
    pattern.replace(/\{(\d+),(\d*)\}/, (_, least, most) => `{${Number(least) + 1},${most}}`),
    pattern.replace(/\{(\d+),(\d+)\}/, (_, least, most) => `{${least},${Number(most) - 1}}`),
    pattern.replace(/\[(\^?)/, (_, not) => (not ? '[' : '[^')),
    pattern.replace(/\+$|\+(?=\$$)/, ''),
  ]
  return [...new Set(tries)].filter((one) => one !== pattern)
}

function ofCall(node: Node, text: (node: Node) => string): string[] {
  const { callee } = node
  if (callee.type !== 'MemberExpression' || callee.computed || callee.optional) return []
  const name: string = callee.property.name
  const rest = text(node).slice(callee.end - node.start)
  const other = otherMethods.get(name)
  if (other) return [`${text(callee.object)}.${other}${rest}`]
  return skippable.has(name) ? [text(callee.object)] : []
}
