#!/usr/bin/env node
/**
 * The `gatehouse` command. Reads the command line, runs one command, turns its end into lines and an exit code.
 *
 * The composition root: the only place (with its neighbours in `cli/`) that may import both planes and the demo.
 * A command is imported when it is run, so that `help` and `config check` start nothing.
 */
import { type CommandLine, readCommandLine, usage } from './command-line.ts'
import { exitCodes, isStop } from './exit-codes.ts'

/** Who types: their number in the operating system; where it has none, nobody who counts. */
const operator = (): number => process.getuid?.() ?? -1

const run = async (line: CommandLine): Promise<number> => {
  switch (line.command) {
    case 'help':
      process.stdout.write(`${usage()}\n`)
      return exitCodes.ok
    case 'start':
      return (await import('./start.ts')).start(line)
    case 'gateway':
      // What somebody typed looks after workers; what was started by another process is one.
      if (process.send === undefined) return (await import('./gateway-workers.ts')).superviseGateway(line)
      return (await import('./plane-commands.ts')).runPlane(line.command, line)
    case 'admin':
      return (await import('./plane-commands.ts')).runPlane(line.command, line)
    case 'config check':
      return (await import('./config-check.ts')).checkConfig(line)
    case 'audit verify':
      return (await import('./audit-verify.ts')).verifyAudit(line)
    case 'audit export':
      return (await import('./audit-export.ts')).exportAudit(line, () => Date.now())
    case 'audit report':
      return (await import('./audit-report.ts')).reportAccess(line, () => Date.now())
    case 'policy export':
      return (await import('./policy-export.ts')).exportPolicy(line)
    case 'policy plan':
      return (await import('./policy-plan.ts')).planPolicy(line, () => Date.now())
    case 'policy apply':
      return (await import('./policy-apply.ts')).applyPolicy(line, () => Date.now())
    case 'policy test':
      return (await import('./policy-test.ts')).testPolicy(line)
    case 'routes propose':
      return (await import('./routes-propose.ts')).proposeTable(line)
    case 'token create':
      return (await import('./token-commands.ts')).createToken(line, () => Date.now())
    case 'token list':
      return (await import('./token-commands.ts')).showTokens(line, () => Date.now())
    case 'token revoke':
      return (await import('./token-commands.ts')).endToken(line, () => Date.now())
    case 'user list':
      return (await import('./user-commands.ts')).showUsers(line, () => Date.now())
    case 'user add':
      return (await import('./user-add.ts')).addUser(line, () => Date.now())
    case 'user roles':
    case 'user suspend':
    case 'user rejoin':
    case 'user revoke':
    case 'user reset':
    case 'user remove':
      return (await import('./user-commands.ts')).changeUser(line, line.command, () => Date.now())
    case 'break-glass observe':
      return (await import('./break-glass.ts')).observe(line, operator(), () => Date.now())
    case 'break-glass end':
      return (await import('./break-glass.ts')).endObserving(line, operator(), () => Date.now())
    case 'break-glass status':
      return (await import('./break-glass.ts')).showOverride(line, () => Date.now())
    case 'break-glass codes':
      return (await import('./sealed-codes.ts')).printCodes(line, () => Date.now())
    case 'keys rotate':
      return (await import('./key-rotation.ts')).rotateKeys(line, () => Date.now())
    case 'doctor':
      return (await import('./doctor.ts')).examine(line, () => Date.now())
    case 'explain':
      return (await import('./explain.ts')).explainCode(line, () => Date.now())
  }
}

const tellParent = (stopped: {
  readonly exitCode: number
  readonly lines: readonly string[]
}): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve()
    else process.send({ stopped }, undefined, undefined, () => resolve())
  })

const end = async (error: unknown): Promise<number> => {
  const exitCode = isStop(error) ? error.exitCode : exitCodes.software
  const lines = isStop(error)
    ? error.lines
    : [`gatehouse: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  process.stderr.write(`${lines.join('\n')}\n`)
  await tellParent({ exitCode, lines })
  return exitCode
}

const codeOf = async (): Promise<number> => {
  try {
    return await run(readCommandLine(process.argv.slice(2)))
  } catch (error) {
    return await end(error)
  }
}

// A command that is over ends, whatever a half-started plane still holds open; what was written goes out first.
const exitCode = await codeOf()
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)))
