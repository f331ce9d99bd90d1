import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { baseOf } from './config.ts'
import { takeToken } from './token.ts'

const base = baseOf(document)
// First of all, before a page is drawn or anything is fetched.
const held = { token: takeToken(base, window) }

createRoot(document.querySelector('#app')!).render(
  <StrictMode>
    <App base={base} held={held} />
  </StrictMode>,
)
