"use strict"

// Medusa's own programs, as children of the set-up. What they print goes to standard error: standard output is the report's.

const { spawn } = require("node:child_process")
const { createServer } = require("node:net")
const path = require("node:path")
const { SetupError, oneLine } = require("./report")

const root = path.join(__dirname, "..")
const kept = 4_000

/** Starts a program of Node's, and keeps the last of what it says for the reason of a failure. */
function start(file, parameters, environment) {
  const child = spawn(process.execPath, [file, ...parameters], { cwd: root, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] })
  child.last = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      process.stderr.write(data)
      child.last = (child.last + data).slice(-kept)
    })
  }
  child.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("close", (code, signal) => resolve(signal ?? code))
  })
  return child
}

/** What a program said last that sounds like a reason. */
function reasonOf(child) {
  // eslint-disable-next-line no-control-regex
  const lines = child.last.replace(/\x1b\[[0-9;]*m/g, "").split("\n").filter((line) => line.trim())
  return oneLine(lines.filter((line) => /error/i.test(line) && !/^\s+at /.test(line)).pop() ?? lines.pop() ?? "it said nothing")
}

const cli = () => require.resolve("@medusajs/cli/cli.js")

async function migrate() {
  // Links that would lose data are left as they are: "safe" is all that may happen unasked.
  const child = start(cli(), ["db:migrate", "--execute-safe-links"])
  const outcome = await child.ended
  if (outcome !== 0) throw new SetupError(`the migrations ended with ${outcome}: ${reasonOf(child)}`)
}

/** `medusa user` takes the password as an argument, which the process list shows: it is called in a process of our own instead. */
async function createAdministrator() {
  const child = start(path.join(__dirname, "administrator.js"), [])
  const outcome = await child.ended
  if (outcome !== 0) throw new SetupError(`the administrator was not made, the program ended with ${outcome}: ${reasonOf(child)}`)
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** Lends a running backend on loopback, and ends it whatever happens. */
async function withServer(use, patience = 180_000) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  // As "server" it leaves the work that waits in Redis to the shop's own backend, which may be selling meanwhile.
  const child = start(cli(), ["start", "--host", "127.0.0.1", "--port", String(port)], { NODE_ENV: "production", MEDUSA_WORKER_MODE: "server" })
  let hasEnded = false
  void child.ended.then(() => (hasEnded = true))
  try {
    const deadline = Date.now() + patience
    while (!(await isHealthy(url))) {
      if (hasEnded) throw new SetupError(`the backend ended while it was starting: ${reasonOf(child)}`)
      if (Date.now() > deadline) throw new SetupError(`the backend does not answer after ${patience / 1000} seconds: ${reasonOf(child)}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    return await use(url)
  } finally {
    child.kill("SIGTERM")
    const killer = setTimeout(() => child.kill("SIGKILL"), 10_000)
    await child.ended
    clearTimeout(killer)
  }
}

async function isHealthy(url) {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

module.exports = { createAdministrator, migrate, withServer }
