import JSON
import Testing

@testable import Kubernetes

struct AdmissionTests {
    @Test func `so many run, the others wait in the order they came`() {
        var admission = Admission(limit: 2)
        var admitted: [Bool] = []
        for id in TransferID(1)...5 { admitted.append(admission.enter(id)) }
        #expect(admitted == [true, true, false, false, false])
        #expect(admission.leave(1) == 3)
        #expect(admission.leave(3) == 4)
        #expect(admission.running == [2, 4])
        #expect(admission.waitingCount == 1)
    }

    @Test func `one that gives up waiting frees no place and is passed over`() {
        var admission = Admission(limit: 1)
        _ = (1...3).map { admission.enter($0) }
        #expect(admission.leave(2) == nil)
        #expect(admission.leave(1) == 3)
        #expect(admission.leave(3) == nil)
        #expect(admission.running.isEmpty)
    }

    @Test func `ten thousand pass through in order`() {
        var admission = Admission(limit: 3)
        var order = (1...10_000).filter { admission.enter($0) }
        var next = 0
        while next < order.count {
            if let admitted = admission.leave(order[next]) { order.append(admitted) }
            next += 1
        }
        #expect(order == Array(1...10_000))
    }

    @Test func `what never entered leaves without a trace`() {
        var admission = Admission(limit: 1)
        #expect(admission.leave(7) == nil)
        #expect(admission.enter(1) == true)
    }
}

struct RetryPolicyTests {
    let policy = RetryPolicy(
        .init(attempts: 3, firstBackoff: .milliseconds(100), longestBackoff: .milliseconds(300), longestRetryAfter: .seconds(5)))

    func pause(_ outcome: RetryPolicy.Outcome, attempt: Int = 1, isRepeatable: Bool = true) -> Duration? {
        policy.pause(after: outcome, attempt: attempt, isRepeatable: isRepeatable, chance: 0)
    }

    @Test func `a broken connection is tried again only if that is harmless`() {
        #expect(pause(.failed(.interrupted("reset"))) == .milliseconds(50))
        #expect(pause(.failed(.interrupted("reset")), isRepeatable: false) == nil)
        #expect(pause(.failed(.notSent("refused")), isRepeatable: false) != nil)
    }

    @Test func `only refusals that time heals are tried again`() {
        #expect(
            [400, 401, 403, 404, 409, 410, 422, 500, 502, 504].allSatisfy { pause(.refused(status: $0, retryAfter: nil)) == nil })
        #expect(pause(.refused(status: 429, retryAfter: nil), isRepeatable: false) != nil)
        #expect(pause(.refused(status: 503, retryAfter: nil)) != nil)
        #expect(pause(.refused(status: 503, retryAfter: 1), isRepeatable: false) == nil)
        #expect(pause(.refused(status: 500, retryAfter: 2)) == .seconds(2))
    }

    @Test func `what will fail again, or has taken its time, is not tried again`() {
        #expect([.hopeless("x"), .timeout, .cancelled, .tooLarge].allSatisfy { pause(.failed($0)) == nil })
    }

    @Test func `the server's wish is kept, unless it is for too long`() {
        #expect(pause(.refused(status: 429, retryAfter: 5)) == .seconds(5))
        #expect(pause(.refused(status: 429, retryAfter: 6)) == nil)
    }

    @Test func `attempts end`() {
        #expect(pause(.failed(.notSent("x")), attempt: 2) != nil)
        #expect(pause(.failed(.notSent("x")), attempt: 3) == nil)
    }

    @Test func `pauses double up to the longest, half of each by chance`() {
        #expect((1...4).map { policy.backoff(attempt: $0, chance: 1) } == [100, 200, 300, 300].map(Duration.milliseconds))
        #expect(policy.backoff(attempt: 1_000, chance: 0) == .milliseconds(150))
    }
}

struct LineSplitterTests {
    @Test(arguments: 1...12)
    func `lines are whole however the bytes were cut`(size: Int) {
        let lines = ["{\"a\":\"grün – 🛒\"}", "x", "{}"]
        let bytes = Array((lines.joined(separator: "\n") + "\n\r\n\n").utf8)
        var splitter = LineSplitter(longest: 100)
        var found: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            splitter.append(Array(bytes[start..<min(start + size, bytes.count)]))
            while let line = splitter.next() { found.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(found == lines)
    }

    @Test func `a line without end is noticed`() {
        var splitter = LineSplitter(longest: 4)
        splitter.append(Array("abc\nabcd".utf8))
        #expect(splitter.next() != nil)
        #expect(splitter.next() == nil)
        #expect(!splitter.isOverlong)
        splitter.append(Array("e".utf8))
        #expect(splitter.isOverlong)
    }
}

struct WatchCursorTests {
    @Test(arguments: ["", "{", "<html></html>", "[]", #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":{"metadata":{}}}"#])
    func `what is no event is malformed and moves nothing`(line: String) {
        var cursor = WatchCursor(resourceVersion: "7")
        #expect(cursor.read(line.utf8) == .malformed)
        #expect(cursor.resourceVersion == "7")
    }

    @Test func `an error of the server moves nothing`() {
        var cursor = WatchCursor(resourceVersion: "7")
        let line = #"{"type":"ERROR","object":{"kind":"Status","metadata":{"resourceVersion":"9"},"code":500,"message":"etcd"}}"#
        #expect(cursor.read(line.utf8) == .broken(Status(code: 500, message: "etcd")))
        #expect(cursor.resourceVersion == "7")
    }

    @Test func `an event of a type yet unknown moves the cursor and says nothing`() {
        var cursor = WatchCursor(resourceVersion: "7")
        #expect(cursor.read(#"{"type":"NEW","object":{"metadata":{"resourceVersion":"8"}}}"#.utf8) == .nothing)
        #expect(cursor.resourceVersion == "8")
    }
}

struct RequestTests {
    @Test func `a body of apply is the same in YAML as in JSON`() throws {
        let text = "\u{7F}\u{85}\u{2028}\u{2029}\u{FEFF}\u{9F}grün 🛒\u{A0}\u{D7FF}\u{FFFD}"
        let bytes = ApplyBody.bytes(of: ["name": .string(text)])
        let body = String(decoding: bytes, as: UTF8.self)
        #expect(body == #"{"name":"\u007f\u0085\u2028\u2029\ufeff\u009fgrün 🛒\#u{A0}\#u{D7FF}\#u{FFFD}"}"#)
        #expect(try JSONValue(parsing: bytes)["name"]?.string == text)
    }

    @Test func `names stay in their place`() {
        #expect(APIRequest.escaped("a/../b?c=d&e f%ü") == "a%2F..%2Fb%3Fc%3Dd%26e%20f%25%C3%BC")
    }

    @Test func `a description is one clean line of at most a kilobyte`() {
        let message = "a\u{1B}[31m\r\n\u{202E}b\u{0}" + String(repeating: "ü", count: 5_000)
        let text = KubernetesError(.status(Status(code: 500, message: message)), request: "GET /x").description
        #expect(text.utf8.count <= 1_024)
        #expect(text.utf8.count > 1_000)
        #expect(text.hasPrefix("GET /x: HTTP 500: a [31m   b "))
        #expect(text.hasSuffix("…"))
    }

    @Test(arguments: [
        (#"pods "a" is forbidden: failed quota: store: must specify limits.memory"#, true, false),
        (#"pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#, false, true),
        (#"pods "a" is forbidden: User "system:anonymous" cannot list resource "pods""#, false, false),
    ])
    func `quota and limit range are told apart by their sentence`(message: String, quota: Bool, range: Bool) {
        let error = KubernetesError.status(Status(code: 403, reason: "Forbidden", message: message))
        #expect(error.isForbiddenByQuota == quota)
        #expect(error.isForbiddenByLimitRange == range)
        #expect(error.isForbiddenByAccess == (!quota && !range))
    }
}
