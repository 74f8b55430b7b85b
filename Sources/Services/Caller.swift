package import Stores

/// A request's origin, for the audit log.
package struct Caller: Sendable {
    package let principal: Principal
    package let remoteAddress: String
    package let requestID: String

    package init(principal: Principal, remoteAddress: String, requestID: String) {
        self.principal = principal
        self.remoteAddress = remoteAddress
        self.requestID = requestID
    }
}
