import HTTP
import JSON

extension Fault {
    /// The refusal in place of the answer; nil where the call is carried out.
    var refusal: Response? {
        switch self {
        case .tooManyRequests(let seconds):
            var failure = APIFailure(
                code: 429, reason: "TooManyRequests", message: "The request has been rate limited. Please try again later.")
            failure.details = ["retryAfterSeconds": .integer(seconds)]
            return failure.response.with("Retry-After", String(seconds))
        case .internalError:
            return APIFailure(
                code: 500, reason: "InternalError", message: "Internal error occurred: etcdserver: request timed out",
                details: ["causes": [["message": "etcdserver: request timed out"]]]
            ).response
        case .unavailable(let seconds):
            let failure = APIFailure(
                code: 503, reason: "ServiceUnavailable", message: "the server is currently unable to handle the request")
            return failure.response.with("Retry-After", seconds.map { String($0) })
        case .resetBefore: return Response(.serviceUnavailable, body: .abort)
        case .expiredList: return APIFailure.expired.response
        default: return nil
        }
    }

    /// What becomes of an answer on its way.
    func apply(to response: Response) -> Response {
        switch self {
        case .resetAfter: return Response(response.status, body: .abort)
        case .truncate:
            guard case .bytes(let bytes) = response.body else { return response }
            return Response(
                response.status, headers: response.headers,
                body: .stream { writer in
                    try await writer.write(Array(bytes.prefix(bytes.count / 2)))
                    throw ClientGone()  // that cuts the connection
                })
        default: return response
        }
    }
}

extension FaultPlan.Call {
    init(_ request: Request) {
        let target = Target(path: request.path)
        let isWatch = request.query.contains { $0.name == "watch" && ($0.value == "1" || $0.value == "true") }
        let verb =
            switch (request.method, target?.name) {
            case ("GET", nil): isWatch ? "watch" : "list"
            case ("GET", _): "get"
            case ("POST", _): "create"
            case ("PUT", _): "update"
            case ("PATCH", _): "patch"
            case ("DELETE", nil): "deletecollection"
            case ("DELETE", _): "delete"
            default: request.method.lowercased()
            }
        self.init(method: request.method, path: request.path, verb: verb, resource: target?.kind.plural ?? "")
    }
}
