/** NestJS on Express. Accounts are in Latchkey's own table; `npx latchkey accounts add` adds one. */
import 'reflect-metadata'
import { Body, Controller, Get, Module, type OnApplicationShutdown, type OnModuleInit, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { flows, latchkey } from 'latchkey'
import { sqlite } from 'latchkey/sqlite'

const { PORT = '3000', PUBLIC_URL = `http://localhost:${PORT}`, DATABASE = 'app.db' } = process.env
const { SECRET_KEY, EMAIL_URL } = process.env

const recovery = latchkey({
  secret: SECRET_KEY,
  publicUrl: PUBLIC_URL,
  store: sqlite(DATABASE),
  mail: { smtp: EMAIL_URL, from: 'App <no-reply@example.com>' },
  flows: [flows.classic, flows.spa],
})

@Controller()
class Pages {
  @Get()
  home() {
    return 'The application'
  }

  @Post('echo')
  echo(@Body() body: unknown) {
    return body
  }
}

@Module({ controllers: [Pages] })
class Application implements OnModuleInit, OnApplicationShutdown {
  onModuleInit() {
    return recovery.ready()
  }

  onApplicationShutdown() {
    return recovery.close()
  }
}

const app = await NestFactory.create(Application, { logger: ['error', 'warn'] })
app.use(recovery.node)
app.enableShutdownHooks()
await app.listen(PORT)
console.log(`${PUBLIC_URL}/auth/password-reset/`)
