import { defineConfig } from "@medusajs/framework/utils"

// Plain JavaScript, for the set-up program reads the same environment without a build.
const { readSettings } = require("./setup/environment.js")

const settings = readSettings(process.env)
const redisUrl: string | undefined = settings.redisUrl

// Without Redis everything stays in the process: enough for one pod, and for a set-up.
const redisModules = redisUrl
  ? [
      { resolve: "@medusajs/medusa/cache-redis", options: { redisUrl } },
      { resolve: "@medusajs/medusa/event-bus-redis", options: { redisUrl } },
      { resolve: "@medusajs/medusa/workflow-engine-redis", options: { redis: { redisUrl } } },
      {
        resolve: "@medusajs/medusa/locking",
        options: {
          providers: [{ resolve: "@medusajs/medusa/locking-redis", id: "locking-redis", is_default: true, options: { redisUrl } }],
        },
      },
    ]
  : []

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: settings.databaseUrl,
    // PostgreSQL is the store's own, behind its own network policy, and speaks no TLS; Medusa would ask for it in production.
    databaseDriverOptions: { connection: { ssl: false } },
    redisUrl,
    workerMode: settings.workerMode,
    // Medusa's default in production, "secure" and "none", keeps an administrator from signing in over plain HTTP.
    cookieOptions: { secure: settings.cookieSecure, sameSite: "lax" },
    http: {
      storeCors: settings.storeCors,
      adminCors: settings.adminCors,
      authCors: settings.authCors,
      jwtSecret: settings.jwtSecret,
      cookieSecret: settings.cookieSecret,
    },
  },
  // The administration is served beside the API: its address is baked at build, and "/" is right for every store.
  admin: { path: "/app", backendUrl: "/" },
  modules: [
    {
      resolve: "@medusajs/medusa/file",
      options: {
        providers: [
          // Written below the working directory, in "static", which Medusa's own server serves from there.
          { resolve: "@medusajs/medusa/file-local", id: "local", options: { backend_url: `${settings.backendUrl}/static` } },
        ],
      },
    },
    ...redisModules,
  ],
})
