import JSON
import Testing

@testable import Kubernetes

/// Every answer that a real API server gave while it was being recorded.
struct RecordedAnswerTests {
    /// What an answer is. Each refusal must be exactly one of them.
    enum Class: String, CaseIterable, Hashable {
        case object, list, discovery, text, success, stream
        case badRequest, unauthorized, access, quota, podSecurity, terminating, notFound, alreadyExists, conflict,
            unsupportedMediaType
        case invalid, unexplained
    }

    static let refusals: [(Class, @Sendable (KubernetesError) -> Bool)] = [
        (.badRequest, { $0.isBadRequest }), (.unauthorized, { $0.isUnauthorized }), (.access, { $0.isForbiddenByAccess }),
        (.quota, { $0.isForbiddenByQuota }), (.podSecurity, { $0.isForbiddenByPodSecurity }),
        (.terminating, { $0.isNamespaceTerminating }), (.notFound, { $0.isNotFound }), (.alreadyExists, { $0.isAlreadyExists }),
        (.conflict, { $0.isConflict }), (.unsupportedMediaType, { $0.status?.code == 415 }), (.invalid, { $0.isInvalid }),
        (.unexplained, { $0.isServerFault && $0.status?.reason == "" }),
    ]

    static func error(_ exchange: Exchange) -> KubernetesError {
        let body = exchange.body ?? exchange.events?.first ?? .null
        let head = AnswerHead(status: exchange.status, contentType: "application/json")
        return APIRequest(.get, exchange.path, isRepeatable: true).error(for: HTTPAnswer(head: head, body: body.bytes))
    }

    static func classes(of exchange: Exchange) -> [Class] {
        guard 200..<300 ~= exchange.status else {
            let error = error(exchange)
            return refusals.filter { $0.1(error) }.map(\.0)
        }
        if exchange.events != nil { return [.stream] }
        if exchange.body?.string != nil { return [.text] }
        switch exchange.body?["kind"]?.string {
        case "Status": return [.success]
        case "APIVersions", "APIGroupList", "APIResourceList", nil: return [.discovery]
        case let kind? where kind.hasSuffix("List"):
            let page = exchange.body.flatMap { Page(json: $0, of: .configMap) }
            return page?.resourceVersion.isEmpty ?? true ? [] : [.list]
        default:
            let meta = exchange.body.map(ObjectMeta.init(of:))
            // A dry run's object has no resourceVersion.
            return meta?.name.isEmpty ?? true ? [] : [.object]
        }
    }

    @Test func `every recorded answer is one thing and no other`() throws {
        var counts: [Class: Int] = [:]
        for exchange in try Recording.files.flatMap(Recording.exchanges(of:)) {
            let classes = RecordedAnswerTests.classes(of: exchange)
            #expect(classes.count == 1, "\(exchange.testDescription) is \(classes)")
            for each in classes { counts[each, default: 0] += 1 }
        }
        #expect(
            counts == [
                .object: 47, .list: 20, .discovery: 7, .text: 2, .success: 1, .stream: 10,
                .badRequest: 4, .unauthorized: 1, .access: 1, .quota: 3, .podSecurity: 1, .terminating: 2, .notFound: 4,
                .alreadyExists: 3, .conflict: 3, .unsupportedMediaType: 1, .invalid: 7, .unexplained: 2,
            ])
        #expect(counts.values.reduce(0, +) == 119)
    }

    @Test func `each refusal keeps the server's words and names its subject`() throws {
        let refusals = try Recording.files.flatMap(Recording.exchanges(of:)).filter { $0.status >= 400 }
        for exchange in refusals {
            let error = RecordedAnswerTests.error(exchange)
            let message = try #require((exchange.body ?? exchange.events?.first)?["message"]?.string)
            #expect(error.status?.message == message)
            #expect(error.description.hasPrefix("GET \(exchange.path)".prefix(900)))
            #expect(error.description.utf8.count <= 1_024)
        }
        #expect(refusals.count == 32)
    }

    @Test func `a conflict of managers names the field and the other manager`() throws {
        let error = RecordedAnswerTests.error(try Recording.exchange("apply", "apply without force: Conflict"))
        let cause = try #require(error.status?.details?.causes.first)
        #expect(error.isConflict && !error.isAlreadyExists)
        #expect(cause.reason == "FieldManagerConflict")
        #expect(cause.field == ".data.a")
        #expect(cause.message.contains("someone"))
    }

    @Test func `a refused pod names quota and the excess`() throws {
        let error = RecordedAnswerTests.error(try Recording.exchange("quota", "pod over quota: Forbidden"))
        #expect(error.isForbiddenByQuota && !error.isForbiddenByAccess && !error.isForbiddenByPodSecurity)
        #expect(error.status?.details?.name == "big")
        #expect(error.status?.details?.kind == "pods")
        #expect(error.description.contains("limits.memory=1Gi"))
    }

    // No expired history could be recorded: the server had compacted nothing. These have the form its source gives them,
    // apiserver/pkg/storage/etcd3/errors.go.
    @Test(arguments: [
        #"{"kind":"Status","status":"Failure","message":"too old resource version: 1 (600)","reason":"Expired","code":410}"#,
        #"{"kind":"Status","status":"Failure","message":"The resourceVersion is too old.","reason":"Gone","code":410}"#,
    ])
    func `an expired version is known as such`(status: String) throws {
        #expect(KubernetesError.status(Status(json: try JSONValue(parsing: status))).isExpired)
        let line = #"{"type":"ERROR","object":\#(status)}"#
        var cursor = WatchCursor(resourceVersion: "600")
        #expect(cursor.read(line.utf8) == .expired)
        #expect(cursor.resourceVersion == "600")
    }

    @Test func `every recorded watch event is an event, and bookmarks are none`() throws {
        var counts: [String: Int] = [:]
        for exchange in try Recording.exchanges(of: "watch") where exchange.status == 200 {
            var cursor = WatchCursor(resourceVersion: "0")
            for event in exchange.events ?? [] {
                let meaning = cursor.read(event.bytes)
                switch meaning {
                case .event(.added): counts["ADDED", default: 0] += 1
                case .event(.modified): counts["MODIFIED", default: 0] += 1
                case .event(.deleted): counts["DELETED", default: 0] += 1
                case .nothing: counts["BOOKMARK", default: 0] += 1
                default: Issue.record("\(exchange.name): \(meaning)")
                }
                #expect(cursor.resourceVersion == event[path: "object", "metadata", "resourceVersion"]?.string)
            }
        }
        #expect(counts == ["ADDED": 41, "MODIFIED": 91, "DELETED": 1, "BOOKMARK": 7])
    }
}
