/** Letters printed instead of sent, for development: whoever works on the pages reads them where the server runs. */
import type { Mail } from '../engine/ports.ts'

const line = '─'.repeat(72)

/** A letter as it is printed: its head, then its text. Control characters are left out, for a terminal obeys them. */
export function printed(mail: Mail, from: string, at: number): string {
  const head = [
    `From: ${from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject.replaceAll(/[\r\n]+/g, ' ')}`,
    `Date: ${new Date(at).toUTCString()}`,
    `Message-ID: ${mail.messageId}`,
  ]
  const text = `${line}\n${head.join('\n')}\n\n${mail.text.trimEnd()}\n${line}\n`
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}
