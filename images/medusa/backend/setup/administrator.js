"use strict"

// Makes the administrator, by Medusa's own command. A process of its own: the command ends the one it runs in.

const path = require("node:path")
const { readSetup } = require("./environment")

const { store } = readSetup(process.env)
const user = require("@medusajs/medusa/commands/user").default
void user({ directory: path.join(__dirname, ".."), email: store.adminEmail, password: store.adminPassword, id: undefined, keepAlive: false, invite: false })
