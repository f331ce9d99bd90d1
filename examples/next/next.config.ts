import type { NextConfig } from 'next'

export default {
  // Latchkey brings native code and files of its own, which no bundler may take apart.
  serverExternalPackages: ['latchkey'],
  // Its pages end with a slash, which Next would take away.
  skipTrailingSlashRedirect: true,
} satisfies NextConfig
