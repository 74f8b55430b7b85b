"use strict"

// Medusa's own HTTP API, on loopback. Set-up goes through it rather than through Medusa's inner parts: it is what Medusa keeps stable.

const { createHmac } = require("node:crypto")
const { SetupError } = require("./report")

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

/**
 * A token as POST /auth/user/emailpass gives one (medusa/src/api/auth/utils/generate-jwt-token.ts). It is signed here, so that a
 * set-up still works after the merchant has changed the password.
 */
function administratorToken(administrator, secret, now = Math.floor(Date.now() / 1000)) {
  const payload = {
    actor_id: administrator.id,
    actor_type: "user",
    auth_identity_id: administrator.identity,
    app_metadata: { user_id: administrator.id },
    user_metadata: {},
    iat: now,
    exp: now + 3600,
  }
  const unsigned = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`
  return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`
}

class Api {
  constructor(url, headers) {
    this.url = url
    this.headers = headers
  }

  async call(method, path, body) {
    let answer
    let text
    try {
      answer = await fetch(this.url + path, {
        method,
        headers: { ...this.headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      })
      text = await answer.text()
    } catch (error) {
      throw new SetupError(`${method} ${path} was not answered: ${error.cause?.message ?? error.message}`)
    }
    let content
    try {
      content = JSON.parse(text)
    } catch {
      throw new SetupError(`${method} ${path} was answered with ${answer.status} and no JSON: ${text.slice(0, 200)}`)
    }
    if (!answer.ok) throw new SetupError(`${method} ${path} was answered with ${answer.status}: ${content.message ?? text.slice(0, 200)}`)
    return content
  }

  get = (path, query) => this.call("GET", query ? `${path}?${new URLSearchParams(query)}` : path)
  post = (path, body) => this.call("POST", path, body)
  delete = (path) => this.call("DELETE", path)
}

const adminApi = (url, token) => new Api(url, { authorization: `Bearer ${token}` })
const storeApi = (url, key) => new Api(url, { "x-publishable-api-key": key })

module.exports = { Api, adminApi, administratorToken, storeApi }
