import HTTP
import JSON
import Repository
package import Services
import Stores

/// Gives each request that would change something exactly one audit record, whoever sent it and whatever became of it.
///
/// A change writes its record in its own transaction. What is left is written here, after the handler and what it rolled back: a request
/// that was refused, one that failed, and one that found its work done.
package struct Audited: Sendable {
    let access: Access
    let service: AuditService

    package init(access: Access, service: AuditService) {
        self.access = access
        self.service = service
    }

    /// - Parameter action: as the change itself records it: `store.create` …
    package func callAsFunction(_ action: String, _ guarded: Guarded) -> Guarded {
        Guarded(permission: guarded.permission) { request in
            do {
                let response = try await guarded.handler(request)
                let principal = await access.knownPrincipal(of: request)
                await record(action, request, by: principal, target: target(of: request, response), AuditRecord.unchanged)
                return response
            } catch {
                let principal = await access.knownPrincipal(of: request)
                if canBeBroughtAbout(error, by: principal), !access.admitsRefusalRecord(of: request) {
                    service.leaveOutRefusal(of: access.address(of: request))
                } else {
                    // What is unexpected is told to the log by the router, which maps the error too.
                    await record(action, request, by: principal, target: target(of: request, nil), Problem(error) { _ in }.code)
                }
                throw error
            }
        }
    }

    /// Whether a refusal costs its caller nothing: without a bound such records fill the disk, and hold up those of changes.
    private func canBeBroughtAbout(_ error: any Error, by principal: Principal?) -> Bool {
        if case StoreError.tooManyRequests = error { return true }
        return principal == nil
    }

    private func record(_ action: String, _ request: Request, by principal: Principal?, target: String, _ result: String) async {
        await service.recordUnlessRecorded(
            AuditRecord(
                principal: principal, remoteAddress: access.address(of: request), requestID: request.id, action: action,
                target: TokenText.masked(in: target), result: result))
    }

    /// The id in the path, or of what was made; else the address or the name that was asked for.
    private func target(of request: Request, _ response: Response?) -> String {
        if let id = request.parameters["id"] { return id }
        if let id = response?.headers["Location"]?.split(separator: "/").last { return String(id) }
        do {
            let body = try request.json()
            return body["slug"]?.string ?? body["name"]?.string ?? request.path
        } catch {
            return request.path
        }
    }
}
