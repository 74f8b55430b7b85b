extension Router {
    /// Answers with the route that fits; a thrown `Problem`, an unknown path and an unknown method become problem documents.
    ///
    /// - Parameter unexpected: told of an error that is no `Problem`, which the client sees only as 500 with the request's id.
    package func respond(to request: Request, unexpected: (any Error) -> Problem) async -> Response {
        do {
            switch match(method: request.method, path: request.path) {
            case .none: throw Problem.notFound(request.path)
            case .otherMethods(let methods):
                let allowed = methods.joined(separator: ", ")
                throw Problem(
                    .methodNotAllowed, code: "method_not_allowed",
                    detail: "This address does not take \(request.method). It takes \(allowed).",
                    headers: ["Allow": allowed])
            case .found(let route, let parameters):
                var request = request
                request.parameters = parameters
                return try await route.handler(request)
            }
        } catch let problem as Problem {
            return problem.response(requestID: request.id)
        } catch {
            return unexpected(error).response(requestID: request.id)
        }
    }
}
