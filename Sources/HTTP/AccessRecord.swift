/// What the access log says of a request. Never its query, headers or body: they may hold secrets.
package struct AccessRecord: Sendable {
    package let requestID: String
    package let method: String
    /// Without its query.
    package let path: String
    /// 0 where the client left before it was answered.
    package let status: Int
    /// Of the body.
    package let bytes: Int
    package let duration: Duration
    package let remoteAddress: String
    /// False where the client was gone before it had everything.
    package let wasSent: Bool
}
