package import HTTP
import JSON
import Postgres
import Stores

extension Problem {
    /// What the client is told of an error: the one place where errors become documents.
    ///
    /// - Parameter log: told of what the client must not see.
    package init(_ error: any Error, log: (String) -> Void) {
        switch error {
        case let problem as Problem: self = problem
        case let error as StoreError: self.init(error)
        case let error as PostgresError: self.init(error, log)
        case is CancellationError:
            self.init(
                .serviceUnavailable, code: "stopping", detail: "The service is stopping. Try again in a moment.", retryAfter: 1)
        default:
            log("A request failed: \(error)")
            self.init(
                .internalServerError, code: "internal_error",
                detail: "Something went wrong here. The log has it under this request's id.")
        }
    }

    private init(_ error: StoreError) {
        switch error {
        case .notFound(let id):
            self.init(.notFound, code: "store_not_found", detail: "There is no store “\(id)”. Check the id in the address.")
        case .addressTaken(let slug, let holder):
            self.init(
                .conflict, code: "address_taken",
                detail: "The address “\(slug)” belongs to another store. Choose another name or give a “slug”.",
                members: holder.map { ["store": .string($0.text)] } ?? [:])
        case .invalid(let fields):
            self.init(
                .unprocessableContent, code: "invalid_request", detail: fields.map(\.message).joined(separator: " "),
                fields: fields.map { FieldError(field: $0.name, message: $0.message) })
        case .wrongPhase(let phase, let request):
            self.init(
                .conflict, code: "wrong_phase", detail: "A store that is \(phase.rawValue) cannot \(request).",
                members: ["phase": .string(phase.rawValue)])
        case .stale(let version):
            self.init(
                .preconditionFailed, code: "stale_version",
                detail: "It has changed since you read it. Read it again and repeat your change.",
                members: ["version": .integer(version)])
        case .unauthenticated:
            self.init(
                .unauthorized, code: "unauthenticated",
                detail:
                    "This needs a valid token: send one “Authorization: Bearer …” header. It may be missing, mistyped, expired or revoked.",
                headers: ["WWW-Authenticate": "Bearer"])
        case .forbidden(let permission, let role):
            self.init(
                .forbidden, code: "forbidden",
                detail: "The role \(role.rawValue) may not \(permission.words). Ask an administrator for a token that may.",
                members: ["permission": .string(permission.rawValue), "role": .string(role.rawValue)])
        case .proofMissing:
            self.init(
                .forbidden, code: "csrf_proof_missing",
                detail:
                    "A change by cookie needs the header X-CSRF-Token with the “csrfToken” of GET /api/v1/session. Sign in again if it does not fit."
            )
        case .withoutRole(let name):
            self.init(
                .forbidden, code: "no_role",
                detail: "None of the groups of “\(name)” has a role here. Ask who runs the platform for one.")
        case .withoutAccount(let name, let account):
            self.init(
                .forbidden, code: "no_account",
                detail:
                    "The groups of “\(name)” lead to the account “\(account)”, which is not open. Ask who runs the platform to open it."
            )
        case .tooManyRequests(let verdict):
            self.init(
                .tooManyRequests, code: "rate_limited",
                detail:
                    "Too many: the limit “\(verdict.limit.name)” is \(verdict.limit.requests) in \(verdict.limit.window) seconds. Try again in \(verdict.seconds) s.",
                retryAfter: verdict.seconds, headers: HTTPFields(limits: [verdict]))
        case .tooManyStreams(let limit):
            self.init(
                .tooManyRequests, code: "too_many_streams",
                detail:
                    "You have \(limit) streams open here, which is as many as may be. Close one; a single stream of /api/v1/events follows all stores.",
                retryAfter: 5)
        case .overloaded:
            self.init(
                .serviceUnavailable, code: "overloaded",
                detail: "Too many requests are waiting for the database. Nothing was done; repeat this one in a moment.",
                retryAfter: 1)
        case .accountNotFound:
            self.init(.notFound, code: "account_not_found", detail: "There is no such account. Check the id in the address.")
        case .tokenNotFound:
            self.init(.notFound, code: "token_not_found", detail: "There is no such token. Check the id in the address.")
        case .accountTaken(let id):
            self.init(
                .conflict, code: "account_taken",
                detail: "The id “\(id)” belongs to an account, or did: ids are not used again. Choose another name or give an “id”."
            )
        case .accountInUse(let id, let stores):
            self.init(
                .conflict, code: "account_in_use",
                detail:
                    "Living stores in the account “\(id)”: \(stores). Delete them, wait until they are gone, and close it then.",
                members: ["stores": .integer(stores)])
        case .accountIsNeeded:
            self.init(
                .conflict, code: "account_needed",
                detail: "The platform's own account cannot be closed: the first administrator belongs to it.")
        case .tokenIsConfigured:
            self.init(
                .conflict, code: "token_configured",
                detail: "This token comes with the configuration. Change STORE_PLATFORM_ADMIN_TOKEN and start the service again.")
        case .quotaExceeded(let account, let words):
            self.init(
                .conflict, code: "quota_exceeded",
                detail: "The account “\(account)” \(words). Delete a store, or ask an administrator for a larger quota.",
                members: ["account": .string(account)])
        case .platformIsFull(let limit):
            self.init(
                .conflict, code: "platform_full",
                detail: "This platform holds no more than \(limit) stores, and has them. Delete one, or ask who runs it for more.")
        case .clusterIsFull(let words):
            self.init(
                .conflict, code: "cluster_full",
                detail: "The cluster \(words). Choose a smaller plan, delete a store, or ask who runs it for another node.")
        case .idempotencyKeyReused:
            self.init(
                .unprocessableContent, code: "idempotency_key_reused",
                detail: "This Idempotency-Key was used before with another body. Use a new key for a new request.")
        case .unavailable(let detail):
            self.init(.serviceUnavailable, code: "cluster_unavailable", detail: detail, retryAfter: 2)
        }
    }

    private init(_ error: PostgresError, _ log: (String) -> Void) {
        if error.isUnavailability {
            self.init(
                .serviceUnavailable, code: "database_unavailable",
                detail:
                    "The database cannot be used at the moment. Nothing was lost; repeat the request with the same Idempotency-Key.",
                retryAfter: 1)
        } else if error.kind == .cancelled || error.sqlState == .queryCanceled || error.sqlState == .lockNotAvailable {
            self.init(
                .serviceUnavailable, code: "timed_out", detail: "The database took too long. Try again in a moment.", retryAfter: 1)
        } else {
            log("The database refused a statement: \(error)")
            self.init(
                .internalServerError, code: "internal_error",
                detail: "Something went wrong here. The log has it under this request's id.")
        }
    }
}
