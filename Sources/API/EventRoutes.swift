import HTTP
import JSON
import Repository
import Services
import Stores

/// `/api/v1/stores/{id}/events` and `/api/v1/events`: pages, or a stream of server-sent events.
struct EventRoutes: Sendable {
    let service: EventService

    func ofStore(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(["limit", "cursor"])
        let id: StoreID = try request.parameter("id")
        let given = request.headers["Last-Event-ID"]
        let cursor = try request.queryValue("cursor")
        let after = try EventRoutes.seq(given ?? cursor ?? "0")
        guard request.wantsEventStream() else {
            let limit = try request.integer("limit", in: 1...EventService.pageLimit, default: 100)
            let events = try await service.page(of: id, after: after, limit: limit + 1, by: caller)
            let page = events.prefix(limit)
            let next = events.count > limit ? page.last.map { JSONValue.string(String($0.seq)) } : nil
            return .json(["items": .array(page.map(\.json)), "next": next ?? .null])
        }
        // A store that is not there is said before the stream begins.
        _ = try await service.page(of: id, after: after, limit: 1, by: caller)
        let service = service
        return EventStream.response { stream in
            try await service.follow(id, after: after, by: caller) { events in
                try await stream.send(events.map { (String($0.seq), $0.json) })
            }
        }
    }

    func ofAll(_ request: Request, _ caller: Caller) async throws -> Response {
        try request.allowParameters(["limit", "cursor"])
        let given = request.headers["Last-Event-ID"]
        let cursor = try request.queryValue("cursor")
        guard request.wantsEventStream() else {
            let limit = try request.integer("limit", in: 1...EventService.pageLimit, default: 100)
            let page = try await service.page(
                after: try EventRoutes.position(given ?? cursor ?? "0-0"), limit: limit, by: caller)
            // Always a place to go on from: more will happen.
            return .json(["items": .array(page.events.map(\.event.json)), "next": .string(page.next.text)])
        }
        let start = if let given { try EventRoutes.position(given) } else { try await service.now() }
        let service = service
        return EventStream.response { stream in
            try await service.follow(after: start, by: caller) { events in
                try await stream.send(events.map { ($0.position.text, $0.event.json) })
            }
        }
    }

    private static func seq(_ text: String) throws(Problem) -> Int {
        guard let seq = Int(digits: text) else { throw invalidCursor }
        return seq
    }

    private static func position(_ text: String) throws(Problem) -> EventRepository.Position {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int(digits: $0) }
        guard parts.count == 2, let transaction = parts[0], let id = parts[1] else { throw invalidCursor }
        return EventRepository.Position(transaction: transaction, id: id)
    }

    private static let invalidCursor = Problem(
        .badRequest, code: "invalid_cursor",
        detail: "This cursor is none of ours. Take “next” of the page or the id of the event before, as it is.")
}

extension EventRepository.Position {
    fileprivate var text: String { "\(transaction)-\(id)" }
}

extension StoreEvent {
    fileprivate var json: JSONValue {
        [
            "storeId": .string(storeID.text), "seq": .integer(seq), "at": .string(RFC3339.milliseconds(at)),
            "type": .string(kind.rawValue),
            "stage": stage.map { .string($0.rawValue) } ?? .null, "phase": .string(phase.rawValue),
            "reason": reason.map { .string($0) } ?? .null, "message": .string(message),
        ]
    }
}
