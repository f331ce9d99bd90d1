/** Made by `vite.strength.config.ts` from @zxcvbn-ts/language-common: 60 KB at most. */
declare module 'virtual:dictionary' {
  /** The most common passwords, most common first, with spaces between them. */
  export const passwords: string
  /** Which keys lie side by side. */
  export const graphs: Record<string, Record<string, (string | null)[]>>
}
