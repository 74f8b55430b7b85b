/// Answers a request, or throws the `Problem` that says why not.
package typealias Handler = @Sendable (Request) async throws -> Response

/// Which handler answers which method and path. Built once, then only read.
///
/// A pattern is a path whose segments are literal, `{name}` (one segment) or, last, `{name...}` (the rest). Literals win over names.
package struct Router: Sendable {
    package struct Route: Sendable {
        package let method: String
        package let pattern: String
        let segments: [Segment]
        package let handler: Handler
    }

    enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
        case rest(String)
    }

    /// In the order they were added: the table of everything the server answers.
    package private(set) var routes: [Route] = []

    package init() {}

    package mutating func get(_ pattern: String, _ handler: @escaping Handler) { add("GET", pattern, handler) }
    package mutating func post(_ pattern: String, _ handler: @escaping Handler) { add("POST", pattern, handler) }
    package mutating func put(_ pattern: String, _ handler: @escaping Handler) { add("PUT", pattern, handler) }
    package mutating func patch(_ pattern: String, _ handler: @escaping Handler) { add("PATCH", pattern, handler) }
    package mutating func delete(_ pattern: String, _ handler: @escaping Handler) { add("DELETE", pattern, handler) }

    package mutating func add(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
        let segments = pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(Segment.init)
        routes.append(Route(method: method, pattern: pattern, segments: segments, handler: handler))
    }

    package enum Match {
        case found(Route, parameters: [String: String])
        /// The path is known, the method is not: what it would take.
        case otherMethods([String])
        case none
    }

    /// HEAD is answered as GET; the server leaves the body out.
    package func match(method: String, path: String) -> Match {
        guard let segments = Router.decodedSegments(of: path) else { return .none }
        let method = method == "HEAD" ? "GET" : method
        var best: (route: Route, parameters: [String: String], literals: Int)?
        var methods: [String] = []
        for route in routes {
            guard let (parameters, literals) = route.parameters(in: segments) else { continue }
            if route.method != method {
                methods.append(route.method)
            } else if literals > best?.literals ?? -1 {
                best = (route, parameters, literals)
            }
        }
        if let best { return .found(best.route, parameters: best.parameters) }
        return methods.isEmpty ? .none : .otherMethods(Array(Set(methods)).sorted())
    }

    /// The path's segments, each percent-decoded once; nil where one is not UTF-8, holds a control character or a slash, or is `.` or `..`.
    static func decodedSegments(of path: String) -> [String]? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        var segments: [String] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = PercentEncoding.decode(segment), decoded != ".", decoded != "..",
                !decoded.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "/" || $0 == "\\" })
            else { return nil }
            segments.append(decoded)
        }
        return segments
    }
}

extension Router.Segment {
    init(_ pattern: Substring) {
        if pattern.hasPrefix("{"), pattern.hasSuffix("...}") {
            self = .rest(String(pattern.dropFirst().dropLast(4)))
        } else if pattern.hasPrefix("{"), pattern.hasSuffix("}") {
            self = .parameter(String(pattern.dropFirst().dropLast()))
        } else {
            self = .literal(String(pattern))
        }
    }
}

extension Router.Route {
    /// What the pattern's names stand for in this path and how many of its segments are literal; nil where it does not fit.
    fileprivate func parameters(in path: [String]) -> (parameters: [String: String], literals: Int)? {
        var parameters: [String: String] = [:]
        var literals = 0
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .rest(let name):
                guard index < path.count else { return nil }
                parameters[name] = path[index...].joined(separator: "/")
                return (parameters, literals)
            case .parameter(let name):
                guard index < path.count, !path[index].isEmpty else { return nil }
                parameters[name] = path[index]
            case .literal(let text):
                guard index < path.count, path[index] == text else { return nil }
                literals += 1
            }
        }
        return path.count == segments.count ? (parameters, literals) : nil
    }
}
