import Foundation
import HTTP
import JSON
import Postgres
import Repository
import Services
import Stores

/// `/api/v1/audit` and `/api/v1/audit.csv`
struct AuditRoutes: Sendable {
    let service: AuditService

    private static let filters: Set<String> = ["actor", "account", "action", "target", "result", "from", "to"]

    func list(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(AuditRoutes.filters.union(["limit", "cursor"]))
        var filter = try AuditRoutes.filter(request)
        filter.before = try request.queryValue("cursor").map { try AuditRoutes.cursor($0) }
        let limit = try request.integer("limit", in: 1...200, default: 50)
        filter.limit = limit + 1  // one more tells whether there is another page
        let entries = try await service.page(filter)
        let page = entries.prefix(limit)
        let next = entries.count > limit ? page.last.map { JSONValue.string(String($0.number)) } : nil
        return .json(["items": .array(try page.map { try $0.json }), "next": next ?? .null])
    }

    /// All that fits, newest first, read page by page while the client reads.
    func csv(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(AuditRoutes.filters)
        var filter = try AuditRoutes.filter(request)
        filter.limit = 500
        let first = try await service.page(filter)  // what cannot be done is said before the stream begins
        let service = service
        let start = filter
        let headers: HTTPFields = [
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": "attachment; filename=\"audit.csv\"",
        ]
        return Response(
            .ok, headers: headers,
            body: .stream { writer in
                var filter = start
                var page = first
                try await writer.write(CSV.row(AuditRepository.Entry.columns))
                while let last = page.last {
                    try await writer.write(page.flatMap { CSV.row($0.values) })
                    guard page.count == filter.limit else { break }
                    filter.before = last.number
                    page = try await service.page(filter)
                }
            })
    }

    private static func filter(_ request: Request) throws -> AuditRepository.Filter {
        var filter = AuditRepository.Filter()
        filter.actor = try request.queryValue("actor")
        filter.account = try request.queryValue("account")
        filter.action = try request.queryValue("action")
        filter.target = try request.queryValue("target")
        filter.result = try request.queryValue("result")
        filter.from = try request.moment("from")
        filter.to = try request.moment("to")
        return filter
    }

    private static func cursor(_ text: String) throws(Problem) -> Int {
        guard let number = Int(text), number > 0, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Problem(
                .badRequest, code: "invalid_cursor",
                detail: "This cursor is none of ours. Take “next” of the page before, as it is.")
        }
        return number
    }
}

extension Request {
    /// A time of the query: RFC 3339 in UTC, to the second or finer, or a day, which is its beginning.
    fileprivate func moment(_ name: String) throws(Problem) -> Date? {
        guard let text = try queryValue(name) else { return nil }
        let whole = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        let pattern =
            /[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z/
        guard whole.wholeMatch(of: pattern) != nil,
            let moment = Date(postgresText: whole.replacing("T", with: " ").replacing("Z", with: "+00"))
        else {
            throw Problem(
                .badRequest, code: "invalid_parameter",
                detail: "“\(name)” must be a day or a time in UTC, as 2026-01-31 or 2026-01-31T12:00:00Z.")
        }
        return moment
    }
}

extension AuditRepository.Entry {
    /// The record as clients see it.
    fileprivate var json: JSONValue {
        get throws {
            [
                "number": .integer(number), "at": .string(RFC3339.milliseconds(at)), "actor": .string(actor),
                "tokenId": tokenID.map { .string($0) } ?? .null, "role": .string(role), "account": .string(account),
                "remoteAddress": .string(remoteAddress), "requestId": .string(requestID), "action": .string(action),
                "target": .string(target), "before": try before.map { try JSONValue(parsing: $0.text) } ?? .null,
                "after": try after.map { try JSONValue(parsing: $0.text) } ?? .null, "result": .string(result),
                "hash": .string(AuditLink(number: number, hash: hash).hexadecimalHash),
            ]
        }
    }

    fileprivate static let columns = [
        "number", "at", "actor", "tokenId", "role", "account", "remoteAddress", "requestId", "action", "target", "before", "after",
        "result", "hash",
    ]

    fileprivate var values: [String] {
        [
            String(number), RFC3339.milliseconds(at), actor, tokenID ?? "", role, account, remoteAddress, requestID, action, target,
            before?.text ?? "", after?.text ?? "", result, AuditLink(number: number, hash: hash).hexadecimalHash,
        ]
    }
}
