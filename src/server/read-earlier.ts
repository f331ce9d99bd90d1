/** The links of the product before: DJANGO_SECRET_KEY, and the site's other settings in the configuration file. */
import { refuseDjangoLinks } from '../accounts/django-links.ts'
import type { Options } from '../options.ts'
import type { FileOptions } from './file-shape.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

/** The option; nothing where no links are to open. */
export function readEarlier(read: Reading, file: FileOptions): Pick<Options, 'earlier'> {
  const secretKey = read.text('DJANGO_SECRET_KEY') ?? file.earlier?.django.secretKey
  if (secretKey === undefined) {
    if (file.earlier) read.findings.push(finding('L100'))
    return {}
  }
  const django = { ...file.earlier?.django, secretKey }
  for (const reason of refuseDjangoLinks(django)) read.findings.push(finding('L101', { reason }))
  return { earlier: { django } }
}
